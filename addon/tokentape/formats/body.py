"""The readable form of a body, and the exact way back.

The rule: ``restore(*readable(body)) == body`` for any bytes. JSON is shown indented by two spaces; only the white space
between tokens moves, no token's text is parsed and written again, so numbers, key order, duplicate keys and escapes
stay what they are. What the readable form can't say by itself stands in a note:

========== =========================================================================================================
key        meaning
========== =========================================================================================================
``layout`` white space between the tokens of the original: ``compact`` (``,`` and ``:``), ``spaced`` (``,`` and ``:``
           with a space behind, as Python's ``json.dumps``), ``indent`` (a line for each member); left out where it is
           the readable one
``indent`` with ``layout: indent``: the number of spaces of one level, or ``tab``
``ascii``  the original writes all but ASCII as ``\\uXXXX``, shown as real characters: ``lower`` or ``upper`` hex digits
``before`` white space in front of the JSON value
``after``  white space behind it, unless it is one newline, which the readable form keeps
``digest`` the first 16 hex digits of the SHA-256 of the readable text, in UTF-8: says whether somebody edited it
========== =========================================================================================================

Where no known layout gives the original back exactly, and for all that is not JSON, the text is the body as it is and
there is no note. What is not UTF-8 stays bytes. A text that was edited by hand is the body as it stands.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from tokentape.errors import TokentapeError
from tokentape.formats.pieces import Base64, Text, is_utf_8

Note = Mapping[str, object]

# Bigger bodies and deeper ones are kept as they are: nobody reads them, and it would take long.
LARGEST = 8 * 1024 * 1024
DEEPEST = 200
# So much is laid out, a picture in base64 and the like not counted: it takes many times its size of memory for a while.
LONGEST = 1024 * 1024
# Types whose lines are records: as they are is how they read best, even where one line alone is JSON.
_LINES = ("event-stream", "ndjson", "jsonl", "json-lines", "json-seq")

_OPENS = re.compile(rb"[ \t\r\n]*[{\[]")
_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
# A leaf of the tree (or a key); between two of them there are only marks and white space.
_LEAF = re.compile(rb'(%s|[^\s{}\[\],:"]+)' % _STRING)
_MARKS = re.compile(rb"[{\[]\s*[}\]]|[{}\[\],:]")
_LINE_AND_KEY = re.compile(rb"\n *(?:(%s:) )?" % _STRING)
_LINE = re.compile(rb"\n( *)")
_COMMA_LINE = re.compile(rb",\n *")
_WHITE = b" \t\r\n"
_SPACED = re.compile(rb"[{\[]%s: " % _STRING)
_FIRST_BREAK = re.compile(rb"[{\[]\n( +|\t+|)[^ \t]")
_ESCAPE = re.compile(rb"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|.)")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
# A picture in base64, or what else looks like one word; its beginning may be part of an escape.
_RUN = re.compile(rb"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/=_-]{6}([A-Za-z0-9+/=_-]{65536,})")
_IN_ITS_PLACE = b"<^>"
_HEX = re.compile(rb"\\u([0-9a-f]{4})")
# Characters that a file shows badly or takes for a line's end: their escapes stay.
_HIDDEN = re.compile("[\x00-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


class BadNote(TokentapeError):
    """A note that no version of this code writes."""


@dataclass(frozen=True, slots=True)
class Readable:
    """A body for a file: text, or bytes where it is not UTF-8; ``note`` is None where the text is the body."""

    text: Text | bytes
    note: Note | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """A body from a file. ``edited`` says that the text is not the one the note was made for."""

    body: bytes
    edited: bool = False


def readable(body: bytes, content_type: str = "") -> Readable:
    """The readable form of a body. What parses as a JSON object or array is JSON, whatever its type says, but for the
    types whose lines are records."""
    if not is_utf_8(body):
        return Readable(body)
    is_lines = any(word in content_type.lower() for word in _LINES)
    if len(body) > LARGEST or is_lines or not _OPENS.match(body):
        return Readable(Text(body))
    return _readable_json(body) or Readable(Text(body))


def restore(text: Text | Base64 | str | bytes, note: Note | None = None) -> Restored:
    """The body that a text and its note stand for. Raises BadNote."""
    if isinstance(text, bytes):
        return Restored(text)
    # A file in JSON can hold half a surrogate pair; a body can't, so it becomes what WTF-8 makes of it.
    plain = text.data if isinstance(text, Text) else str(text).encode("utf-8", "surrogatepass")
    if note is None:
        return Restored(plain)
    if note.get("digest") != digest(plain):
        return Restored(plain, edited=True)
    return Restored(_original(plain, note))


def digest(text: bytes) -> str:
    """The 16 hex digits by which an edit is found."""
    return hashlib.sha256(text).hexdigest()[:16]


def indented(text: bytes) -> bytes | None:
    """A JSON object or array with two spaces a level, its tokens untouched; None for what is neither, or too deep."""
    if not _is_json(text):
        return None
    leaves = iter(_LEAF.split(text))
    shown: list[bytes] = []
    levels: list[_Level] = [{}]
    level = levels[0]
    for gap in leaves:
        found = level.get(gap)
        if found is None:
            try:
                found = level[gap] = _spread(gap, level, levels)
            except _TooDeep:
                return None
        between, level = found
        shown.append(between)
        shown.append(next(leaves, b""))
    return b"".join(shown)


def _is_json(text: bytes) -> bool:
    """Whether a text is a JSON object or array. Numbers may be of any size: they are not read."""
    if text[:1] not in (b"{", b"[") or text[-1:] not in (b"}", b"]"):
        return False
    try:
        json.loads(text.decode())
    except (json.JSONDecodeError, RecursionError):
        return False
    except ValueError:
        # Python reads no integer of more than some thousand digits; as a token it is fine.
        return _parses(text)
    return True


def _parses(text: bytes) -> bool:
    """Whether a text is JSON, its integers left unread."""
    try:
        json.loads(text.decode(), parse_int=len)
    except (json.JSONDecodeError, RecursionError):
        return False
    return True


# For one depth: what stood between two leaves -> the same laid out, and the level behind it.
_Level = dict[bytes, "tuple[bytes, _Level]"]


class _TooDeep(Exception):
    """More levels than DEEPEST."""


def _spread(gap: bytes, level: _Level, levels: list[_Level]) -> "tuple[bytes, _Level]":
    """Marks laid out from a level on, and the level they lead to; ``levels`` has one for each depth seen so far."""
    shown: list[bytes] = []
    depth = next(at for at, known in enumerate(levels) if known is level)
    for marks in _MARKS.findall(gap):
        mark = marks[:1]
        if len(marks) > 1:
            shown.append(mark + marks[-1:])
        elif mark == b":":
            shown.append(b": ")
        elif mark == b",":
            shown.append(b",\n" + b"  " * depth)
        elif mark in b"{[":
            depth += 1
            shown.append(mark + b"\n" + b"  " * depth)
        else:
            depth -= 1
            shown.append(b"\n" + b"  " * depth + mark)
        if depth > DEEPEST:
            raise _TooDeep
        if depth == len(levels):
            levels.append({})
    return b"".join(shown), levels[depth]


def _readable_json(body: bytes) -> Readable | None:
    """JSON indented, with the note that leads back; None where no known note does."""
    rest, runs = _put_aside(body)
    if len(rest) > LONGEST:
        return None
    value = rest.strip(_WHITE)
    before, after = rest[: len(rest) - len(rest.lstrip(_WHITE))], rest[len(rest.rstrip(_WHITE)) :]
    shown = indented(value)
    if shown is None:
        return None
    layout = _layout_of(value, shown)
    if layout is None:
        return None
    note: dict[str, object] = dict(layout)
    real, case = _without_escapes(shown)
    if case:
        note["ascii"] = case
    if before:
        note["before"] = before.decode()
    if after not in (b"", b"\n"):
        note["after"] = after.decode()
    final = _put_back(real + (b"\n" if after == b"\n" else b""), runs)
    return Readable(Text(final), {**note, "digest": digest(final)} if note else None)


def _put_aside(body: bytes) -> tuple[bytes, list[memoryview]]:
    """A body with a mark in place of each long run of letters and digits, and these: nothing in them moves."""
    spans = [] if _IN_ITS_PLACE in body else [found.span(1) for found in _RUN.finditer(body)]
    if not spans:
        return body, []
    view = memoryview(body)
    edges = [0, *chain.from_iterable(spans), len(body)]
    rest = [view[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    return _IN_ITS_PLACE.join(rest), [view[start:end] for start, end in spans]


def _put_back(text: bytes, runs: Sequence[memoryview]) -> bytes:
    """A text with the runs in their places again."""
    if not runs:
        return text
    first, *others = text.split(_IN_ITS_PLACE)
    pieces: list[bytes | memoryview] = [first]
    for run, other in zip(runs, others, strict=True):
        pieces += (run, other)
    return b"".join(pieces)


def _layout_of(value: bytes, shown: bytes) -> Note | None:
    """The part of a note that makes the original out of the indented text; None where nothing known does."""
    if value == shown:
        return {}
    inner = _FIRST_BREAK.match(value)
    if inner is None:
        names = ("spaced", "compact") if _SPACED.match(value) else ("compact", "spaced")
        candidates: list[Note] = [{"layout": name} for name in names]
    else:
        unit = inner[1]
        candidates = [{"layout": "indent", "indent": "tab" if unit == b"\t" else len(unit)}]
    return next((layout for layout in candidates if _lay_out(shown, layout) == value), None)


def _lay_out(shown: bytes, note: Note) -> bytes:
    """Indented JSON in the layout that a note names. Strings hold no line breaks, so a line's start is outside of
    them."""
    layout = note.get("layout")
    if layout is None:
        return shown
    if not isinstance(layout, str) or layout not in _LAYOUTS:
        raise BadNote("a body's note names a layout that is not known here")
    return _LAYOUTS[layout](shown, note)


def _compact(shown: bytes, _: Note) -> bytes:
    return _LINE_AND_KEY.sub(rb"\1", shown)


def _spaced(shown: bytes, _: Note) -> bytes:
    return _LINE.sub(b"", _COMMA_LINE.sub(b", ", shown))


def _indent(shown: bytes, note: Note) -> bytes:
    size = note.get("indent")
    if size == 4:  # by far the most usual
        return _LINE.sub(rb"\n\1\1", shown)
    if size != "tab" and not (isinstance(size, int) and 0 <= size <= 16):
        raise BadNote("a body's note names an indent that is not known here")
    unit = b"\t" if size == "tab" else b" " * int(str(size))
    return _LINE.sub(lambda line: b"\n" + unit * (len(line[1]) // 2), shown)


_LAYOUTS: dict[str, Callable[[bytes, Note], bytes]] = {"compact": _compact, "spaced": _spaced, "indent": _indent}


def _original(text: bytes, note: Note) -> bytes:
    """The body, from a readable text that nobody edited."""
    rest, runs = _put_aside(text)
    case, before, after = note.get("ascii"), note.get("before", ""), note.get("after")
    newline = b"\n" if after is None and rest.endswith(b"\n") else b""
    value = rest.removesuffix(newline)
    if case is not None:
        value = _with_escapes(value, case)
    behind = newline if after is None else str(after).encode()
    return _put_back(b"".join((str(before).encode(), _lay_out(value, note), behind)), runs)


def _without_escapes(text: bytes) -> tuple[bytes, str]:
    """A text with its ``\\uXXXX`` as characters, and the case that leads back; the text as it is, and ``""``, if none
    does."""
    if b"\\u" not in text or not text.isascii():
        return text, ""
    real = _ESCAPE.sub(_character, text)
    if real == text:
        return text, ""
    case = next((case for case in ("lower", "upper") if _with_escapes(real, case) == text), "")
    return (real, case) if case else (text, "")


def _character(escape: re.Match[bytes]) -> bytes:
    """The character an escape stands for, if a file shows it well; else the escape."""
    high, low, single = escape.groups()
    if high:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00).encode()
    if not single:
        return escape[0]
    character = chr(int(single, 16))
    return escape[0] if _HIDDEN.match(character) else character.encode()


def _with_escapes(text: bytes, case: object) -> bytes:
    """A text with everything beyond ASCII as ``\\uXXXX``."""
    if case not in ("lower", "upper"):
        raise BadNote("a body's note names a way of escaping that is not known here")
    return _BEYOND_ASCII.sub(lambda run: _hex(run[0], case == "upper"), text)


def _hex(run: bytes, upper: bool) -> bytes:
    """A run of characters beyond ASCII as escapes; the standard library writes them in lower case."""
    escapes = json.dumps(run.decode("utf-8", "surrogatepass"))[1:-1].encode()
    return _HEX.sub(lambda one: b"\\u" + one[1].upper(), escapes) if upper else escapes


def from_base64(text: Text | str) -> bytes:
    """The bytes of a text in base64, as a file in JSON holds a body that is not text. Raises BadNote."""
    plain = b"".join(text.data.split()) if isinstance(text, Text) else "".join(text.split())
    try:
        return base64.b64decode(plain, validate=True)
    except ValueError:
        raise BadNote("a body said to be base64 is not") from None


def as_note(value: Any) -> Note | None:
    """A value from a file as a note. Raises BadNote for what is no mapping."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise BadNote("a body's note must be a mapping")
    return value
