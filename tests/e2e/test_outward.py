"""Recording from behind a proxy that is there already: through it, with its login, and never back to ourselves."""

from pathlib import Path

import pytest
from commands import GET, CommandLine, python
from outer_proxy import OuterProxy
from running import Starter, free_ports
from talking import FILES, Clients, refusal
from upstream import Upstream
from upstream_answers import PLAIN

GET_PLAIN = python("import urllib.request as u; print(len(u.urlopen('http://plain.example/plain').read()))")
TWICE = python(
    "import httpx\nwith httpx.Client() as c: print([len(c.get('https://files.example/plain').content) for _ in 'ab'])"
)


@pytest.mark.parametrize(
    ("command", "said", "target"),
    [
        (GET, "1800\n", "files.example:443"),
        (GET_PLAIN, "1800\n", "plain.example:80"),
        pytest.param(TWICE, "[1800, 1800]\n", "files.example:443", marks=pytest.mark.slow),
    ],
    ids=["https", "http", "one connection"],
)
def test_recording_goes_through_it(
    command: list[str], said: str, target: str, tokentape: CommandLine, outer: OuterProxy, upstream: Upstream
) -> None:
    """The API is reached by the proxy of the environment, which is shown its login, and by nothing else."""
    env = {"HTTPS_PROXY": outer.url, "http_proxy": outer.url}
    ended = tokentape(
        "record", f"--upstream-ca={upstream.ca_file}", "--cassette=x", "--library=lib", "--", *command, env=env
    )
    assert (ended.code, ended.out) == (0, said), ended.err
    assert set(outer.asked) == {target}
    assert outer.strangers == 0
    assert "worker" not in (tokentape.place / "lib" / "x.yaml").read_text()
    assert not [name for seen in upstream.requests for name, _ in seen.headers if name.lower().startswith("proxy")]


def test_replay_does_not_touch_it(tokentape: CommandLine, outer: OuterProxy, upstream: Upstream) -> None:
    """What is recorded needs no way out."""
    tokentape.record(GET, "--cassette=x")
    ended = tokentape.replay(GET, "--cassette=x", env={"HTTPS_PROXY": outer.url})
    assert ended.out == "1800\n", ended.err
    assert outer.asked == []


@pytest.mark.slow
def test_this_machine_is_reached_without_it(tokentape: CommandLine, outer: OuterProxy, upstream: Upstream) -> None:
    """What vcr_upstream maps to this machine is not asked of a proxy elsewhere."""
    assert tokentape.record(GET, "--cassette=x", env={"HTTPS_PROXY": outer.url}).out == "1800\n"
    assert outer.asked == []
    assert len(upstream.requests) == 1


def test_a_proxy_that_refuses_is_told(tokentape: CommandLine, outer: OuterProxy, upstream: Upstream) -> None:
    """A wrong login is a refusal that says so, and nothing is saved."""
    env = {"HTTPS_PROXY": f"http://127.0.0.1:{outer.port}"}
    ended = tokentape("record", "--cassette=x", "--", *GET, env=env)
    assert "407" in ended.err
    assert outer.strangers == 1
    assert not upstream.connections


def test_a_company_s_authority_is_trusted(tokentape: CommandLine, outer: OuterProxy, upstream: Upstream) -> None:
    """The roots that the environment names are those of the way out too."""
    env = {"HTTPS_PROXY": outer.url, "SSL_CERT_FILE": str(upstream.ca_file)}
    ended = tokentape("record", "--cassette=x", "--", *GET, env=env)
    assert (ended.code, ended.out) == (0, "1800\n"), ended.err


@pytest.mark.slow
def test_one_tokentape_inside_of_another(tokentape: CommandLine, upstream: Upstream) -> None:
    """The inner one records what the outer one answers; both know the API by its own name."""
    inner = tokentape.command("record", "--library=inner", "--cassette=x", "--", *GET)
    ended = tokentape.record(inner, "--library=outer", "--cassette=x")
    assert (ended.code, ended.out) == (0, "1800\n"), ended.err
    assert len(upstream.requests) == 1
    assert (tokentape.place / "inner" / "x.yaml").exists()
    assert (tokentape.place / "outer" / "x.yaml").exists()


def test_it_never_leads_back_to_us(tokentape: CommandLine, upstream: Upstream, client: Clients) -> None:
    """Started in a shell that has our own address exported, we take the direct way."""
    [port] = free_ports(1)
    here = f"http://localhost:{port}"
    env = {"HTTPS_PROXY": here, "https_proxy": here}
    words = ("proxy", f"--port={port}", "--json", f"--upstream-ca={upstream.ca_file}")
    with tokentape.staying(*words, env=env) as proxy:
        answer = client(proxy.where()["url"].replace("://", "://x:x@")).get("https://nowhere.invalid/plain")
        assert "nowhere.invalid can't be reached" in refusal(answer, "upstream")


def test_mitmdump_takes_it_too(
    mitmdump: Starter, library: Path, client: Clients, outer: OuterProxy, upstream: Upstream
) -> None:
    """The addon alone does the same."""
    proxy = mitmdump(library, env={"HTTPS_PROXY": outer.url}, vcr_upstream=[])
    assert client(proxy.proxy("x")).get(f"{FILES}/plain").content == PLAIN
    assert outer.asked == ["files.example:443"]
