"""Two JSON bodies and what tells them apart.

The rule: what is equal by value is never mentioned, and items that were put into or left out of a list are said as
such, so that one message more is one difference. The first differing turn of a conversation comes before all else.
"""

from difflib import SequenceMatcher

from tokentape.matching import canonical
from tokentape.matching.canonical import Value
from tokentape.matching.conversation import conversation_key, turns
from tokentape.matching.findings import Findings
from tokentape.matching.showing import step, two_values, value_text

# Longer lists are compared item by item, because aligning them takes quadratic time at worst.
_ALIGNED = 200
# Items that are compared at once while they are equal.
_BLOCK = 64


def compare_trees(recorded: Value, incoming: Value, found: Findings, root: str = "body") -> None:
    """Find the differences of two bodies; the paths begin with ``root``."""
    key = conversation_key(recorded)
    if key is None or key != conversation_key(incoming):
        _values(root, recorded, incoming, found)
        return
    assert isinstance(recorded, dict)
    assert isinstance(incoming, dict)
    before, now = recorded[key], incoming[key]
    assert isinstance(before, list)
    assert isinstance(now, list)
    _lists(f"{root}{step(key)}", before, now, found, in_turns=True)
    _values(root, _less(recorded, key), _less(incoming, key), found)


def _less(tree: dict[str, Value], key: str) -> dict[str, Value]:
    return {name: value for name, value in tree.items() if name != key}


def _values(path: str, recorded: Value, incoming: Value, found: Findings, said: str = "") -> None:
    if found.full or _equal(recorded, incoming):
        return
    found.comparisons += 1
    if isinstance(recorded, dict) and isinstance(incoming, dict):
        _objects(path, recorded, incoming, found, said)
    elif isinstance(recorded, list) and isinstance(incoming, list):
        _lists(path, recorded, incoming, found, said)
    elif isinstance(recorded, str) and isinstance(incoming, str):
        found.texts(path, recorded, incoming, said)
    else:
        found.add(path, *two_values(recorded, incoming), turn=said)


def _objects(path: str, recorded: dict[str, Value], incoming: dict[str, Value], found: Findings, said: str) -> None:
    for key in sorted(recorded.keys() | incoming.keys()):
        below = path + step(key)
        if key not in incoming:
            found.missing(below, value_text(recorded[key]), said)
        elif key not in recorded:
            found.extra(below, value_text(incoming[key]), said)
        else:
            _values(below, recorded[key], incoming[key], found, said)


def _lists(
    path: str, recorded: list[Value], incoming: list[Value], found: Findings, said: str = "", *, in_turns: bool = False
) -> None:
    """Compare lists run by run: items that were put in, left out, or changed in their place."""
    before = turns(recorded) if in_turns else (said,) * len(recorded)
    now = turns(incoming) if in_turns else (said,) * len(incoming)
    for start, end, new_start, new_end in _unequal_runs(recorded, incoming):
        both = min(end - start, new_end - new_start)
        for old, new in zip(range(start, start + both), range(new_start, new_end), strict=False):
            if found.full:
                return
            _values(f"{path}[{new}]", recorded[old], incoming[new], found, now[new])
        if end - start > both:
            found.missing(path + _places(start + both, end), _run(recorded[start + both : end]), before[start + both])
        if new_end - new_start > both:
            first = new_start + both
            found.extra(path + _places(first, new_end), _run(incoming[first:new_end]), now[first])


def _places(start: int, end: int) -> str:
    return f"[{start}]" if end - start == 1 else f"[{start}..{end - 1}]"


def _run(items: list[Value]) -> str:
    return value_text(items[0]) if len(items) == 1 else f"{len(items):,} items"


def _unequal_runs(recorded: list[Value], incoming: list[Value]) -> list[tuple[int, int, int, int]]:
    """Start and end in either list of what is different between them."""
    front = _equal_items(recorded, incoming)
    back = _equal_items(recorded[: front - 1 if front else None : -1], incoming[: front - 1 if front else None : -1])
    end, new_end = len(recorded) - back, len(incoming) - back
    if end == front and new_end == front:
        return []
    if max(end, new_end) - front > _ALIGNED:
        return [(front, end, front, new_end)]
    before = [canonical.text(item) for item in recorded[front:end]]
    now = [canonical.text(item) for item in incoming[front:new_end]]
    codes = SequenceMatcher(None, before, now, autojunk=False).get_opcodes()
    return [(front + a, front + b, front + c, front + d) for tag, a, b, c, d in codes if tag != "equal"]


def _equal_items(recorded: list[Value], incoming: list[Value]) -> int:
    """How many items are equal from the front."""
    length = min(len(recorded), len(incoming))
    place = 0
    while place < length:
        stop = min(place + _BLOCK, length)
        if not _equal(recorded[place:stop], incoming[place:stop]):
            break
        place = stop
    while place < length and _equal(recorded[place], incoming[place]):
        place += 1
    return place


def _equal(recorded: Value, incoming: Value) -> bool:
    """Equality by value; Python takes 1 for true, a body does not."""
    if recorded != incoming:
        return False
    if isinstance(recorded, list | dict):
        return canonical.text(recorded) == canonical.text(incoming)
    return isinstance(recorded, bool) == isinstance(incoming, bool)
