"""The real recordings of another project, in both layouts that go-vcr has written, read and written back."""

from pathlib import Path

import pytest
from recordings import FOLDER

from tokentape import formats
from tokentape.formats import emit
from tokentape.model import Cassette, Interaction, header

FILES = sorted(FOLDER.glob("*.yaml"))
FOUR_SPACES = [path for path in FILES if b"\n    - id: 0\n" in path.read_bytes()]

pytestmark = pytest.mark.skipif(not FILES, reason="the recordings lie beside the project, and are not here")


def bare(cassette: Cassette) -> Cassette:
    """The same interactions, as if they had just been recorded."""
    return Cassette(tuple(Interaction(one.request, one.response, one.duration) for one in cassette.interactions))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_recording_comes_back_byte_for_byte(path: Path) -> None:
    """Loaded and saved, a file is the same, whichever layout it has."""
    data = path.read_bytes()
    cassette = formats.load(data, path.name)
    assert len(cassette.interactions) == 1
    assert formats.dump(cassette, "yaml") == data


@pytest.mark.parametrize("path", FOUR_SPACES, ids=lambda path: path.stem)
def test_our_writer_makes_the_same_four_space_file(path: Path) -> None:
    """The tree of a recording in go-vcr's four-space layout is written with the very same bytes."""
    data = path.read_bytes()
    raw = formats.load(data, path.name).interactions[0].raw
    assert isinstance(raw, formats.Loaded)
    assert b"---\nversion: 2\ninteractions:\n" + b"".join(emit.item(raw.tree)) == data


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_recorded_anew_it_says_the_same(path: Path) -> None:
    """What is read from a recording goes through our own files, YAML and JSON, and through appending."""
    data = path.read_bytes()
    cassette = formats.load(data, path.name)
    for kind in ("yaml", "json"):
        assert formats.load(formats.dump(bare(cassette), kind), f"a.{kind}") == cassette
    longer = formats.append(data, cassette, bare(cassette).interactions, "yaml")
    assert longer.startswith(data)
    assert formats.load(longer, path.name).interactions == cassette.interactions * 2


def test_a_recording_is_understood() -> None:
    """Bodies are bytes, headers are fields, times are seconds."""
    data = (FOLDER / "chat-streaming.yaml").read_bytes()
    (one,) = formats.load(data, "chat-streaming.yaml").interactions
    assert one.request.method == "POST"
    assert one.request.url == "https://api.openai.com/v1/chat/completions"
    assert one.request.body.startswith(b'{\n  "messages"')
    assert one.response.status == 200
    assert one.response.reason == ""  # HTTP/2 has none; the file's is Go's
    assert header(one.response.headers, "content-type") == "text/event-stream; charset=utf-8"
    assert one.response.body.endswith(b"data: [DONE]\n\n")
    assert len(one.response.body) == 14452
    assert 0 < one.duration < 60
