"""Images and sounds in a prompt: their sizes from the first bytes of each format, and the tokens that they are."""

import base64
import struct

import pytest

from tokentape.generate.material.dice import Dice
from tokentape.generate.material.pictures import png
from tokentape.generate.media import audio_tokens, image_tokens, size_in, size_of


def gif(width, height, version=b"GIF89a"):
    """The head of a GIF."""
    return version + struct.pack("<HH", width, height)


def jpeg(width, height, *, before=0, frame=0xC0):
    """The head of a JPEG, with so many bytes of a camera's notes in front of its frame."""
    notes = b"\xff\xe1" + struct.pack(">H", before + 2) + bytes(before) if before else b""
    return b"\xff\xd8" + notes + bytes([0xFF, frame]) + struct.pack(">HBHH", 17, 8, height, width)


SIZES = [
    (png(Dice(bytes(16)), 300, 20), (300, 20)),
    (gif(300, 20), (300, 20)),
    (gif(300, 20, b"GIF87a"), (300, 20)),
    (jpeg(300, 20), (300, 20)),
    (jpeg(300, 20, before=5000), (300, 20)),
    (jpeg(300, 20, frame=0xC2), (300, 20)),
    (b"RIFF\x00\x00\x00\x00WEBPVP8 ", (1024, 1024)),
    (jpeg(300, 20, before=5000)[:100], (1024, 1024)),
]


@pytest.mark.parametrize(("raw", "size"), SIZES)
def test_the_size_is_in_the_first_bytes(raw, size):
    """Whichever format; where it can't be seen it counts as 1024 by 1024."""
    assert size_of(raw) == size


NONE = [b"", b"no image", gif(1, 1)[:8], png(Dice(bytes(16)), 1, 1)[:20], b"RIFF\x00\x00\x00\x00WAVE", b"\xff\xd8\xff"]


@pytest.mark.parametrize("raw", NONE)
def test_what_is_no_image_has_no_size(raw):
    """Nor has the beginning of one that breaks off."""
    assert size_of(raw) is None


def in_url(raw):
    """A data URL of a file."""
    return f"data:image/any;base64,{base64.b64encode(raw).decode()}"


def test_a_data_url_is_looked_into_as_far_as_a_size_may_be():
    """However large the image, and behind whatever a camera writes."""
    assert size_in(in_url(jpeg(300, 20, before=60_000) + bytes(1_000_000))) == (300, 20)
    assert size_in("data:image/png,plain") is None
    assert size_in("data:image/png;base64") is None
    assert size_in("data:image/png;base64,????") is None


# OpenAI's guide "Images and vision" works out the second and the third.
TOKENS = [
    (gif(4096, 8192), "low", 85),
    (gif(1024, 1024), "high", 765),
    (gif(2048, 4096), None, 1105),
    (gif(512, 512), None, 255),
    (gif(513, 512), None, 425),
    (gif(1, 5000), None, 765),
    (gif(0, 0), None, 255),
]


@pytest.mark.parametrize(("raw", "detail", "tokens"), TOKENS)
def test_an_image_is_as_many_tokens_as_openai_says(raw, detail, tokens):
    """A base, and the tiles of 512 pixels after it was fitted."""
    assert image_tokens(in_url(raw), detail) == tokens


def test_an_image_behind_a_url_counts_as_one_of_1024_by_1024():
    """Nothing is fetched."""
    assert image_tokens("https://example.com/a.png", None) == 765


@pytest.mark.parametrize(("size", "tokens"), [(0, 1), (3200, 1), (6400, 2), (320_000, 100)])
def test_a_sound_is_a_token_for_each_tenth_of_a_second(size, tokens):
    """Of 16-bit samples at 16 kHz; at least one."""
    assert audio_tokens(base64.b64encode(bytes(size)).decode()) == tokens
