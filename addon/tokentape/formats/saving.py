"""The model into a cassette's bytes: a whole file, or more interactions behind those it has.

The rule: what is in the file and was not changed is written back as it stands there, byte for byte, whatever its
style; what is new is written in go-vcr's layout. ``append`` leaves every byte of the file where it is, if the file
ends in a way that allows it, and its cost depends on what is added, not on what is there. Files of a foreign format
are never written.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tokentape.errors import LibraryTrouble
from tokentape.formats import cutjson, emit, notes
from tokentape.formats.cut import dash_of, last_item
from tokentape.formats.jsontext import dump_json, parse_json
from tokentape.formats.loaded import Frame, Kind, Loaded, item_tree
from tokentape.formats.loading import load
from tokentape.formats.pieces import Draft, batched
from tokentape.formats.reading import Fields, interaction_of
from tokentape.formats.tree import Misread
from tokentape.formats.writing import tree_of
from tokentape.model import Cassette, Interaction

_DASH = 4
BETWEEN: dict[Kind, bytes] = {"yaml": b"", "json": cutjson.BETWEEN}
"""What stands between two items of a file."""
_HEAD = b"---\nversion: 2\n"
# The end of a JSON file in our layout: the last item, the list, the file.
_JSON_END = re.compile(rb"\n    \}\n  \]\n\}\n?\Z")


def dump(cassette: Cassette, kind: Kind) -> bytes:
    """A cassette as a file. Raises LibraryTrouble for one that was read from a foreign format."""
    return draft(cassette, kind).whole()


def draft(cassette: Cassette, kind: Kind) -> Draft:
    """As ``dump``, piece by piece."""
    frame = _own_frame(cassette)
    if frame.kind == kind and frame.dash is not None and cassette.interactions:
        head, tail, dash = frame.head, frame.tail, frame.dash
    else:
        head, tail = _new_frame(frame, kind, bool(cassette.interactions))
        dash = _DASH
    return Draft([head], _items(cassette.interactions, kind, dash), [tail], BETWEEN[kind])


def append(data: bytes, cassette: Cassette, added: Sequence[Interaction], kind: Kind) -> bytes:
    """The file ``data``, which holds ``cassette``, with more interactions at its end. Raises LibraryTrouble for a
    file of a foreign format."""
    if isinstance(cassette.raw, Frame):
        _own_frame(cassette)
    if not added:
        return data
    grow = _append_json if kind == "json" else _append_yaml
    present = cassette.interactions
    longer = grow(data, present[-1], len(present), added) if present else None
    if longer is not None:
        return longer.whole()
    # Nothing but the file itself tells what else is in it, for a cassette that was not loaded from it.
    raw = load(data, f"cassette.{kind}").raw if data.strip() and not isinstance(cassette.raw, Frame) else cassette.raw
    return dump(Cassette((*cassette.interactions, *added), raw), kind)


def read_only(cassette: Cassette | bytes) -> bool:
    """Whether a cassette, or the file with these bytes, is of a format that is read and never written."""
    raw = load(cassette, "cassette").raw if isinstance(cassette, bytes) else cassette.raw
    return isinstance(raw, Frame) and bool(raw.foreign)


def _own_frame(cassette: Cassette) -> Frame:
    raw = cassette.raw
    if not isinstance(raw, Frame):
        return Frame("yaml", raw)
    if raw.foreign:
        raise LibraryTrouble(
            f"a cassette in the format of {raw.foreign} is only read, never written",
            "record into a cassette of another name",
        )
    return raw


def _new_frame(frame: Frame, kind: Kind, filled: bool) -> tuple[bytes, bytes]:
    """What stands in front of the items and behind them."""
    if kind == "yaml":
        return _HEAD + emit.mapping(frame) + (b"interactions:\n" if filled else b"interactions: []\n"), b""
    empty = "".join(dump_json({"version": 2, **frame, "interactions": []})).encode()
    return (empty.removesuffix(b"]\n}") + b"\n    ", cutjson.TAIL) if filled else (empty, b"\n")


def _items(interactions: Sequence[Interaction], kind: Kind, dash: int) -> Iterator[Iterable[bytes]]:
    number = 0
    for place, interaction in enumerate(interactions):
        raw = interaction.raw
        if isinstance(raw, Loaded) and raw.kind == kind and raw.tells(interaction):
            yield [raw.text] if raw.text and raw.dash == dash else _item(raw.tree, kind, dash)
            number = -1
        else:
            # The number behind a loaded item's is asked for only where it is needed: it takes reading the item.
            number = number_behind(interactions[place - 1].raw, place) if number < 0 else number
            yield _item(tree_of(interaction, number, kind, _older(raw)), kind, dash)
            number += 1


def new_items(added: Iterable[Interaction], number: int, kind: Kind, dash: int) -> Iterator[Iterable[bytes]]:
    """Interactions as items of a file, piece by piece, the first with this number."""
    return (_item(tree_of(one, number + at, kind), kind, dash) for at, one in enumerate(added))


def _item(tree: Mapping[str, Any], kind: Kind, dash: int) -> Iterator[bytes]:
    return emit.item(tree, dash) if kind == "yaml" else batched(dump_json(tree, dash))


def _older(raw: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The tree that an interaction was loaded from, less its number."""
    return {key: value for key, value in raw.tree.items() if key != "id"} if isinstance(raw, Loaded) else None


def number_behind(raw: Mapping[str, Any] | None, place: int) -> int:
    """The id behind a loaded item's; ``place`` where it has none."""
    number = notes.number(raw.get("id")) if raw is not None else None
    return place if number is None else number + 1


def with_crlf(items: Iterable[Iterable[bytes]]) -> Iterator[Iterable[bytes]]:
    """Items with the line ends of their file."""
    return ((piece.replace(b"\n", b"\r\n") for piece in item) for item in items)


def _append_yaml(data: bytes, last: Interaction, count: int, added: Sequence[Interaction]) -> Draft | None:
    """The file with more items behind the last; None where its end is not what it should be."""
    dash = dash_of(data)
    place = None if dash is None else last_item(data, dash)
    if dash is None or place is None:
        return None
    start, end = place
    piece = data[start:end]
    ending = b"" if piece.endswith(b"\n") else b"\n"
    try:
        tree = item_tree(piece, dash)
        # The end of the file is where it seems to be if the last interaction is what stands there.
        if interaction_of(tree, Fields()) != last or (ending and item_tree(piece + ending, dash) != tree):
            return None
    except Misread:
        return None
    items = new_items(added, number_behind(tree, count), "yaml", dash)
    if data.endswith(b"\r\n", 0, start):
        items = with_crlf(items)
    return Draft([memoryview(data)[:end], ending], items, [memoryview(data)[end:]])


def _append_json(data: bytes, last: Interaction, count: int, added: Sequence[Interaction]) -> Draft | None:
    """As _append_yaml, for a file in our own JSON layout."""
    ending = _JSON_END.search(data[-16:])
    if not ending:
        return None
    end = len(data) - len(data[-16:]) + ending.start() + len(b"\n    }")
    start = data.rfind(b"\n    {", 0, end) + 1
    try:
        tree = parse_json(data[start:end])
        if interaction_of(tree, Fields()) != last:
            return None
    except Misread:
        return None
    items = new_items(added, number_behind(tree, count), "json", cutjson.COLUMN)
    return Draft([memoryview(data)[:end], cutjson.BETWEEN], items, [memoryview(data)[end:]], cutjson.BETWEEN)
