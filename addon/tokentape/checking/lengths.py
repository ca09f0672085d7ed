"""What a file says of the length of its bodies, which is what go-vcr replays by, and how it is put right in the text.

The rule: in the text only the digits of a length change, or nothing does.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tokentape.formats import body as bodies
from tokentape.formats import notes
from tokentape.formats.loaded import item_tree
from tokentape.formats.yamltext import line_of

PARTS = ("request", "response")


def size(tree: Mapping[str, Any], part: str) -> int:
    """The bytes of a body as the file has it, which is what go-vcr answers with."""
    side = notes.sides_of(tree)[PARTS.index(part)]
    stored = (tree.get(part) or {}).get("body") or ""
    if isinstance(stored, bytes):
        return len(stored)
    note = bodies.as_note(side.get("body"))
    if note and notes.truth(note.get("base64")):
        return len(bodies.from_base64(str(stored)))
    return len(bodies.restore(stored).body)


def told(tree: Mapping[str, Any], part: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Where a length is said, and which."""
    side = tree.get(part) or {}
    field = notes.number(side.get("content_length"))
    # Go's 0 for a request is also "unknown".
    if field is not None and not (part == "request" and field == 0):
        yield ("content_length",), field
    for name, values in (side.get("headers") or {}).items():
        if name.lower() == "content-length" and len(values or ()) == 1 and str(values[0]).isdecimal():
            yield ("headers", name), int(str(values[0]))


def renewed(text: bytes, dash: int, before: Mapping[str, Any]) -> bytes | None:
    """The text of an item, whose bodies are not those of its tree ``before``, with the lengths that were right then
    right again; None where they can't be changed alone. Raises Misread."""
    tree = item_tree(text, dash)
    sizes = {part: (size(before, part), size(tree, part)) for part in PARTS}
    stale = [
        (part, keys, is_now)
        for part, (was, is_now) in sizes.items()
        for keys, length in told(before, part)
        if length == was != is_now
    ]
    for part, keys, is_now in stale:
        text = _with_length(text, (part, *keys), sizes[part][0], is_now)
    tree = item_tree(text, dash) if stale else tree
    return text if all((keys, is_now) in told(tree, part) for part, keys, is_now in stale) else None


def _with_length(text: bytes, keys: tuple[str, ...], was: int, is_now: int) -> bytes:
    """The text with another length in the line where one stands, if no other number there is the same."""
    line = line_of(text, (0, *keys, 0) if "headers" in keys else (0, *keys))
    lines = text.splitlines(keepends=True)
    if line is None or line > len(lines):
        return text
    changed, found = re.subn(rb"(?<![\w.+-])%d(?![\w.])" % was, b"%d" % is_now, lines[line - 1])
    if found == 1:
        lines[line - 1] = changed
    return b"".join(lines)
