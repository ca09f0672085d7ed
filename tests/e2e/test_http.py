"""HTTP as such: encodings, statuses without a body, headers that repeat, large and odd bodies; HTTP/1.1 and 2.

Everything is recorded first by one proxy, then replayed by another with the upstream stopped.
"""

import hashlib
from pathlib import Path

import pytest
import recordings
from rehearsal import Outcome, Pair, Stage, Talk, rehearse, slug
from running import Starter
from talking import FILES, browser
from upstream import Upstream
from upstream_answers import BINARY, CRLF_TEXT, EXACT_JSON, LATIN_TEXT, PLAIN, REPEATED, STREAMS

PLAIN_HTTP = "http://plain.example"
MEGABYTE = BINARY * 256
LARGE = MEGABYTE * 8
ENCODINGS = ("gzip", "br", "zstd", "deflate", "raw-deflate", "gzip,br", "deflate,gzip")


def fetch(path: str, *, http2: bool = False, base: str = FILES, method: str = "GET", **more: object) -> Talk:
    """One request by httpx, which decodes all the encodings above."""

    def talk(stage: Stage) -> Outcome:
        with browser(stage.proxy, stage.ca_file, http2=http2) as client:
            answer = client.request(method, base + path, **more)  # type: ignore[arg-type]
            assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
            return Outcome(answer.status_code, tuple(answer.headers.multi_items()), answer.content)

    return talk


# What is asked, and the body that the client has to end up with (None: it says nothing of interest).
CASES: dict[str, tuple[dict[str, object], bytes | None]] = {
    **{f"encoded {one}": ({"path": f"/encoded/{one}"}, PLAIN) for one in ENCODINGS},
    "encoded stream": ({"path": "/encoded/stream"}, b"".join(STREAMS["usual"])),
    **{f"stream {name}": ({"path": f"/stream/{name}"}, b"".join(pieces)) for name, pieces in STREAMS.items()},
    "binary": ({"path": "/binary"}, BINARY),
    "large answer": ({"path": "/large"}, MEGABYTE),
    "CRLF": ({"path": "/crlf"}, CRLF_TEXT),
    "latin": ({"path": "/latin"}, LATIN_TEXT),
    "mislabelled": ({"path": "/mislabelled"}, LATIN_TEXT),
    "exact JSON": ({"path": "/exact-json"}, EXACT_JSON),
    "empty": ({"path": "/empty"}, b""),
    "no type": ({"path": "/no-type"}, b"no content type at all"),
    "until close": ({"path": "/until-close"}, b"no length"),
    "HEAD": ({"path": "/plain", "method": "HEAD"}, b""),
    "HEAD of an encoded": ({"path": "/encoded/gzip", "method": "HEAD"}, b""),
    "204": ({"path": "/no-content"}, b""),
    "304": ({"path": "/not-modified", "headers": {"If-None-Match": '"abc"'}}, b""),
    **{f"redirect {code}": ({"path": f"/redirect/{code}"}, b"over there\n") for code in (301, 302, 303, 307, 308)},
    **{f"status {code}": ({"path": f"/status/{code}"}, None) for code in (400, 404, 409, 410, 422, 451)},
    "repeated headers": ({"path": "/repeated"}, b"many headers"),
    "large upload": ({"path": "/upload", "method": "POST", "content": MEGABYTE}, None),
    "chunked upload": ({"path": "/upload", "method": "POST", "content": [b"one", b"two", b"", b"three"]}, None),
    "form": ({"path": "/upload", "method": "POST", "data": {"a": "1", "b": "é&="}}, None),
    "empty POST": ({"path": "/upload", "method": "POST"}, None),
    "binary POST": ({"path": "/upload", "method": "POST", "content": BINARY}, None),
    "PUT": ({"path": "/upload", "method": "PUT", "json": {"put": 1}}, None),
    "PATCH": ({"path": "/upload", "method": "PATCH", "json": {"patch": 1}}, None),
    "DELETE": ({"path": "/no-content", "method": "DELETE"}, b""),
    "OPTIONS": ({"path": "/no-content", "method": "OPTIONS"}, b""),
    "odd URL": ({"path": "/plain/%C3%A9/a%2Fb;c?x=%20&y=+&x=2&empty=&flag"}, PLAIN),
}
# Over plain HTTP the proxy is asked by whole URLs instead of through a tunnel.
PLAIN_CASES = ("encoded gzip", "stream usual", "304", "HEAD", "repeated headers", "form", "odd URL")

