"""The shape of an answer: which keys it has and of what types, whatever the values; and in what two shapes differ.

The rules: items of one list have one shape together, so have events of one name; null says nothing about a type, and
an empty list nothing about its items. What is gone or new is told once, at the topmost place.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tokentape import transcript
from tokentape.errors import BadBody
from tokentape.matching.canonical import Number, Value
from tokentape.matching.content import JsonBody, content_of
from tokentape.matching.showing import printable, step
from tokentape.model import Response, header
from tokentape.wire import framing

# A place of a tree, and the types of what was seen there.
type Shape = Mapping[str, frozenset[str]]

_ITEM = "[]"
_NULL = "null"
_TYPES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    ((int, float, Number), "number"),
    (str, "text"),
    (list, "list"),
    (dict, "object"),
)


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that is not as recorded. ``kind`` is ``gone``, ``new`` or ``changed``; the others are types, or values
    where a value is its own type (a status)."""

    path: str
    kind: str
    recorded: str = ""
    live: str = ""

    def __str__(self) -> str:
        """In words, on one line."""
        match self.kind:
            case "gone":
                return f"{self.path}: gone (was {self.recorded})"
            case "new":
                return f"{self.path}: new ({self.live})"
            case _:
                return f"{self.path}: was {self.recorded}, is {self.live}"


def drift(recorded: Response, live: Response) -> tuple[Drift, ...]:
    """In what an answer that came now has another shape than the recorded one."""
    rows = [
        ("status", str(recorded.status), str(live.status)),
        ("content-type", _kind(recorded), _kind(live)),
        ("ending", _ending(recorded), _ending(live)),
        ("body", _body(recorded), _body(live)),
    ]
    found = [Drift(what, "changed", old, new) for what, old, new in rows if old != new]
    return (*found, *_tree_drift(shape_of(_tree(recorded)), shape_of(_tree(live))))


def shape_of(value: Value) -> Shape:
    """The types seen at each place of a tree; places of list items end in ``[]``."""
    found: dict[str, set[str]] = defaultdict(set)
    waiting: list[tuple[str, Value]] = [("", value)]
    while waiting:
        path, one = waiting.pop()
        found[path].add(_type(one))
        if isinstance(one, dict):
            waiting += [(path + step(key), child) for key, child in one.items()]
        elif isinstance(one, list):
            waiting += [(path + _ITEM, child) for child in one]
    return {path: frozenset(types) for path, types in found.items()}


def _tree_drift(recorded: Shape, live: Shape) -> Iterator[Drift]:
    for path in sorted(recorded.keys() | live.keys()):
        old, new = recorded.get(path, frozenset()), live.get(path, frozenset())
        name = f"answer{path}"
        if not new:
            if _is_told(path, live):
                yield Drift(name, "gone", _said(old))
        elif not old:
            if _is_told(path, recorded):
                yield Drift(name, "new", live=_said(new))
        elif not (old - {_NULL}) <= (new - {_NULL}) and not (new - {_NULL}) <= (old - {_NULL}):
            yield Drift(name, "changed", _said(old), _said(new))


def _is_told(path: str, other: Shape) -> bool:
    """Whether that a place is missing says something: the place above is there, and could have held it."""
    if path.endswith(_ITEM):
        return False
    parent = _parent(path)
    return "object" in other.get(parent, ())


def _parent(path: str) -> str:
    """The place above: less its last step, as ``.name``, ``["a.b"]`` or ``[]``."""
    if path.endswith(_ITEM):
        return path.removesuffix(_ITEM)
    if path.endswith('"]'):
        return path[: path.rindex('["')]
    return path[: path.rindex(".")] if "." in path else ""


def _type(value: Value) -> str:
    return next((name for kind, name in _TYPES if isinstance(value, kind)), _NULL)


def _said(types: frozenset[str]) -> str:
    return " or ".join(sorted(types - {_NULL})) or _NULL


def _tree(response: Response) -> Value:
    """The JSON of an answer; of a stream, its events by their names."""
    events = transcript.stream_of(response)
    if events is None:
        return _json(response)
    named: dict[str, list[Value]] = defaultdict(list)
    for name, tree in events.read:
        kind = tree.get("type")
        named[name or (kind if isinstance(kind, str) else "") or "event"].append(tree)
    whole: Value = dict(named)
    return whole


def _json(response: Response) -> Value:
    try:
        content = content_of(response.body, response.headers)
    except BadBody:
        return None
    return content.tree if isinstance(content, JsonBody) else None


def _body(response: Response) -> str:
    return "there" if response.body else "empty"


def _kind(response: Response) -> str:
    return printable(framing.media_type(header(response.headers, "content-type") or "none"))


def _ending(response: Response) -> str:
    return "broken off" if response.truncated else "whole"
