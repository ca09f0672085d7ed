"""The other ways in which mitmproxy can listen, and its own login, with real clients."""

from pathlib import Path

import httpx
import processes
import pytest
from commands import CommandLine
from outer_proxy import OuterProxy
from recordings import names
from running import Starter
from talking import FILES, Clients
from toolchains import program
from upstream import Upstream
from upstream_answers import PLAIN
from waiting import until

PAGE = f"{FILES}/plain"


def curl(ca_file: Path | str, through: str, *words: str) -> bytes:
    """What curl gets through a proxy URL."""
    command = [program("curl"), "-sS", "--cacert", ca_file, "-x", through, *words]
    done = processes.run(command, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    return done.stdout.encode()


# --- interfaces


def test_who_else_is_let_in_is_said(mitmdump: Starter, library: Path) -> None:
    """mitmproxy's default is every interface of the machine; where it is so, a warning says how to keep others out."""
    proxy = mitmdump(library, vcr_mode="replay")
    proxy.restart(listen_host="")
    proxy.says(r"listening on all interfaces \(mitmproxy's default\): --listen-host 127\.0\.0\.1 keeps others out")
    assert proxy.log.count("all interfaces") == 1


# --- SOCKS


@pytest.mark.parametrize(
    "url", [PAGE, pytest.param("http://plain.example/plain", marks=pytest.mark.slow)], ids=["https", "http"]
)
def test_socks_is_recorded_and_replayed(url: str, mitmdump: Starter, library: Path, upstream: Upstream) -> None:
    """A SOCKS client names its cassette by the header, and the name of the host is the client's own."""
    proxy = mitmdump(library, modes=["socks5"])
    through = f"socks5h://127.0.0.1:{proxy.port}"
    named = ("-H", "X-Cassette-Name: by-socks", url)
    assert curl(proxy.ca_file, through, *named) == PLAIN
    until(lambda: names(library) == ["by-socks"], "the cassette is published")
    with upstream.unplugged():
        assert curl(proxy.ca_file, through, *named) == PLAIN
    assert len(upstream.requests) == 1


def test_a_socks_user_is_a_name_where_any_login_will_do(mitmdump: Starter, library: Path, upstream: Upstream) -> None:
    """mitmproxy asks SOCKS clients for a user only with proxyauth; then it names the cassette, as in a proxy URL."""
    proxy = mitmdump(library, modes=["socks5"], proxyauth="any")
    assert curl(proxy.ca_file, f"socks5h://by-user:x@127.0.0.1:{proxy.port}", PAGE) == PLAIN
    until(lambda: names(library) == ["by-user"], "the cassette is published")


@pytest.mark.slow
def test_what_is_not_http_is_not_passed_on_by_socks(mitmdump: Starter, library: Path, upstream: Upstream) -> None:
    """The guard stands behind every way in."""
    proxy = mitmdump(library, modes=["socks5"], vcr_mode="replay")
    command = [program("curl"), "-sS", "-m", "5", "-x", f"socks5h://127.0.0.1:{proxy.port}"]
    command += [f"telnet://127.0.0.1:{upstream.plain_port}"]
    talk = processes.run(command, typed="hello\r\n\r\n")
    assert talk.stdout.startswith("HTTP/1.1 400 "), talk
    assert not upstream.connections


@pytest.mark.slow
def test_our_own_command_says_where_socks_listens(tokentape: CommandLine) -> None:
    """As clients write it, and with no variables that are for another kind of proxy."""
    with tokentape.staying("proxy", "--port=0", "--json", "--listen=socks5", *tokentape.mapping()) as proxy:
        where = proxy.where()
        assert where["url"] == f"socks5h://127.0.0.1:{where['port']}"
        assert where["env"] == {}
        assert curl(where["ca"], where["url"], PAGE) == PLAIN


# --- upstream


def test_upstream_records_through_another_proxy(
    mitmdump: Starter, library: Path, outer: OuterProxy, client: Clients, upstream: Upstream
) -> None:
    """mitmproxy's own way to say it, with its own login; replay asks that proxy nothing."""
    mode = f"upstream:http://127.0.0.1:{outer.port}"
    proxy = mitmdump(library, modes=[mode], upstream_auth="worker:p w", vcr_upstream=[])
    assert client(proxy.proxy("x")).get(PAGE).content == PLAIN
    assert outer.asked == ["files.example:443"]
    assert client(proxy.proxy("x")).get(PAGE).content == PLAIN
    assert len(outer.asked) == 1
    assert not [name for seen in upstream.requests for name, _ in seen.headers if name.lower().startswith("proxy")]


# --- a login, and names


def test_where_any_login_will_do_the_user_is_the_cassette(
    mitmdump: Starter, library: Path, client: Clients, upstream: Upstream
) -> None:
    """``proxyauth=any`` only asks that there is one: HTTPS, plain HTTP, and sessions, as without it."""
    proxy = mitmdump(library, proxyauth="any")
    assert client(proxy.proxy("named")).get(PAGE).content == PLAIN
    assert client(proxy.proxy("plain")).get("http://plain.example/plain").content == PLAIN
    until(lambda: names(library) == ["named", "plain"], "the cassettes are published")
    with pytest.raises(httpx.ProxyError, match="407"):
        client(proxy.proxy()).get(PAGE)


def test_a_certain_login_names_no_cassette(
    mitmdump: Starter, library: Path, client: Clients, upstream: Upstream
) -> None:
    """Who may use the proxy is one thing and the cassette another: that is named by the header, or not at all."""
    proxy = mitmdump(library, proxyauth="alice:secret")
    with client(proxy.proxy("alice", "secret")) as alice:
        assert alice.get(PAGE, headers={"X-Cassette-Name": "hers"}).content == PLAIN
        assert alice.get(f"{FILES}/binary").status_code == 200
    until(lambda: len(names(library)) == 2, "the cassettes are published")
    first, second = names(library)
    assert first == "hers"
    assert second.startswith("unnamed/files.example/binary-")
    assert "alice" not in (library / "hers.yaml").read_text()


def test_a_wrong_login_reaches_nothing(mitmdump: Starter, library: Path, client: Clients, upstream: Upstream) -> None:
    """407, and no recording."""
    proxy = mitmdump(library, proxyauth="alice:secret")
    with pytest.raises(httpx.ProxyError, match="407"):
        client(proxy.proxy("alice", "guess")).get(PAGE)
    answer = client(proxy.proxy("alice", "guess")).get("http://plain.example/plain")
    assert answer.status_code == 407
    assert not upstream.connections
    assert names(library) == []
