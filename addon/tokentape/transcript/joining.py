"""Put the pieces of a stream together: texts grow by pieces, lists by index.

The rule: the cost is that of the whole, however many pieces there are; a text is joined once, at the end.
"""

from typing import Any

# Texts that come in pieces; any other member of a delta comes whole, and some APIs repeat it.
_GROWING = frozenset(
    {"content", "refusal", "reasoning_content", "reasoning", "arguments", "text", "transcript", "data"}
)


class Growing(list[str]):
    """The pieces of a text so far."""


def grow(tree: dict[str, Any], key: str, piece: object) -> None:
    """A piece more of the text under a key."""
    if not isinstance(piece, str):
        return
    found = tree.get(key)
    if not isinstance(found, Growing):
        found = tree[key] = Growing([found] if isinstance(found, str) else [])
    found.append(piece)


def merge(tree: dict[str, Any], delta: dict[str, Any]) -> None:
    """A delta in the way of Chat Completions into what there is of the message."""
    for key, value in delta.items():
        found = tree.get(key)
        if key in _GROWING and isinstance(value, str):
            grow(tree, key, value)
        elif isinstance(value, dict) and isinstance(found, dict):
            merge(found, value)
        elif isinstance(value, list):
            _merge_items(tree, key, value)
        elif value is not None or found is None:
            tree[key] = merged({}, value) if isinstance(value, dict) else value


def merged(tree: dict[str, Any], delta: dict[str, Any]) -> dict[str, Any]:
    """As ``merge``; the tree."""
    merge(tree, delta)
    return tree


def at(items: list[Any], index: object) -> dict[str, Any]:
    """The object at an index of a list; the list is made long enough, but for an index that no stream has."""
    place = index if isinstance(index, int) and 0 <= index < len(items) + _FAR else len(items)
    items.extend({} for _ in range(place + 1 - len(items)))
    if not isinstance(items[place], dict):
        items[place] = {}
    found: dict[str, Any] = items[place]
    return found


def settled(value: Any) -> Any:
    """The tree with its texts joined."""
    if isinstance(value, Growing):
        return "".join(value)
    if isinstance(value, dict):
        return {key: settled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [settled(item) for item in value]
    return value


# An index may be so far behind the last (choices and tool calls come out of order); a body can hold any number there.
_FAR = 64


def _merge_items(tree: dict[str, Any], key: str, items: list[Any]) -> None:
    found = tree.get(key)
    if not isinstance(found, list) or isinstance(found, Growing):
        found = tree[key] = []
    for item in items:
        if isinstance(item, dict) and "index" in item:
            merge(at(found, item["index"]), item)
        else:
            found.append(item)
