"""Content codings: what was compressed comes back, in any pieces, and damage is never taken for a whole body."""

import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tokentape.wire.encoding import UndecodableBody, can_decode, codings, decode, decoder

PLAIN = b'{"message": "Hello, world"}' * 40


def raw_deflate(data: bytes) -> bytes:
    """Deflate data without zlib's header."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "identity": bytes,
    "": bytes,
}


@pytest.mark.parametrize("coding", ENCODERS)
def test_each_coding_is_undone(coding: str) -> None:
    """Every known coding gives back what was compressed, whatever its case."""
    assert decode(ENCODERS[coding](PLAIN), coding.upper()) == PLAIN


def test_deflate_without_zlib_header_is_undone() -> None:
    """Servers that send raw deflate data under the name deflate are understood."""
    assert decode(raw_deflate(PLAIN), "deflate") == PLAIN


@pytest.mark.parametrize("coding", ["gzip, br", "br,gzip", "identity, zstd , deflate"])
def test_a_list_is_undone_from_last_to_first(coding: str) -> None:
    """Several codings were applied in the order of the list."""
    body = PLAIN
    for name in codings(coding):
        body = ENCODERS[name](body)
    assert decode(body, coding) == PLAIN


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_several_members_are_one_body(coding: str) -> None:
    """Gzip members and zstd frames in a row are joined."""
    encode = ENCODERS[coding]
    assert decode(encode(b"one ") + encode(b"two"), coding) == b"one two"


def test_zero_padding_behind_gzip_is_passed_over() -> None:
    """Zeros behind the last gzip member are no damage."""
    assert decode(gzip.compress(PLAIN) + b"\0\0\0", "gzip") == PLAIN


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_no_bytes_are_an_empty_body(coding: str) -> None:
    """A HEAD answer names a coding and has no body."""
    assert decode(b"", coding) == b""


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("damage", ["cut", "junk", "plain"])
def test_damage_is_an_error(coding: str, damage: str) -> None:
    """A body cut short, with bytes behind its end, or not compressed at all is refused."""
    whole = ENCODERS[coding](PLAIN)
    body = {"cut": whole[:-3], "junk": whole + b"junk junk junk", "plain": PLAIN}[damage]
    with pytest.raises(UndecodableBody, match=f"decoded as {coding}"):
        decode(body, coding)


@pytest.mark.parametrize("coding", ["compress", "gzip, what", "aws-chunked"])
def test_an_unknown_coding_is_an_error(coding: str) -> None:
    """What is not known is not passed through as if it were plain."""
    assert not can_decode(coding)
    with pytest.raises(UndecodableBody, match="not known"):
        decode(PLAIN, coding)


def test_too_many_codings_are_refused() -> None:
    """A long list of codings is an attack, not a message."""
    assert not can_decode(", ".join(["gzip"] * 6))
    with pytest.raises(UndecodableBody, match="6 times"):
        decoder(", ".join(["gzip"] * 6))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_stops_at_the_limit(coding: str) -> None:
    """With a limit, a small body that unfolds into a big one is refused; up to the limit it is fine."""
    bomb = ENCODERS[coding](bytes(3_000_000))
    with pytest.raises(UndecodableBody, match="more than 2000000 bytes"):
        decode(bomb, coding, limit=2_000_000)
    assert len(decode(bomb, coding, limit=3_000_000)) == 3_000_000


def test_an_error_does_not_show_the_body() -> None:
    """What is in a body stays out of messages."""
    with pytest.raises(UndecodableBody) as caught:
        decode(b"sk-secret-secret", "gzip")
    assert "secret" not in str(caught.value)


@settings(deadline=None, max_examples=60)
@given(
    data=st.binary(max_size=3000), coding=st.sampled_from(sorted(ENCODERS)), size=st.integers(1, 50), raw=st.booleans()
)
def test_any_bytes_in_any_pieces(data: bytes, coding: str, size: int, raw: bool) -> None:
    """Whatever the pieces are in which a body arrives, the plain bytes are the same."""
    body = raw_deflate(data) if raw and coding == "deflate" else ENCODERS[coding](data)
    undo = decoder(coding)
    plain = b"".join(undo.feed(body[at : at + size]) for at in range(0, len(body), size)) + undo.finish()
    assert plain == data == decode(body, coding)
