"""The lines of a take's file: ``<crc32 of the rest, 8 hex> <JSON>``, made in pieces for bodies of many megabytes.

The rule: a line that was cut short or changed is known as such; its payload is what was written, or nothing.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from zlib import crc32

from tokentape.formats.pieces import SLICE, Base64, Text
from tokentape.formats.writing import tree_of
from tokentape.model import Interaction

# A payload as it is written: bytes, and large bodies that become JSON only then.
type Body = Text | Base64
type Payload = Sequence[bytes | Body]


def line_of(payload: Payload) -> Iterator[bytes]:
    """A line, piece by piece."""
    yield b"%08x " % _checksum(payload)
    yield from _pieces(payload)
    yield b"\n"


def payload_in(line: bytes) -> bytes | None:
    """What a line holds; None where it is not as it was written."""
    checksum, _, payload = line.partition(b" ")
    return payload if checksum == b"%08x" % crc32(payload) else None


def payload_of(interaction: Interaction) -> Payload:
    """One interaction as one line of JSON, a whole cassette of its own."""
    tree = tree_of(interaction, 0, "json")
    large = {word: _taken_out(tree[side], word) for side, word in _SIDES.items() if _is_large(tree[side])}
    rest = json.dumps({"version": 2, "interactions": [tree]}, separators=(",", ":"), default=_whole).encode()
    line: list[bytes | Body] = []
    for word, body in large.items():
        before, _, rest = rest.partition(json.dumps(word)[1:-1].encode())
        line += (before, body)
    return [*line, rest]


# What stands for a large body until it is written: no other text of an interaction can hold half a pair of surrogates
# like these, for where bytes are no UTF-8 they are others.
_SIDES = {"request": "\ud800request\ud800", "response": "\ud800response\ud800"}


def _pieces(payload: Payload) -> Iterator[bytes]:
    """A payload as it is written. Many megabytes are not to be there as text and JSON and bytes at once."""
    for part in payload:
        if isinstance(part, bytes):
            yield part
        else:
            yield from (json.dumps(text)[1:-1].encode() for text in part)


def _checksum(payload: Payload) -> int:
    checksum = 0
    for piece in _pieces(payload):
        checksum = crc32(piece, checksum)
    return checksum


def _whole(value: object) -> str:
    if not isinstance(value, Text | Base64):
        raise TypeError(f"a tree holds a {type(value).__name__}")
    return str(value)


def _is_large(side: dict[str, Any]) -> bool:
    return len(side.get("body", "")) > SLICE


def _taken_out(side: dict[str, Any], word: str) -> Body:
    body: Body = side["body"]
    side["body"] = word
    return body
