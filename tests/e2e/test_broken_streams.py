"""Streams that break: never saved as if they were whole, and, where they are kept, broken again in the same place."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from kinds import KINDS
from running import Starter
from talking import FILES, SOME_KEY, Clients
from upstream import Upstream
from waiting import until
from wiretap import VERSIONS, hear, kept, sizes


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """Each test for both versions of HTTP."""
    return str(request.param)


def leave_after(events: int, web: httpx.Client, path: str) -> bytes:
    """Take so many events of a stream, then hang up; what was taken."""
    body = b""
    with web.stream("GET", f"{FILES}{path}", headers=SOME_KEY) as answer:
        for piece in answer.iter_raw():
            body += piece
            if body.count(b"\n\n") >= events:
                break
    web.close()
    return body


def test_a_client_that_leaves_midway(
    version: str, mitmdump: Starter, library: Path, upstream: Upstream, client: Clients
) -> None:
    """Nothing is saved, and the log says who left, where, and how such answers are kept."""
    proxy = mitmdump(library)
    with upstream.held() as gate:
        gate.release()
        leave_after(1, client(proxy.proxy("left"), http2=version == "HTTP/2"), "/kind/usual")
        said = proxy.says(r"not recorded: GET \S+ broke off after \d+ bytes.*")
    assert f"after {len(KINDS['usual'].said[0])} bytes (1 event): the client ended it" in said
    assert "vcr_save_errors=truncated" in said
    proxy.stop()
    assert not list(library.rglob("*.yaml"))


def test_a_client_that_leaves_after_the_last_event(
    version: str, mitmdump: Starter, library: Path, upstream: Upstream, client: Clients
) -> None:
    """A client may hang up when it has read that nothing follows: that is a whole stream."""
    proxy = mitmdump(library)
    with upstream.held() as gate:
        gate.release()
        gate.release()
        taken = leave_after(2, client(proxy.proxy("done"), http2=version == "HTTP/2"), "/kind/late-end")
        until((library / "done.yaml").exists, "the stream is saved")
    assert taken == b"".join(KINDS["late-end"].said[:2])
    heard = hear(proxy, version, ["/kind/late-end"], "done")[0]
    assert (bytes(heard.body), heard.broken) == (taken, False)


BROKEN = [("/broken-stream", b"data: one\n\ndata: tw", [11, 8]), ("/broken", b"only a part", [11])]


@pytest.mark.parametrize(("path", "body"), [(path, body) for path, body, _ in BROKEN])
def test_an_api_that_breaks_off(path: str, body: bytes, version: str, mitmdump: Starter, library: Path) -> None:
    """The client sees the break; nothing is saved; the log says that it was the API."""
    proxy = mitmdump(library)
    heard = hear(proxy, version, [path], "cut")[0]
    assert (bytes(heard.body), heard.broken) == (body, True)
    assert f"after {len(body)} bytes" in proxy.says(r"not recorded: .* the API ended it.*")
    proxy.stop()
    assert not list(library.rglob("*.yaml"))


@pytest.mark.parametrize(("path", "body", "pieces"), BROKEN)
def test_what_is_kept_truncated_breaks_again_on_replay(
    path: str, body: bytes, pieces: list[int], version: str, mitmdump: Starter, library: Path, upstream: Upstream
) -> None:
    """In the same place, whatever version of HTTP the client of the replay speaks."""
    proxy = mitmdump(library, vcr_save_errors="truncated")
    hear(proxy, version, [path], "cut")
    until((library / "cut.yaml").exists, "the stream is saved")
    (item,) = yaml.safe_load((library / "cut.yaml").read_text())["interactions"]
    assert item["x_tokentape"]["response"]["truncated"] is True
    before = len(upstream.requests)
    for spoken in VERSIONS:
        heard = hear(proxy, spoken, [path], "cut")[0]
        assert (heard.status, bytes(heard.body), heard.broken) == (200, body, True)
        assert sizes(heard) == pieces
    assert len(upstream.requests) == before


def test_a_break_does_not_overtake_what_the_client_has_no_room_for(
    version: str, mitmdump: Starter, library: Path, client: Clients
) -> None:
    """httpx gives an HTTP/2 stream 64 KiB of room at a time; it gets everything before the reset."""
    body = "data: " + "x" * 300_000 + "\n\n"
    headers = {"Content-Type": ["text/event-stream"]}
    entry = {
        "request": {"url": f"{FILES}/long", "method": "GET"},
        "response": {"body": body, "headers": headers, "code": 200},
        "x_tokentape": {"version": 1, "response": {"truncated": True}},
    }
    (library / "long.yaml").write_text(yaml.safe_dump({"version": 2, "interactions": [entry]}))
    proxy = mitmdump(library, vcr_mode="replay")
    taken = bytearray()
    web = client(proxy.proxy("long"), http2=version == "HTTP/2")
    with web.stream("GET", f"{FILES}/long") as answer, pytest.raises(httpx.RemoteProtocolError):
        taken += b"".join(taking(answer, taken))
    assert bytes(taken) == body.encode()


def taking(answer: httpx.Response, taken: bytearray) -> Iterator[bytes]:
    """Put what comes aside, for when it breaks."""
    for piece in answer.iter_raw():
        taken += piece
        yield b""


def test_a_client_that_leaves_a_replay_ends_only_its_own_stream(
    version: str, mitmdump: Starter, library: Path, client: Clients
) -> None:
    """Quietly: no error in the log, and the proxy goes on."""
    proxy = mitmdump(library)
    first = hear(proxy, version, ["/kind/many"])[0]
    proxy.restart(vcr_mode="replay", vcr_pace="0.05")
    leave_after(2, client(proxy.proxy(f"many-{version[5]}"), http2=version == "HTTP/2"), "/kind/many")
    proxy.restart(vcr_pace="instant")
    again = hear(proxy, version, ["/kind/many"])[0]
    assert bytes(again.body) == bytes(first.body)
    assert kept(again.headers) == kept(first.headers)
    assert "Traceback" not in proxy.log
