"""A text as it is meant: escapes undone, with the way back to where each piece stands in the text as it is written.

A secret may be written in JSON's escapes, in a URL's, in HTML's, in one inside of another, or cut by the line breaks of
base64. Undone are only escapes of characters that words of keys are made of, unless ``every`` is asked for.

The rule: a view is for finding; nobody writes it. Time grows with the size of the text and the escapes in it.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

# Each undoes an escape however often it was escaped again by its own kind: \\\\u0041, %252F, &amp;amp;#47;
# Each begins with the one character it may begin with, which is what makes the search of a large text fast.
_LIGHT = (
    rb"\\\\*u00([2-7][0-9a-fA-F])|\\\\*(/)|%(?:25)*([2-7][0-9a-fA-F])"
    rb"|&(?:amp;)*(?:\#([0-9]{2,3})|\#[xX]([0-9a-fA-F]{2})|(amp|lt|gt|quot|apos));"
    # The line breaks of base64, which comes in lines of 64 or 76.
    rb"|\n(?<=[A-Za-z0-9+/]{60}\n)(?=[A-Za-z0-9+/=]{2})"
    rb"|\r(?<=[A-Za-z0-9+/]{60}\r)(?:\\+n|\n)(?=[A-Za-z0-9+/=]{2})"
    rb"|\\(?<=[A-Za-z0-9+/]{60}\\)\\*(?:n|r(?:\\+n|\n))(?=[A-Za-z0-9+/=]{2})"
)
_ESCAPE = re.compile(_LIGHT)
_ANY_ESCAPE = re.compile(_LIGHT + rb"|\\+u([0-9a-fA-F]{4})|\\+([\"nrtbf])|(\\)\\+|(%)25|%([0-9a-fA-F]{2})")
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_NAMED = {b"amp": b"&", b"lt": b"<", b"gt": b">", b"quot": b'"', b"apos": b"'"}
# Without one of these there is no HTML to undo: a cheap question first.
_HTML_SIGNS = (b"&#", b"&amp;", b"&lt;", b"&gt;", b"&quot;", b"&apos;")
_PASSES = 4


@dataclass(frozen=True, slots=True)
class View:
    """``data`` as it is searched. ``original`` says where a piece of it stands in the text it is a view of."""

    data: bytes
    # Ascending offsets at which a run begins: in the view, and in the text; and whether the run is one escape.
    _starts: "array[int]" = field(default_factory=lambda: array("Q"))
    _origins: "array[int]" = field(default_factory=lambda: array("Q"))
    _escapes: bytearray = field(default_factory=bytearray)
    _below: "View | None" = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Start and end in the text, of a piece of the view that is not empty."""
        if not self._starts:
            return start, end
        first, last = self._run(start), self._run(end - 1)
        begin = self._origins[first] + (0 if self._escapes[first] else start - self._starts[first])
        stop = self._origins[last + 1] if self._escapes[last] else self._origins[last] + end - self._starts[last]
        return (begin, stop) if self._below is None else self._below.original(begin, stop)

    def _run(self, place: int) -> int:
        return bisect_right(self._starts, place) - 1


def views(data: bytes, *, every: bool = False, lines: bool = True) -> Iterator[View]:
    """The text itself, then with its escapes undone, as long as there are some. ``lines`` says that there may be words
    of sixty characters, which a line break cuts."""
    view = View(data)
    yield view
    for _ in range(_PASSES):
        if not (_may_be_escaped(view.data, every=every) or (lines and (b"\n" in view.data or b"\\n" in view.data))):
            return
        undone = _undone(view, every=every)
        if undone is None:
            return
        view = undone
        yield view


def meant(data: bytes) -> bytes:
    """A text with every escape undone: what the last of its views holds."""
    *_, last = views(data, every=True)
    return last.data


def _may_be_escaped(data: bytes, *, every: bool) -> bool:
    if every and b"\\" in data:
        return True
    # Not a loop over a table: this is asked of every text of every request.
    return b"%" in data or (b"\\" in data and (b"\\u00" in data or b"\\/" in data)) or (b"&" in data and _is_html(data))


def _is_html(data: bytes) -> bool:
    return any(sign in data for sign in _HTML_SIGNS)


def _undone(below: View, *, every: bool) -> View | None:
    """The view above one; None where nothing was to be undone."""
    data = below.data
    text_above = bytearray()
    starts, origins, escapes = array("Q"), array("Q"), bytearray()
    position = 0

    def run(text: bytes, origin: int, *, escape: bool) -> None:
        starts.append(len(text_above))
        origins.append(origin)
        escapes.append(escape)
        text_above.extend(text)

    for found in (_ANY_ESCAPE if every else _ESCAPE).finditer(data):
        if found.start() > position:
            run(data[position : found.start()], position, escape=False)
        text = _of_escape(found)
        if text:
            run(text, found.start(), escape=True)
        position = found.end()
    if not starts and not position:
        return None
    # The rest, and where the last escape ends.
    run(data[position:], position, escape=False)
    return View(bytes(text_above), starts, origins, escapes, below if below._starts else None)


def _of_escape(found: re.Match[bytes]) -> bytes:
    index = found.lastindex
    if index is None:
        return b""  # a line break in base64
    return _READ[index](found[index])


def _hex(text: bytes) -> bytes:
    return bytes((int(text, 16),))


def _decimal(text: bytes) -> bytes:
    number = int(text)
    return bytes((number,)) if number < 128 else b" "


def _code_point(text: bytes) -> bytes:
    return chr(int(text, 16)).encode("utf-8", "surrogatepass")


def _itself(text: bytes) -> bytes:
    return text


_READ: dict[int, Callable[[bytes], bytes]] = {
    1: _hex,
    2: _itself,
    3: _hex,
    4: _decimal,
    5: _hex,
    6: lambda text: _NAMED[text],
    7: _code_point,
    8: lambda text: _LETTERS.get(text, text),
    9: _itself,
    10: _itself,
    11: _hex,
}
