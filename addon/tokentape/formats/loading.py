"""A cassette's bytes into the model: which format they are in, then item by item, with the place of whatever is
wrong.

The rule: a damaged file is an error that names file and line, never an empty cassette. A file is cut into its items and
read one at a time, so that 100,000 interactions take no more memory than they fill; where that can't be (flow style,
anchors used across items, JSON in another layout), it is read whole, YAML up to a size. An empty file has no
interactions, as with go-vcr. Refused though go-vcr would load them: a second document, which go-vcr would drop at the
next save; an interaction that is null; one with neither code nor status.
"""

import codecs
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

from tokentape.errors import DamagedCassette
from tokentape.formats import cut, cutjson, notes, simulator, vcrpy
from tokentape.formats.cut import Cut
from tokentape.formats.jsontext import parse_json
from tokentape.formats.loaded import Frame, Kind, Loaded, item_tree
from tokentape.formats.reading import Fields, interaction_of
from tokentape.formats.tree import Misread, Plain, conflict
from tokentape.model import Cassette, Interaction

# More than a request and its answer fill that are as large as may be by default (vcr_max_body).
LARGEST = 1024 * 1024 * 1024
# Read whole, a file takes some thirty times its size for a while.
LARGEST_WHOLE = 16 * 1024 * 1024

_Read = Callable[[Mapping[str, Any], Fields, Loaded | None], Interaction]
# version -> what it is the version of; which of the two foreign ones, an item tells.
_GO_VCR, _FOREIGN = 2, 1
# What is around no items at all, and what nearly every file has around its items.
_NO_ITEMS: dict[Kind, Any] = {"yaml": None, "json": []}
_USUAL: dict[tuple[bytes, bytes], Mapping[str, Any]] = {
    (cut.STANDARD_HEAD, b""): {"version": Plain("2"), "interactions": None},
    (cutjson.STANDARD_HEAD, cutjson.TAIL): {"version": Plain("2"), "interactions": []},
}


def load(data: bytes, path: str) -> Cassette:
    """The cassette in a file. ``path`` is for messages; its ending tells JSON from YAML. Raises DamagedCassette."""
    try:
        return _load(data, path)
    except Misread as error:
        raise _damaged(data, path, error) from None


def _damaged(data: bytes, path: str, error: Misread) -> DamagedCassette:
    error = conflict(data) or error
    line = error.line
    if line is None and error.keys and len(data) <= LARGEST_WHOLE:
        line = _line_of(data, error.keys)
    return DamagedCassette(path, line, error.problem, error.hint)


def _load(data: bytes, path: str) -> Cassette:
    if len(data) > LARGEST:
        raise Misread(f"the file has {len(data) >> 20} MiB, more than {LARGEST >> 20} MiB")
    data = _utf_8(data)
    named_json = _is_named_json(path)
    if not data.strip():
        return Cassette((), Frame("json" if named_json else "yaml", {}))
    if named_json or data.lstrip()[:1] == b"{":
        try:
            return _load_json(data)
        except Misread as error:
            # JSON in a .yaml file may be YAML's flow style, which is not quite JSON.
            if named_json or error.keys:
                raise
    return _load_yaml(data)


def _is_named_json(path: str) -> bool:
    return path.lower().endswith(".json")


def _utf_8(data: bytes) -> bytes:
    """UTF-16 as UTF-8; YAML allows both."""
    if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data
    try:
        return data.decode("utf-16").encode()
    except UnicodeDecodeError:
        raise Misread("the file is not UTF-16, though its first bytes say so") from None


def _load_json(data: bytes) -> Cassette:
    pieces = cutjson.cut(data)
    if pieces is not None:
        try:
            return _from_pieces(data, pieces, "json")
        except Misread as error:
            if error.keys:  # else as in YAML
                raise
    return _from_tree(parse_json(data), "json")


def _load_yaml(data: bytes) -> Cassette:
    pieces = cut.cut(data)
    if pieces is not None:
        try:
            return _from_pieces(data, pieces, "yaml")
        except Misread as error:
            # An error in what a tree says is one; an error of syntax may only come from the cut.
            if error.keys or len(data) > LARGEST_WHOLE:
                raise
    elif len(data) > LARGEST_WHOLE:
        raise Misread(f"a file above {LARGEST_WHOLE >> 20} MiB must have its interactions as a list in block style")
    return _from_tree(_tree_of(data), "yaml")


def _from_pieces(data: bytes, pieces: Cut, kind: Kind) -> Cassette:
    head, tail = data[: pieces.starts[0]], data[pieces.end :]
    top = _USUAL.get((head, tail)) or _top(_PARSE[kind](head + tail))
    if top.get("interactions") != _NO_ITEMS[kind]:
        raise Misread("the list of interactions can't be told from what is around it")
    read: _Read | None = None
    foreign = ""
    fields = Fields()
    interactions = []
    for start, piece in zip(pieces.starts, pieces.pieces(data), strict=True):
        try:
            tree = item_tree(piece, pieces.dash)
            if read is None:
                read, foreign = _reader(top, tree)
            interactions.append(read(tree, fields, _raw_of(piece, tree, pieces.dash, kind)))
        except Misread as error:
            raise _in_file(error, data, start, piece) from None
    keys = _unknown(top)
    return Cassette(tuple(interactions), Frame(kind, keys, head=head, tail=tail, dash=pieces.dash, foreign=foreign))


