"""Look into JSON that may be anything: each look gives a value of the type asked for, an empty one where there is none.

The rule: a body that is not as its API says is read as far as it is; nothing in here raises.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable

from tokentape.matching.canonical import Number, Value
from tokentape.matching.showing import size, value_text
from tokentape.transcript.words import Media

type Tree = dict[str, Value]

_DATA_URL = re.compile(r"data:([^;,]*)[^,]*,", re.ASCII)
_LONGEST_URL = 200


def mapping(value: Value) -> Tree:
    """An object."""
    return value if isinstance(value, dict) else {}


def listed(value: Value) -> list[Value]:
    """A list."""
    return value if isinstance(value, list) else []


def objects(value: Value) -> list[Tree]:
    """The objects in a list; what is in it besides is left out."""
    return [item for item in listed(value) if isinstance(item, dict)]


def text(value: Value) -> str:
    """A text."""
    return value if isinstance(value, str) else ""


def count(value: Value) -> int | None:
    """A whole number, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def first(tree: Tree, *keys: str) -> Value:
    """The value of the first of several spellings of a key, or None."""
    return next((tree[key] for key in keys if tree.get(key) is not None), None)


def json_text(value: Value) -> str:
    """A value as the JSON that would be on the wire; a text is taken for JSON already."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=_number)


def rest(tree: Tree, said: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The members of a body that are not said elsewhere, their values short and safe to show."""
    told = frozenset(said)
    return tuple((key, value_text(value)) for key, value in tree.items() if key not in told and value is not None)


def media(kind: str, source: str, media_type: str = "") -> Media:
    """What there is to say about something that is no text, by its URL or its base64."""
    if found := _DATA_URL.match(source):
        return media(kind, source[found.end() :], found[1])
    if "://" in source[:12]:
        return Media(kind, source if len(source) <= _LONGEST_URL else f"{source[:_LONGEST_URL]}…")
    return Media(kind, ", ".join(word for word in (media_type, _size(source)) if word))


def _size(source: str) -> str:
    if not source:
        return ""
    try:
        return size(len(base64.b64decode(source, validate=True)))
    except (binascii.Error, ValueError):
        return ""


def _number(value: object) -> object:
    assert isinstance(value, Number)
    return str(value)
