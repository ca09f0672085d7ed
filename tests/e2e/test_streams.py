"""Streams on the wire: what a client heard while recording it hears again, byte by byte and chunk by chunk."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from kinds import KINDS
from running import Mitmdump, Starter
from upstream import Upstream
from wiretap import VERSIONS, hear, kept, sizes

from tokentape.wire.certify import Heard

PACES = ("instant", "fast", "recorded", "2")


@dataclass(frozen=True)
class Rehearsed:
    """What was heard of each kind by version: recorded, and replayed at each pace; and where the cassettes are."""

    first: dict[str, dict[str, Heard]]
    again: dict[str, dict[str, dict[str, Heard]]]
    library: Path


def all_kinds(proxy: Mitmdump, version: str) -> dict[str, Heard]:
    """Every kind, by its name."""
    return dict(zip(KINDS, hear(proxy, version, [f"/kind/{name}" for name in KINDS]), strict=True))


@pytest.fixture(scope="module")
def rehearsed(
    mitmdump_for_module: Starter, tmp_path_factory: pytest.TempPathFactory, the_upstream: Upstream
) -> Rehearsed:
    """All kinds, recorded and replayed at every pace."""
    library = tmp_path_factory.mktemp("streams") / "cassettes"
    library.mkdir()
    recorder = mitmdump_for_module(library)
    first = {version: all_kinds(recorder, version) for version in VERSIONS}
    recorder.stop()
    again = {}
    with the_upstream.unplugged():
        for pace in PACES:
            player = mitmdump_for_module(library, vcr_mode="replay", vcr_pace=pace)
            again[pace] = {version: all_kinds(player, version) for version in VERSIONS}
            player.stop()
    return Rehearsed(first, again, library)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", KINDS)
def test_the_client_gets_the_wire(name: str, version: str, rehearsed: Rehearsed) -> None:
    """While recording, each piece is forwarded as the API sent it, compressed as it was, trailers too."""
    heard, kind = rehearsed.first[version][name], KINDS[name]
    assert (heard.status, heard.broken) == (200, False)
    assert bytes(heard.body) == b"".join(kind.wire)
    assert sizes(heard) == [len(piece) for piece in kind.wire]
    assert kept(heard.trailers) == kept(kind.trailers)


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", KINDS)
def test_replay_is_equal_at_every_pace(name: str, version: str, pace: str, rehearsed: Rehearsed) -> None:
    """The decoded bytes, their boundaries, headers and trailers are the recorded ones."""
    heard, kind = rehearsed.again[pace][version][name], KINDS[name]
    assert (heard.status, heard.broken) == (200, False)
    assert bytes(heard.body) == kind.body
    assert sizes(heard) == kind.sizes
    assert kept(heard.trailers) == kept(kind.trailers)
    assert kept(heard.headers) == kept(rehearsed.first[version][name].headers)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", KINDS)
def test_at_recorded_no_piece_comes_before_its_time(name: str, version: str, rehearsed: Rehearsed) -> None:
    """Each chunk leaves as long after the request as it did when recorded, or later where the machine is busy."""
    item = yaml.safe_load((rehearsed.library / f"{name}-{version[5]}.yaml").read_text())["interactions"][0]
    delays = [float(one.partition("@")[2]) for one in item["x_tokentape"]["response"]["chunks"].split()]
    heard = rehearsed.again["recorded"][version][name]
    due = [sum(delays[: at + 1]) for at in range(len(delays))]
    assert all(piece.at >= at - 0.001 for piece, at in zip(heard.pieces, due, strict=True))


@pytest.mark.parametrize("name", ["trailers", "usual", "gzip"])
def test_one_version_to_the_other(name: str, mitmdump: Starter, library: Path, upstream: Upstream) -> None:
    """An API that speaks HTTP/1.1 alone, and a client that speaks HTTP/2: nothing is lost on the way."""
    proxy = mitmdump(library, vcr_upstream=[f"files.example={upstream.plain_url}"])
    heard, kind = hear(proxy, "HTTP/2", [f"/kind/{name}"])[0], KINDS[name]
    assert (bytes(heard.body), sizes(heard)) == (b"".join(kind.wire), [len(piece) for piece in kind.wire])
    assert kept(heard.trailers) == kept(kind.trailers)
    assert upstream.requests[0].proto == "HTTP/1.1"


# What go-vcr's loader knows (its struct tags); it ignores what it does not know, and we put that in one place.
REQUEST = {
    *("proto", "proto_major", "proto_minor", "content_length", "transfer_encoding", "trailer", "host", "remote_addr"),
    *("request_uri", "body", "form", "headers", "url", "method"),
}
RESPONSE = {
    *("proto", "proto_major", "proto_minor", "transfer_encoding", "trailer", "content_length", "uncompressed", "body"),
    *("headers", "status", "code", "duration"),
}
GO_DURATION = re.compile(r"0s|(?:\d+h)?(?:\d+m)?(?:\d+(?:\.\d+)?(?:ns|µs|ms|s))")


def without_twins(node: yaml.Node | None) -> None:
    """No mapping has a key twice, which PyYAML would not say."""
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys))
        for _, value in node.value:
            without_twins(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            without_twins(value)


def test_go_vcr_reads_what_is_written(rehearsed: Rehearsed) -> None:
    """Keys of ours only under x_tokentape, lists for header values, a Go duration, one document, no key twice."""
    paths = sorted(rehearsed.library.glob("*.yaml"))
    assert len(paths) == len(VERSIONS) * len(KINDS)
    for path in paths:
        text = path.read_text()
        without_twins(yaml.compose(text))
        (document,) = yaml.safe_load_all(text)
        assert list(document) == ["version", "interactions"]
        assert document["version"] == 2
        for item in document["interactions"]:
            assert set(item) == {"id", "request", "response", "x_tokentape"}
            assert set(item["request"]) <= REQUEST
            assert set(item["response"]) <= RESPONSE
            assert GO_DURATION.fullmatch(item["response"]["duration"])
            for values in (*item["request"].get("headers", {}).values(), *item["response"]["headers"].values()):
                assert isinstance(values, list)
            assert all(isinstance(values, list) for values in item["response"].get("trailer", {}).values())
            assert type(item["response"]["code"]) is int
            assert type(item["response"]["content_length"]) is int