TALKS: dict[str, Talk] = {
    **{f"{name}, HTTP/1.1": fetch(**asked) for name, (asked, _) in CASES.items()},  # type: ignore[arg-type]
    **{f"{name}, HTTP/2": fetch(**asked, http2=True) for name, (asked, _) in CASES.items()},  # type: ignore[arg-type]
    **{f"{name}, plain HTTP": fetch(**CASES[name][0], base=PLAIN_HTTP) for name in PLAIN_CASES},  # type: ignore[arg-type]
    "large upload, 8 MiB": fetch("/upload", method="POST", content=LARGE),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the cases are recorded."""
    return tmp_path_factory.mktemp("http") / "cassettes"


@pytest.fixture(scope="module")
def pairs(mitmdump_for_module: Starter, library: Path, the_upstream: Upstream) -> dict[str, Pair]:
    """Each case, recorded and replayed."""
    the_upstream.forget()
    return rehearse(TALKS, mitmdump_for_module, library, the_upstream)


@pytest.mark.parametrize("name", TALKS)
def test_replay_is_what_was_recorded(name: str, pairs: dict[str, Pair]) -> None:
    """Status, headers and decoded body are equal."""
    assert pairs[name].again.comparable == pairs[name].first.comparable


@pytest.mark.parametrize("name", [name for name in TALKS if CASES[name.rpartition(",")[0]][1] is not None])
def test_the_body_is_the_upstreams(name: str, pairs: dict[str, Pair]) -> None:
    """The client of a recording gets, and of a replay gets again, the bytes that the API meant."""
    wanted = CASES[name.rpartition(",")[0]][1]
    assert pairs[name].first.body == wanted
    assert pairs[name].again.body == wanted


@pytest.mark.parametrize("name", TALKS)
def test_framing_fits_the_body(name: str, pairs: dict[str, Pair]) -> None:
    """On replay a length is that of the body, nothing is announced as encoded, and no framing is given twice."""
    again = pairs[name].again
    lengths = again.values("content-length")
    assert len(lengths) <= 1
    if name.startswith(("HEAD", "304")):
        assert lengths == pairs[name].first.values("content-length")
    elif again.status == 204:
        assert lengths == []
    else:
        assert again.values("content-encoding") == []
        assert lengths in ([], [str(len(again.body))])
        assert bool(lengths) or "HTTP/2" in name or again.values("transfer-encoding") == ["chunked"]


@pytest.mark.parametrize("wire", ["HTTP/1.1", "HTTP/2", "plain HTTP"])
def test_repeated_headers_keep_their_order(wire: str, pairs: dict[str, Pair]) -> None:
    """Each value of a header that comes several times is there, in its order, not joined."""
    for side in (pairs[f"repeated headers, {wire}"].first, pairs[f"repeated headers, {wire}"].again):
        assert side.values("x-many") == [value for name, value in REPEATED if name == "X-Many"]
        assert side.values("link") == [value for name, value in REPEATED if name == "Link"]
        assert side.values("x-empty") == [""]


@pytest.mark.parametrize("wire", ["HTTP/1.1", "HTTP/2", "8 MiB"])
def test_a_large_upload_arrives_whole(wire: str, pairs: dict[str, Pair]) -> None:
    """What is larger than any buffer on the way reaches the API unchanged, and its answer replays."""
    sent = LARGE if wire == "8 MiB" else MEGABYTE
    said = pairs[f"large upload, {wire}"].first.body.decode()
    assert f'"size": {len(sent)}' in said
    assert hashlib.sha256(sent).hexdigest() in said


def test_each_case_was_asked_once(pairs: dict[str, Pair], the_upstream: Upstream) -> None:
    """Recording asked for each case once, redirects not followed; replay asked for none."""
    assert len(the_upstream.requests) == len(pairs)


def test_each_case_is_one_readable_cassette(pairs: dict[str, Pair], library: Path) -> None:
    """Each cassette loads by a plain YAML reader and says method, URL and status."""
    assert pairs
    for name in TALKS:
        (only,) = recordings.interactions(library / f"{slug(name)}.yaml")
        host = PLAIN_HTTP if name.endswith("plain HTTP") else FILES
        assert only["request"]["url"].startswith(host)
        assert only["response"]["code"] == pairs[name].first.status


def test_text_is_stored_as_text(pairs: dict[str, Pair], library: Path) -> None:
    """Whatever encoding it travelled in, a text is a text in the file."""
    assert pairs
    for name in ENCODINGS:
        (only,) = recordings.interactions(library / f"{slug(f'encoded {name}, HTTP/1.1')}.yaml")
        assert only["response"]["body"] == PLAIN.decode()
        assert "Content-Encoding" not in only["response"]["headers"]
