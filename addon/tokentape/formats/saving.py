"""The model into a cassette's bytes: a whole file, or more interactions behind those it has.

The rule: what is in the file and was not changed is written back as it stands there, byte for byte, whatever its
style; what is new is written in go-vcr's layout. ``append`` leaves every byte of the file where it is, if the file
ends in a way that allows it, and its cost depends on what is added, not on what is there. Files of a foreign format
are never written.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from tokentape.errors import LibraryTrouble
from tokentape.formats import emit, notes
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
_HEAD = b"---\nversion: 2\n"
# The end of a JSON file in our layout: the last item, the list, the file.
_JSON_END = re.compile(rb"\n    \}\n  \]\n\}\n?\Z")


def dump(cassette: Cassette, kind: Kind) -> bytes:
    """A cassette as a file. Raises LibraryTrouble for one that was read from a foreign format."""
    return draft(cassette, kind).whole()


def draft(cassette: Cassette, kind: Kind) -> Draft:
    """As ``dump``, piece by piece."""
    frame = _own_frame(cassette)
    if kind == "json":
        return Draft(_json_file(cassette.interactions, frame))
    dash = frame.dash if frame.kind == "yaml" and frame.dash is not None else None
    if dash is None or not cassette.interactions:
        head, tail, dash = _new_head(frame, bool(cassette.interactions)), b"", _DASH
    else:
        head, tail = frame.head, frame.tail
    return Draft([head], _yaml_items(cassette.interactions, dash), [tail])


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


def append_items(data: bytes, last: Interaction, count: int, added: Sequence[Interaction]) -> Draft | None:
    """As ``append``, piece by piece, for a YAML file of which only the ``last`` of its ``count`` interactions was read;
    None where its end is not what it should be."""
    return _append_yaml(data, last, count, added)


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


def _new_head(frame: Frame, filled: bool) -> bytes:
    return _HEAD + emit.mapping(frame) + (b"interactions:\n" if filled else b"interactions: []\n")


def _yaml_items(interactions: Sequence[Interaction], dash: int) -> Iterator[Iterable[bytes]]:
    number = 0
    for place, interaction in enumerate(interactions):
        raw = interaction.raw
        if isinstance(raw, Loaded) and raw.kind == "yaml" and raw.tells(interaction):
            yield [raw.text] if raw.text and raw.dash == dash else emit.item(raw.tree, dash)
            number = -1
        else:
            # The number behind a loaded item's is asked for only where it is needed: it takes reading the item.
            number = _number(interactions[place - 1].raw, place) if number < 0 else number
            yield emit.item(tree_of(interaction, number, "yaml", _older(raw)), dash)
            number += 1


def _older(raw: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The tree that an interaction was loaded from, less its number."""
    return {key: value for key, value in raw.tree.items() if key != "id"} if isinstance(raw, Loaded) else None


def _number(raw: Mapping[str, Any] | None, place: int) -> int:
    """The id behind a loaded item's; ``place`` where it has none."""
    number = notes.number(raw.get("id")) if raw is not None else None
    return place if number is None else number + 1


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
    number = _number(tree, count)
    items: Iterator[Iterable[bytes]] = (
        emit.item(tree_of(one, number + at, "yaml"), dash) for at, one in enumerate(added)
    )
    if data.endswith(b"\r\n", 0, start):
        items = ([piece.replace(b"\n", b"\r\n") for piece in item] for item in items)
    return Draft([memoryview(data)[:end], ending], items, [memoryview(data)[end:]])


def _json_file(interactions: Sequence[Interaction], frame: Frame) -> Iterator[bytes]:
    trees: list[Any] = []
    number = 0
    for interaction in interactions:
        raw = interaction.raw
        if isinstance(raw, Loaded) and raw.kind == "json" and raw.tells(interaction):
            trees.append(raw.tree)
            number = _number(raw, len(trees) - 1)
        else:
            trees.append(tree_of(interaction, number, "json", _older(raw)))
            number += 1
    return batched(chain(dump_json({"version": 2, **frame, "interactions": trees}), "\n"))


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
    number = _number(tree, count)
    more = batched(_json_items(added, number))
    return Draft(chain([memoryview(data)[:end]], more, [memoryview(data)[end:]]))


def _json_items(added: Sequence[Interaction], number: int) -> Iterator[str]:
    for at, one in enumerate(added):
        yield ",\n    "
        yield from dump_json(tree_of(one, number + at, "json"), 4)