def _tree_of(text: bytes) -> Any:
    from tokentape.formats.yamltext import parse_yaml  # PyYAML, which what we wrote is read without

    return parse_yaml(text)


_PARSE: dict[Kind, Callable[[bytes], Any]] = {"yaml": _tree_of, "json": parse_json}


def _line_of(text: bytes, keys: tuple[str | int, ...]) -> int | None:
    from tokentape.formats.yamltext import line_of  # as above

    return line_of(text, keys)


def _raw_of(piece: bytes, tree: dict[str, Any], dash: int, kind: Kind) -> Loaded:
    """What is kept of an item. In YAML a last line without an end is given one, unless that would be part of a text."""
    if kind == "json" or piece.endswith(b"\n"):
        return Loaded(kind, None, piece, dash)
    if item_tree(piece + b"\n", dash) == tree:
        return Loaded("yaml", None, piece + b"\n", dash)
    return Loaded("yaml", tree)


def _in_file(error: Misread, data: bytes, start: int, piece: bytes) -> Misread:
    """An error in an item, with the line it has in the file."""
    if error.keys and error.keys[0] == "version":
        return error
    before = data.count(b"\n", 0, start)
    line = line_in_item(piece, error.keys) if error.line is None and error.keys else error.line
    return Misread(error.problem, line=before + (line or 1), keys=error.keys, hint=error.hint)


def _from_tree(tree: Any, kind: Kind) -> Cassette:
    """A cassette out of the tree of a whole file."""
    top = _top(tree)
    items = top.get("interactions")
    if items is None:
        items = []
    if not isinstance(items, list):
        raise Misread("`interactions` must be a list", keys=("interactions",))
    for at, item in enumerate(items):
        if not isinstance(item, dict):
            raise Misread("an interaction must be a mapping", keys=("interactions", at))
    read, foreign = _reader(top, items[0] if items else {})
    fields = Fields()
    interactions = []
    for at, item in enumerate(items):
        try:
            interactions.append(read(item, fields, Loaded(kind, item)))
        except Misread as error:
            raise Misread(error.problem, keys=("interactions", at, *error.keys), hint=error.hint) from None
    return Cassette(tuple(interactions), Frame(kind, _unknown(top), foreign=foreign))


def _top(tree: Any) -> dict[str, Any]:
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise Misread("not a cassette: the top level must be a mapping", line=1)
    return tree


def _unknown(top: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in top.items() if key not in ("version", "interactions")}


def _reader(top: Mapping[str, Any], first: Mapping[str, Any]) -> tuple[_Read, str]:
    """What reads the items of a file, and the name of its format if it is not our own. ``first`` is the first
    item."""
    if "http_interactions" in top:
        raise Misread(
            "a cassette of Ruby's VCR; what is read here is go-vcr's and VCR.py's", keys=("http_interactions",)
        )
    version = top.get("version")
    known = _GO_VCR if version is None and not vcrpy.looks_like(first) else notes.number(version)
    if version is None and known is None:
        known = _FOREIGN
    if known == _GO_VCR:
        return interaction_of, ""
    if known == _FOREIGN:
        if simulator.looks_like(first):
            return lambda tree, fields, _: simulator.interaction_of(tree, fields), simulator.NAME
        return lambda tree, fields, _: vcrpy.interaction_of(tree, fields), vcrpy.NAME
    if known is None:
        raise Misread(f"`version` must be a number, got {_shown(version)}", keys=("version",))
    raise Misread(f"version {known} of a cassette is not known here; 2 is go-vcr's, 1 is VCR.py's", keys=("version",))


def _shown(value: Any) -> str:
    return repr(str(value)[:40]) if isinstance(value, str) else "something else"


def spans(data: bytes, cassette: Cassette) -> list[tuple[int, int]]:
    """Where each interaction stands in the file ``data`` (start and length in bytes), as ``load_item`` reads it; empty
    where they can't be read one by one."""
    raw = cassette.raw
    if not isinstance(raw, Frame) or raw.dash is None or raw.foreign or data.startswith(codecs.BOM_UTF16_LE):
        return []
    pieces = cutjson.cut(data) if raw.kind == "json" else cut.cut(data)
    if pieces is None or len(pieces.starts) != len(cassette.interactions):
        return []
    return pieces.spans()


def spans_in(pieces: Iterable[bytes], size: int, path: str) -> list[tuple[int, int]]:
    """The same of a file of so many bytes that comes in pieces, where there is nothing but the usual head and items.
    The first piece has all of the head."""
    coming = iter(pieces)
    first = next(coming, b"")
    look = cutjson.spans_in if first.startswith(b"{") or _is_named_json(path) else cut.spans_in
    return look(chain([first], coming), size)


def line_in_item(piece: bytes, keys: tuple[str | int, ...]) -> int | None:
    """The line in one item of a file of what is under these keys, counted from 1."""
    return _line_of(piece, keys if piece.startswith(b"{") else (0, *keys))


def load_item(piece: bytes, path: str, fields: Fields | None = None) -> Interaction:
    """The interaction in one item of a file, cut where ``spans`` says; ``fields`` are those of the items before it.
    Raises DamagedCassette."""
    dash = 0
    while piece[dash : dash + 1] == b" ":
        dash += 1
    try:
        return interaction_of(item_tree(piece, dash), Fields() if fields is None else fields)
    except Misread as error:
        raise DamagedCassette(path, None, error.problem, error.hint) from None
