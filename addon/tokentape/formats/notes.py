"""What go-vcr has no field for, under the one key ``x_tokentape`` of an interaction.

The rule: without this key a file says the same but for exactness; go-vcr passes over it. It is left out where there
is nothing to say. Its shape::

    x_tokentape:
        version: 1                         # a higher one is refused: a newer tokentape wrote it
        request:
            body: {...}                    # how to restore the exact bytes, see tokentape.formats.body
            wire_headers: host accept      # the names as on the wire, one for each field (a list if one holds a space)
            content_encoding: gzip         # the header's value (a list of several); the body is stored without the
                                           # coding, and the header is left out of the file's own headers
            content_length: "83"           # the header's value on the wire; the file's own header has the readable size
        response:
            body, wire_headers, content_encoding, content_length   # as above
            wire_trailers: grpc-status     # as wire_headers
            reason: ""                     # the text behind the status code, where the status line doesn't tell it
            chunks: 120@0.012 88@0         # bytes of the decoded body @ seconds since the chunk before
            truncated: true                # the stream broke after this body

In a JSON file, which has no bytes, ``body`` is ``{base64: true}`` for a body that is not text.
"""

from collections.abc import Mapping
from typing import Any

from tokentape.formats.tree import Misread, Plain

KEY = "x_tokentape"
VERSION = 1

Side = Mapping[str, Any]
_NOTHING: Side = {}


def sides_of(tree: Mapping[str, Any]) -> tuple[Side, Side]:
    """The notes on the request and on the response. Raises Misread for a version or shape that is not known."""
    notes = tree.get(KEY)
    if notes is None:
        return _NOTHING, _NOTHING
    if not isinstance(notes, Mapping):
        raise Misread(f"`{KEY}` must be a mapping", keys=(KEY,))
    version = number(notes.get("version"))
    if version is None or version < 1:
        raise Misread(f"`{KEY}` must have a version number", keys=(KEY, "version"))
    if version > VERSION:
        raise Misread(
            f"`{KEY}` has version {version}, written by a newer tokentape; this one knows up to {VERSION}",
            keys=(KEY, "version"),
            hint="install the newest tokentape",
        )
    return _side(notes, "request"), _side(notes, "response")


def number(value: Any) -> int | None:
    """The whole number a scalar stands for, also as ``2.0``; None for what is none or stands in quotes."""
    if isinstance(value, bool) or not isinstance(value, int | Plain):
        return None
    try:
        return int(value.replace("_", ""), 0) if isinstance(value, Plain) else value
    except ValueError:
        return _whole(str(value))


def texts(value: Any) -> list[str] | None:
    """One text or a list of texts, as a list; None for anything else."""
    several = value if isinstance(value, list) else [value]
    found = [text(one) for one in several]
    return None if None in found else [one for one in found if one is not None]


def text(value: Any) -> str | None:
    """A scalar's text; None for what is no scalar. Bytes that are not UTF-8 become half surrogate pairs."""
    if isinstance(value, str):
        return str(value) if isinstance(value, Plain) else value
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def truth(value: Any) -> bool:
    """Whether a scalar says ``true``."""
    return value is True or (isinstance(value, Plain) and value in ("true", "True", "TRUE"))


def _side(notes: Mapping[str, Any], name: str) -> Side:
    side = notes.get(name)
    if side is None:
        return _NOTHING
    if not isinstance(side, Mapping):
        raise Misread(f"`{name}` must be a mapping", keys=(KEY, name))
    return side


def _whole(text: str) -> int | None:
    """A number written as a float, if it is whole."""
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value) if value.is_integer() else None
