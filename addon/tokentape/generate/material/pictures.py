"""Pictures as PNG files, drawn from numbers: two colours that run into each other.

The rule: a real file that any reader opens, of the size that was asked for, from the standard library alone.
"""

import struct
import zlib
from functools import lru_cache

from tokentape.generate.material.dice import Dice

_STEPS = 64  # colours between the two


def _part(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(dice: Dice, width: int, height: int) -> bytes:
    """A picture of so many pixels."""
    return _drawn(dice.below(1 << 24), dice.below(1 << 24), width, height)


@lru_cache(maxsize=64)
def _drawn(first: int, last: int, width: int, height: int) -> bytes:
    palette = b"".join(_between(first, last, step / (_STEPS - 1)) for step in range(_STEPS))
    # A row is one colour: a filter byte, then an index into the palette for each pixel.
    rows = b"".join(b"\0" + bytes([row * _STEPS // height]) * width for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        _part(b"IHDR", header),
        _part(b"PLTE", palette),
        _part(b"IDAT", zlib.compress(rows, 1)),
        _part(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _between(first: int, last: int, share: float) -> bytes:
    return bytes(round((first >> shift & 255) * (1 - share) + (last >> shift & 255) * share) for shift in (16, 8, 0))
