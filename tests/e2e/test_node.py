"""Node programs that know of no proxy: they are recorded and replayed all the same, whatever they speak HTTP with."""

import base64
import json
import re
import subprocess
from pathlib import Path

import processes
import pytest
from commands import CommandLine
from running import ADDON
from secrets_for_tests import ANTHROPIC_KEY, OPENAI_KEY
from toolchains import NODE_FOLDER, newer_node, node_package, program
from upstream import Upstream

KEYS = {"OPENAI_API_KEY": OPENAI_KEY, "ANTHROPIC_API_KEY": ANTHROPIC_KEY}
DUMMIES = {"OPENAI_API_KEY": "unused", "ANTHROPIC_API_KEY": "unused"}
FETCH = "fetch('https://files.example/plain').then(async (answer) => console.log((await answer.text()).length))"
PRELOAD = ADDON / "tokentape" / "launch" / "node.cjs"


def node(which: str) -> str:
    """The machine's Node, or the newer one that is installed as a package."""
    return newer_node() if which == "newer" else program("node")


@pytest.mark.parametrize("which", ["installed", pytest.param("newer", marks=pytest.mark.slow)])
def test_every_client_is_recorded_and_replayed(which: str, tokentape: CommandLine, upstream: Upstream) -> None:
    """fetch, http, https, undici, SDKs, workers and children: each goes through the proxy, and says it twice."""
    command = [node(which), str(NODE_FOLDER / "clients.mjs")]
    node_package("openai")
    first = tokentape.record(command, "--cassette=clients", env=KEYS)
    said = dict(line.split(": ", 1) for line in first.out.splitlines())
    assert len(said) == 16, first.err
    assert not [line for line in said.items() if not re.fullmatch(r"\d+ characters", line[1])]
    asked = len(upstream.requests)
    assert asked == len(said)
    with upstream.unplugged():
        again = tokentape.replay(command, "--cassette=clients", env=DUMMIES)
    assert again.out == first.out, again.err
    assert f"{asked} replayed" in again.err


@pytest.mark.slow
def test_http2_alone_replays_through_the_door_that_speaks_it(tokentape: CommandLine, upstream: Upstream) -> None:
    """Node's http2 offers nothing older, so it is recorded, and replayed with ``--door mitm``."""
    command = [program("node"), str(NODE_FOLDER / "clients.mjs"), "http2"]
    node_package("openai")
    first = tokentape.record(command, "--cassette=clients")
    assert first.out == "http2: 1799 characters\n", first.err
    assert [seen.proto for seen in upstream.requests] == ["HTTP/2"]
    with upstream.unplugged():
        assert tokentape.replay(command, "--cassette=clients", "--door=mitm").out == first.out


def test_without_the_preload_fetch_goes_past_the_proxy(tokentape: CommandLine, upstream: Upstream) -> None:
    """The reason for it: where a script replaces NODE_OPTIONS, an old Node's fetch does not see the proxy, and the
    summary says that nothing came."""
    command = ["sh", "-c", f'NODE_OPTIONS= NODE_USE_ENV_PROXY= {program("node")} -e "$0" 2>/dev/null || true', FETCH]
    ended = tokentape.record(command)
    assert "nothing came through the proxy" in ended.err
    assert not upstream.connections


@pytest.mark.parametrize("runner", ["an ES module", pytest.param("TypeScript", marks=pytest.mark.slow)])
def test_programs_of_every_kind(runner: str, tokentape: CommandLine, tmp_path: Path, upstream: Upstream) -> None:
    """The proxy is there before the first line of an ES module, and below a TypeScript runner."""
    file = tmp_path / ("ask.mjs" if runner == "an ES module" else "ask.ts")
    file.write_text(f"const url: string = 'https://files.example/plain';\n{FETCH}" if file.suffix == ".ts" else FETCH)
    tool = str(node_package("tsx") / "dist" / "cli.mjs") if file.suffix == ".ts" else ""
    command = [program("node"), *filter(None, [tool]), str(file)]
    ended = tokentape.record(command, "--cassette=one")
    assert (ended.code, ended.out) == (0, "1800\n"), ended.err
    assert len(upstream.requests) == 1


def test_options_of_node_that_are_there_stay(tokentape: CommandLine) -> None:
    """NODE_OPTIONS is added to, even where the way to the preload has a space in it."""
    code = "console.log(process.env.NODE_OPTIONS.split(' ')[0], process.allowedNodeEnvironmentFlags.size > 0)"
    ended = tokentape("run", "--mode=once", "--", program("node"), "-e", code, env={"NODE_OPTIONS": "--no-warnings"})
    assert ended.out == "--no-warnings true\n", ended.err


