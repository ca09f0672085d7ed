"""In doubt nothing goes upstream: each fault here is made for real, with a witness that counts connections.

Each test first sees one request reach the witness, so that "no connection" later means that it was refused and not that
it had nowhere to go.
"""

import contextlib
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from running import ADDON, Mitmdump, Starter, free_ports
from talking import CHAT, SOME_KEY, Clients, chat, refusal, trusting
from upstream import Upstream
from waiting import until


@pytest.fixture
def addon(tmp_path: Path) -> Path:
    """A copy of the addon that a test may break."""
    copy = tmp_path / "addon"
    shutil.copytree(ADDON, copy, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return copy


def reach(talk: httpx.Client, upstream: Upstream) -> None:
    """A request that gets through: the witness is there and the proxy would forward."""
    before = len(upstream.requests)
    assert talk.post(CHAT, json=chat("reach"), headers=SOME_KEY).status_code == 200
    assert len(upstream.requests) == before + 1
    upstream.forget()


def asked(talk: httpx.Client, upstream: Upstream) -> None:
    """Ask mapped and unmapped hosts for what nothing of ours can answer: no request gets an answer of theirs."""
    for url in (CHAT, f"{upstream.url}/plain", f"{upstream.plain_url}/plain", "http://plain.example/plain"):
        with contextlib.suppress(httpx.TransportError):
            assert talk.get(url, headers=SOME_KEY).status_code >= 400, url


def nothing_gets_out(proxy: Mitmdump, client: Clients, upstream: Upstream) -> None:
    """New connections of all kinds reach no upstream."""
    asked(client(proxy.proxy("new-name")), upstream)
    asked(client(proxy.proxy()), upstream)
    asked(client(proxy.proxy("http2"), http2=True), upstream)
    tunnel(proxy, upstream.port, b"\x00\x01not anything\r\n\r\n")
    assert upstream.connections == 0


def tunnel(proxy: Mitmdump, port: int, said: bytes) -> bytes:
    """CONNECT to a port of this machine, say something, and return what comes back until the end or a short silence."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as link:
        link.sendall(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        established = link.recv(4096)
        if b" 200 " not in established:
            return b""
        link.sendall(said)
        return read_all(link)


def read_all(link: socket.socket) -> bytes:
    """What a peer still says; it has a second to hang up."""
    link.settimeout(1)
    heard = b""
    with contextlib.suppress(OSError):
        while data := link.recv(65536):
            heard += data
    return heard


# -- our own code fails -----------------------------------------------------------------------------------------------

RAISING = '\n\ndef {name}(*_args, **_more):\n    raise RuntimeError("made by a test: sk-not-for-clients")\n'


@pytest.mark.parametrize(("module", "name"), [("matching/form", "form_of"), ("names", "resolve")])
def test_an_exception_in_our_code_refuses(
    module: str,
    name: str,
    addon: Path,
    mitmdump: Starter,
    library: Path,
    client: Clients,
    upstream: Upstream,
) -> None:
    """A fault of ours while deciding is answered with 500 and what to report; the request goes nowhere."""
    fault = addon / "tokentape" / f"{module}.py"
    fault.write_text(fault.read_text() + RAISING.format(name=name))
    proxy = mitmdump(library, script=addon / "vcr.py")
    # Of a request that names nothing no name is looked for.
    ways = [proxy.proxy("some"), *([proxy.proxy()] if module == "matching/form" else [])]
    for talk in map(client, ways):
        text = refusal(talk.post(CHAT, json=chat(), headers=SOME_KEY), "internal")
        assert "RuntimeError" in text
        assert "sk-not-for-clients" not in text
    assert upstream.connections == 0
    assert list(library.rglob("*.yaml")) == []


def test_an_exception_while_saving_leaves_the_client_its_answer(
    addon: Path, mitmdump: Starter, library: Path, client: Clients, upstream: Upstream
) -> None:
    """When the tape fails, what the API said still arrives whole, nothing half is saved, and the log says so."""
    fault = addon / "tokentape/redaction/redact.py"
    fault.write_text(fault.read_text() + RAISING.format(name="redact"))
    proxy = mitmdump(library, script=addon / "vcr.py")
    answer = client(proxy.proxy("some")).post(CHAT, json=chat(stream=True), headers=SOME_KEY)
    assert answer.status_code == 200
    assert answer.content.endswith(b"data: [DONE]\n\n")
    proxy.says("RuntimeError|internal")
    proxy.stop()
    assert list(library.rglob("*.yaml")) == []


def test_a_library_that_becomes_a_file_refuses(
    mitmdump: Starter, library: Path, client: Clients, upstream: Upstream
) -> None:
    """When the folder is taken away while we run, a new request is refused, and the file in its place stays."""
    proxy = mitmdump(library)
    talk = client(proxy.proxy("reach"))
    reach(talk, upstream)
    until((library / "reach.yaml").exists, "the take is published")
    shutil.rmtree(library)
    library.write_text("I am a file now")
    answer = client(proxy.proxy("other")).post(CHAT, json=chat(), headers=SOME_KEY)
    assert answer.status_code == 500
    assert answer.headers["x-cassette-error"] in {"internal", "damaged"}
    assert upstream.connections == 0
    assert library.read_text() == "I am a file now"


# -- the script on disk changes while mitmdump runs ------------------------------------------------------------------


def test_a_syntax_error_at_hot_reload_lets_nothing_out(
    addon: Path, mitmdump: Starter, library: Path, client: Clients, upstream: Upstream
) -> None:
    """A script that no longer parses is a proxy that forwards nothing; mended, it works again."""
    script = addon / "vcr.py"
    good = script.read_text()
    proxy = mitmdump(library, script=script)
    reach(client(proxy.proxy("reach")), upstream)
    rewrite(script, good + "\ndef broken(:\n")
    proxy.says("SyntaxError|invalid syntax|error while loading|error in script")
    nothing_gets_out(proxy, client, upstream)
    rewrite(script, good)
    talk = client(proxy.proxy("reach"))
    until(lambda: answers(talk, CHAT, chat("reach")), "the mended script replays")
    assert upstream.connections == 0


def test_an_unchanged_script_that_is_touched_goes_on(
    addon: Path, mitmdump: Starter, library: Path, client: Clients, upstream: Upstream
) -> None:
    """A reload of a script that works keeps recording and replaying."""
    script = addon / "vcr.py"
    proxy = mitmdump(library, script=script)
    reach(client(proxy.proxy("reach")), upstream)
    rewrite(script, script.read_text() + "\n# touched\n")
    proxy.says("Loading script")
    talk = client(proxy.proxy("reach"))
    until(lambda: answers(talk, CHAT, chat("reach")), "the reloaded script replays")
    assert upstream.connections == 0
    reach(client(proxy.proxy("after")), upstream)
    assert proxy.stop() == 0
    assert {path.name for path in library.rglob("*.yaml")} == {"reach.yaml", "after.yaml"}


def test_a_deleted_script_lets_nothing_out(
    addon: Path, mitmdump: Starter, library: Path, client: Clients, upstream: Upstream
) -> None:
    """mitmproxy drops a script whose file is gone; the choke point stays."""
    proxy = mitmdump(library, script=addon / "vcr.py")
    reach(client(proxy.proxy("reach")), upstream)
    (addon / "vcr.py").unlink()
    proxy.says("Removing script")
    nothing_gets_out(proxy, client, upstream)


def rewrite(script: Path, text: str) -> None:
    """Change a script so that mitmproxy sees it: it compares times of modification."""
    before = script.stat().st_mtime
    script.write_text(text)
    os.utime(script, (before + 10, before + 10))


def answers(talk: httpx.Client, url: str, body: object) -> bool:
    """Whether a request is answered with success by now."""
    try:
        return talk.post(url, json=body, headers=SOME_KEY).status_code == 200
    except httpx.TransportError:
        return False


# -- what is set is wrong ----------------------------------------------------------------------------------------------

WRONG = {
    "misspelled option": ({"vcr_mod": "replay"}, {}, "vcr_mode"),
    "misspelled option, no value like it": ({"vcr_librari": "x"}, {}, "vcr_library"),
    "misspelled variable": ({}, {"TOKENTAPE_MOED": "replay"}, "TOKENTAPE_MODE"),
    "misspelled value": ({"vcr_mode": "reply"}, {}, "replay"),
    "impossible value": ({"vcr_mode": "banana"}, {}, "new_episodes"),
    "no library to replay from": ({"vcr_mode": "replay", "vcr_library": "not-there"}, {}, "not-there"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_setting_stops_the_start(
    wrong: str, mitmdump: Starter, library: Path, client: Clients, upstream: Upstream
) -> None:
    """mitmdump ends, not with 0, after saying what was probably meant; until it has ended it forwards nothing."""
    options, env, meant = WRONG[wrong]
    proxy = mitmdump.prepare(library, env=env, **options)
    proxy.ports = free_ports(1)
    proxy.launch()
    early = client(proxy.proxy("early"))

    def ended_after_one_more_try() -> bool:
        with contextlib.suppress(httpx.TransportError):
            early.get(f"{upstream.plain_url}/plain", headers=SOME_KEY)
        return not proxy.runs

    until(ended_after_one_more_try, "mitmdump ends")
    assert proxy.ended() != 0
    assert meant in proxy.log
    assert "Traceback" not in proxy.log
    assert upstream.connections == 0


# -- a cassette is damaged ---------------------------------------------------------------------------------------------

GOOD_HEAD = "version: 2\ninteractions:\n  - id: 0\n    request:\n      method: GET\n      url: https://files.example/\n"
DAMAGED = {
    "cut short": (GOOD_HEAD + "      body: 'no end of thi", 7),
    "a wrong type": (GOOD_HEAD + "    response:\n      code: ok\n      body: ''\n", 8),
    "merge conflict": ("version: 2\n<<<<<<< HEAD\ninteractions: []\n=======\ninteractions: []\n>>>>>>> b\n", 2),
    "another version": ("version: 7\ninteractions: []\n", 1),
    "no cassette at all": ("just a text\n", 1),
}


@pytest.fixture(scope="module")
def damaged(mitmdump_for_module: Starter, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Mitmdump]:
    """A proxy for each mode over one library of damaged cassettes."""
    library = tmp_path_factory.mktemp("damaged") / "cassettes"
    library.mkdir()
    for what, (text, _line) in DAMAGED.items():
        (library / f"{what.replace(' ', '-')}.yaml").write_text(text)
    made: dict[str, Mitmdump] = {}

    def proxy(mode: str) -> Mitmdump:
        if mode not in made:
            made[mode] = mitmdump_for_module(library, vcr_mode=mode)
        return made[mode]

    return proxy


@pytest.mark.parametrize("mode", ["replay", "once", "new_episodes", "record"])
@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_cassette_refuses(
    what: str, mode: str, damaged: Callable[[str], Mitmdump], client: Clients, upstream: Upstream
) -> None:
    """A cassette that can't be read names its file and line, is not taken for an empty one, and is left as it is."""
    text, line = DAMAGED[what]
    proxy = damaged(mode)
    name = what.replace(" ", "-")
    path = Path(str(proxy.options["vcr_library"])) / f"{name}.yaml"
    said = refusal(client(proxy.proxy(name)).post(CHAT, json=chat(), headers=SOME_KEY), "damaged")
    assert f"{name}.yaml" in said
    assert f"line {line}" in said
    assert "hint: " in said
    assert upstream.connections == 0
    assert path.read_text() == text


def test_a_cassette_that_becomes_damaged_is_not_overwritten(
    mitmdump: Starter, library: Path, client: Clients, upstream: Upstream
) -> None:
    """A file that somebody breaks while we record into it keeps its text, and the next request is refused."""
    proxy = mitmdump(library, vcr_mode="new_episodes")
    talk = client(proxy.proxy("reach"))
    reach(talk, upstream)
    path = library / "reach.yaml"
    until(path.exists, "the take is published")
    path.write_text("version: 2\ninteractions: [\n")
    refusal(talk.post(CHAT, json=chat("more"), headers=SOME_KEY), "damaged")
    proxy.stop()
    assert upstream.connections == 0
    assert path.read_text() == "version: 2\ninteractions: [\n"


# -- what is not HTTP -------------------------------------------------------------------------------------------------

NOT_HTTP = {
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "binary": bytes(range(256)),
    "Redis": b"*1\r\n$4\r\nPING\r\n",
    "almost TLS": b"\x16\x03\x01\x00\x05hello and more",
    "nothing": b"",
}


@pytest.fixture(scope="module")
def forwarding(mitmdump_for_module: Starter, tmp_path_factory: pytest.TempPathFactory) -> Mitmdump:
    """A proxy that records all it can."""
    library = tmp_path_factory.mktemp("forwarding") / "cassettes"
    library.mkdir()
    return mitmdump_for_module(library, vcr_mode="new_episodes")


@pytest.mark.parametrize("said", NOT_HTTP.values(), ids=NOT_HTTP)
def test_bytes_that_are_neither_tls_nor_http_reach_nothing(
    said: bytes, forwarding: Mitmdump, client: Clients, upstream: Upstream
) -> None:
    """Behind a CONNECT only HTTP is understood; what is not is cut off before a connection is made."""
    reach(client(forwarding.proxy(f"reach-{len(said)}")), upstream)
    for port in (upstream.port, upstream.plain_port):
        tunnel(forwarding, port, said)
    assert upstream.connections == 0


def test_tls_without_http_inside_reaches_nothing(forwarding: Mitmdump, ca_file: Path, upstream: Upstream) -> None:
    """A TLS tunnel that carries another protocol is cut off as well."""
    with socket.create_connection(("127.0.0.1", forwarding.port), timeout=10) as link:
        link.sendall(f"CONNECT 127.0.0.1:{upstream.port} HTTP/1.1\r\n\r\n".encode())
        assert b" 200 " in link.recv(4096)
        trust = trusting(ca_file)
        trust.set_alpn_protocols(["mqtt"])
        with contextlib.suppress(OSError), trust.wrap_socket(link, server_hostname="127.0.0.1") as inner:
            inner.sendall(b"\x10\x0c\x00\x04MQTT\x04\x02\x00<\x00\x00")
            read_all(inner)
    assert upstream.connections == 0


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_websocket_is_refused_at_its_handshake(
    scheme: str, forwarding: Mitmdump, client: Clients, upstream: Upstream
) -> None:
    """WebSocket is not recorded yet: the handshake gets a status and the reason."""
    url = f"{upstream.url if scheme == 'https' else upstream.plain_url}/plain"
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    answer = client(forwarding.proxy("socket")).get(url, headers=upgrade)
    assert "WebSocket connections can't be recorded yet" in refusal(answer, "unsupported")
    assert upstream.connections == 0
