"""YAML text into a tree, with bounds on what it costs.

The tree is built from libyaml's events (PyYAML's own parser where libyaml is missing), not from its nodes: composing
nodes recurses in C without a bound, and a file of open brackets would end the process. What we wrote ourselves is read
without it, by ``lines``; so who needs this imports it when it does.
"""

import base64
import binascii
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import yaml

from tokentape.formats.tree import DEEPEST, Misread, Plain, looks_unlike_text

# Values that aliases may stand for in one file; enough for any anchors a person writes, too few for a bomb.
MOST_ALIASED = 100_000

# Used for its events alone; what a loader constructs is not what is wanted here.
_LOADER = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
_BINARY = "tag:yaml.org,2002:binary"
_NULL = "tag:yaml.org,2002:null"
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


class _Parser(Protocol):
    def get_event(self) -> Any: ...


def parse_yaml(text: bytes, first_line: int = 1) -> Any:
    """The tree of the one document in a YAML text; None for a text without any. Raises Misread.

    ``first_line`` is the number of the text's first line in the file it comes from.
    """
    with _syntax(text, first_line):
        builder = _Builder(_parser(text), first_line)
        return builder.document()


def line_of(text: bytes, keys: tuple[str | int, ...], first_line: int = 1) -> int | None:
    """The line on which the value under ``keys`` begins (its key, in a mapping); None where there is no such
    place."""
    parser = _parser(text)
    parser.get_event(), parser.get_event()
    try:
        found = _descend(parser, keys, None)
    except yaml.YAMLError:
        return None
    return None if found is None else found + first_line


def _parser(text: bytes) -> _Parser:
    return _LOADER(text)


@contextmanager
def _syntax(text: bytes, first_line: int) -> Iterator[None]:
    """PyYAML's errors as ours."""
    try:
        yield
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "not YAML"
        raise Misread(_shown(problem), line=mark.line + first_line if mark else None) from None
    except yaml.reader.ReaderError as error:
        # The position is a byte's with libyaml, a character's without: then the line may be a little early.
        line = text.count(b"\n", 0, error.position) + first_line
        raise Misread(f"not YAML text: {error.reason}", line=line) from None
    except RecursionError:
        raise Misread(f"nested more than {DEEPEST} levels deep") from None


def _shown(problem: str) -> str:
    """libyaml's words for a problem, cut where it quotes the file at length."""
    return problem if len(problem) <= 120 else problem[:117] + "..."


class _Builder:
    """Builds the tree of one document from a parser's events."""

    def __init__(self, parser: _Parser, first_line: int) -> None:
        self._next = parser.get_event
        self._first_line = first_line
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0
        self._aliased = 0

    def document(self) -> Any:
        """The tree of the first document; another one behind it is an error. None for a stream without documents."""
        self._next()  # the stream's start
        if not isinstance(self._next(), yaml.DocumentStartEvent):
            return None
        tree = self._value(self._next(), 0)
        self._next()  # the document's end
        event = self._next()
        if isinstance(event, yaml.DocumentStartEvent):
            raise self._wrong(event, "a second document begins; a cassette is one document")
        return tree

    def _wrong(self, event: Any, problem: str) -> Misread:
        return Misread(problem, line=event.start_mark.line + self._first_line)

    def _value(self, event: Any, depth: int) -> Any:
        kind = type(event)
        if kind is yaml.AliasEvent:
            return self._alias(event)
        before = self._count
        self._count += 1
        if kind is yaml.ScalarEvent:
            value = self._scalar(event)
        elif depth >= DEEPEST:
            raise self._wrong(event, f"nested more than {DEEPEST} levels deep")
        elif kind is yaml.MappingStartEvent:
            value = self._mapping(depth + 1)
        else:
            value = self._list(depth + 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = value, self._count - before
        return value

    def _alias(self, event: Any) -> Any:
        found = self._anchors.get(event.anchor)
        if found is None:
            raise self._wrong(event, f"the alias *{event.anchor[:40]} stands for nothing")
        value, weight = found
        self._count += weight
        self._aliased += weight
        if self._aliased > MOST_ALIASED:
            raise self._wrong(event, f"aliases stand for more than {MOST_ALIASED} values")
        return value

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        tag = event.tag
        if tag is None or tag == "!":
            # A parser says "plain" with an empty style or none.
            if event.style or tag:
                return text
            if text in _NULLS:
                return None
            return Plain(text) if looks_unlike_text(text) else text
        if tag == _BINARY:
            return self._binary(event)
        if tag == _NULL:
            return None
        return text

    def _binary(self, event: Any) -> bytes:
        try:
            return base64.b64decode("".join(event.value.split()), validate=True)
        except (binascii.Error, ValueError):
            raise self._wrong(event, "!!binary is not valid base64") from None

    def _list(self, depth: int) -> list[Any]:
        values: list[Any] = []
        while True:
            event = self._next()
            if type(event) is yaml.SequenceEndEvent:
                return values
            values.append(self._value(event, depth))

    def _mapping(self, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        merged: list[Any] = []
        while True:
            event = self._next()
            if type(event) is yaml.MappingEndEvent:
                break
            if type(event) is not yaml.ScalarEvent:
                raise self._wrong(event, "a key must be text")
            key = self._key(event)
            if key == "<<" and not event.style:
                merged.append(self._merged(self._next(), depth))
            elif key in values:
                raise self._wrong(event, f"the key {key[:60]!r} is there twice")
            else:
                values[key] = self._value(self._next(), depth)
        for value in merged:
            for source in value:
                values = {**source, **values}
        return values

    def _key(self, event: Any) -> str:
        if event.tag == _BINARY:
            return self._binary(event).decode("utf-8", "surrogateescape")
        return sys.intern(event.value)

    def _merged(self, event: Any, depth: int) -> list[dict[str, Any]]:
        """The mappings behind a merge key; of several the first wins, so it comes last."""
        value = self._value(event, depth)
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise self._wrong(event, "a merge key (<<) needs a mapping")
        return sources


def _descend(parser: _Parser, keys: tuple[str | int, ...], here: int | None) -> int | None:
    """The line of the value under ``keys``, read on from the event of the value above it."""
    event = parser.get_event()
    line = event.start_mark.line if here is None else here
    if not keys:
        return int(line)
    if isinstance(event, yaml.SequenceStartEvent):
        return _descend_list(parser, keys)
    if isinstance(event, yaml.MappingStartEvent):
        return _descend_mapping(parser, keys, int(line))
    return int(line)


def _descend_list(parser: _Parser, keys: tuple[str | int, ...]) -> int | None:
    for _ in range(int(keys[0])):
        _skip(parser, parser.get_event())
    return _descend(parser, keys[1:], None)


def _descend_mapping(parser: _Parser, keys: tuple[str | int, ...], line: int) -> int | None:
    while not isinstance(key := parser.get_event(), yaml.MappingEndEvent):
        if getattr(key, "value", None) == keys[0]:
            return _descend(parser, keys[1:], key.start_mark.line)
        _skip(parser, key)
        _skip(parser, parser.get_event())
    return line  # the key is missing: the mapping it is missing from


def _skip(parser: _Parser, event: Any) -> None:
    """Reads past the value that begins with an event."""
    depth = 0
    while True:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth == 0:
            return
        event = parser.get_event()