def run_with_preload(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A Node program behind the preload alone."""
    given = {"PATH": "/usr/bin:/bin", "NODE_OPTIONS": f"--require {json.dumps(str(PRELOAD))}", **env}
    return processes.run([program("node"), "-e", code], env=given, seconds=30)


# A server that notes the first bytes of what comes in, and closes.
NOTING = """
const net = require("net");
const server = net.createServer((socket) => {
  socket.once("data", (data) => {
    console.log(data.toString("latin1").split("\\r\\n")[0]);
    socket.end("HTTP/1.1 403 No\\r\\n\\r\\n");
    server.close();
  });
}).listen(0, "127.0.0.1", () => {
  process.env.HTTPS_PROXY = process.env.HTTP_PROXY = `http://name:x@127.0.0.1:${server.address().port}`;
  %s
});
"""

LEADS = [
    ("fetch('https://api.openai.com/v1').catch(() => 0)", "CONNECT api.openai.com:443 HTTP/1.1"),
    ("fetch('https://[2001:db8::1]:8443/').catch(() => 0)", "CONNECT [2001:db8::1]:8443 HTTP/1.1"),
    ("require('https').get('https://api.openai.com/v1').on('error', () => 0)", "CONNECT api.openai.com:443 HTTP/1.1"),
    ("require('http').get('http://api.example/v1').on('error', () => 0)", "CONNECT api.example:80 HTTP/1.1"),
    # No HTTP: as a database's driver does it, with and without TLS; to the server itself, for want of a database.
    ("net.connect(server.address().port, '127.0.0.1').resume().write('hello')", "hello"),
    ("net.connect({port: server.address().port, host: '127.0.0.1'}, function () { this.resume().write('hi') })", "hi"),
]


@pytest.mark.parametrize(("code", "first"), LEADS)
def test_what_is_led_through_the_proxy(code: str, first: str) -> None:
    """HTTP goes through a tunnel, and nothing else does; the program comes to its end."""
    ended = run_with_preload(NOTING % code)
    assert ended.stdout == f"{first}\n", ended.stderr
    assert ended.returncode == 0


def test_the_user_of_the_proxy_url_is_sent() -> None:
    """It names the cassette, for what the preload leads through the proxy as for every other client."""
    noting = NOTING.replace('.split("\\r\\n")[0]', '.split("Proxy-Authorization: ")[1].trim()')
    ended = run_with_preload(noting % "fetch('https://api.openai.com/').catch(() => 0)")
    assert ended.stdout == f"Basic {base64.b64encode(b'name:x').decode()}\n", ended.stderr


def test_a_preload_below_a_folder_with_a_space(tmp_path: Path) -> None:
    """An installed copy may be anywhere."""
    place = tmp_path / "a folder" / "node.cjs"
    place.parent.mkdir()
    place.write_bytes(PRELOAD.read_bytes())
    ended = run_with_preload("console.log('fine')", NODE_OPTIONS=f"--require {json.dumps(str(place))}")
    assert ended.stdout == "fine\n", ended.stderr


EXCEPTIONS = [
    ("localhost,127.0.0.1", "127.0.0.1", True),
    ("*", "api.openai.com", True),
    ("openai.com", "api.openai.com", True),
    (".openai.com", "api.openai.com", True),
    ("*.openai.com", "api.openai.com", True),
    ("openai.com", "notopenai.com", False),
    ("api.openai.com:443", "api.openai.com", True),
    ("api.openai.com:8443", "api.openai.com", False),
    ("::1", "[::1]", True),
    ("", "api.openai.com", False),
]


@pytest.mark.parametrize(("no_proxy", "host", "excepted"), EXCEPTIONS)
def test_exceptions_go_past_the_proxy(no_proxy: str, host: str, excepted: bool) -> None:
    """NO_PROXY in the spellings that are about."""
    code = (
        "require('net').Socket.prototype.connect = (options) => {\n"
        "  console.log((options[0] ?? options).host);\n"
        "  process.exit();\n"
        "};\n"
        f"require('https').get('https://{host}/');"
    )
    ended = run_with_preload(code, NO_PROXY=no_proxy, HTTPS_PROXY="http://proxy.example:3128")
    assert ended.stdout == f"{host.strip('[]') if excepted else 'proxy.example'}\n", ended.stderr


def test_a_proxy_that_refuses_is_an_error_with_a_reason() -> None:
    """What the proxy answered to CONNECT is in the error's cause."""
    code = "fetch('https://api.openai.com/').catch((error) => console.log(error.cause.message))"
    ended = run_with_preload(NOTING % code)
    assert "the proxy does not connect to api.openai.com:443: HTTP/1.1 403 No" in ended.stdout
