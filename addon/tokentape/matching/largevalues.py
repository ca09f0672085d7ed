"""Large JSON values without their tree, which may take many times the memory of its text: a list, object or string is
kept as places of the text, and what is in it is read again each time somebody looks.

The rule: what is read is what the same scanner reads from the whole text. What is changed is changed whenever it is
read, and not before: to look through it for its changes alone would take as long as to compare it. Changed once is what
is *held*: values that are large themselves, or were put in place of one that is.
"""

import codecs
import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, Final

WINDOW = 1 << 16
"""So many bytes of the text are read at once."""

_RUN = 1 << 13  # members of an object that are put into order at once
_CHARACTERS = re.compile(rb"(?:[^\\]++|\\u[0-9a-fA-F]{4}|\\[^u])*+")
_LONGEST_CHARACTER = 6

type Scan = Callable[[str, int], tuple[Any, int]]
"""Reads the value that begins at a place of a text, and says where it ends; as ``JSONDecoder.scan_once``."""

type Change = Callable[[Any, Any], Any]
"""What becomes of a value, by its key or its place in the list as it was sent: it or another, or ``GONE``."""
GONE: Final = object()


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a body, and what reads it."""

    body: bytes
    scan: Scan

    def values(self, start: int, end: int) -> list[Any]:
        """The values that stand between two places, with commas between them."""
        values: list[Any] = self.scan(f"[{self.body[start:end].decode()}]", 0)[0]
        return values

    def member(self, start: int, end: int) -> tuple[str, Any]:
        """The one key that stands between two places, and its value."""
        ((key, value),) = self.scan(f"{{{self.body[start:end].decode()}}}", 0)[0].items()
        return key, value


@dataclass(frozen=True, slots=True)
class LargeText:
    """A string, whose characters stand between two places."""

    source: Source = field(repr=False)
    start: int
    end: int

    def pieces(self) -> Iterator[str]:
        """The string, piece by piece. A surrogate pair of two escapes may be halved. Raises ValueError for what is no
        string."""
        body, at = self.source.body, self.start
        decoder = codecs.getincrementaldecoder("utf-8")()
        while at < self.end:
            found = _CHARACTERS.match(body, at, min(at + WINDOW + _LONGEST_CHARACTER, self.end))
            if found is None or found.end() == at:
                raise ValueError("an escape that is none")
            at = found.end()
            text = decoder.decode(found[0], at == self.end)
            yield self.source.scan(f'"{text}"', 0)[0] if "\\" in text else text

    def whole(self) -> str:
        """The string as one."""
        text: str = self.source.scan(f'"{self.source.body[self.start : self.end].decode()}"', 0)[0]
        return text


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some values of a list as it was sent: between which places of the text they stand, how many there are, and the
    place of the first one in the list."""

    start: int
    end: int
    count: int
    first: int


@dataclass(slots=True)
class Held:
    """A value that is not read again, its place in the list as it was sent, or in the text, and how many changes it has
    gone through."""

    place: int
    value: Any
    changed: int = 0

    def after(self, key: Any, changes: Sequence[Change]) -> Any:
        """The value after these changes, of which each is made once."""
        for change in changes[self.changed :]:
            if self.value is not GONE:
                self.value = change(key, self.value)
        self.changed = len(changes)
        return self.value


class LargeList:
    """A list as stretches of the text."""

    __slots__ = ("_changes", "_length", "_parts", "_source")

    def __init__(self, source: Source, parts: Sequence[Stretch | Held]) -> None:
        self._source = source
        self._parts = parts
        self._changes: list[Change] = []
        # None: as many as are left when the next who looks has seen all.
        self._length: int | None = sum(part.count if isinstance(part, Stretch) else 1 for part in parts)

    def __len__(self) -> int:
        if self._length is None:
            self._length = sum(map(len, self.stretches()))
        return self._length

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self.stretches())

    def stretches(self) -> Iterator[list[Any]]:
        """The values, some at a time."""
        length = 0
        for part in self._parts:
            values = self._read(part)
            length += len(values)
            yield values
        self._length = length

    def last(self) -> Any:
        """The last value; None where there is none."""
        return next((values[-1] for part in reversed(self._parts) if (values := self._read(part))), None)

    def change(self, change: Change) -> None:
        """Have each value changed whenever it is read, in their order the first time that all are."""
        self._changes.append(change)
        self._length = None

    def _read(self, part: Stretch | Held) -> list[Any]:
        if isinstance(part, Held):
            value = part.after(part.place, self._changes)
            return [] if value is GONE else [value]
        values = self._source.values(part.start, part.end)
        if not self._changes:
            return values
        placed = list(enumerate(values, part.first))
        for change in self._changes:
            placed = [(place, new) for place, value in placed if (new := change(place, value)) is not GONE]
        return [value for _, value in placed]


# A member: its key, its place in the text, and its value as it is read there, or as it is held.
type _Member = tuple[str, int, Any]


class LargeObject:
    """An object as places of its members, by runs of which each is in the order of its keys."""

    __slots__ = ("_changes", "_held", "_open", "_runs", "_source")

    def __init__(self, source: Source) -> None:
        self._source = source
        self._open: list[tuple[str, int, int]] = []
        self._runs: list[tuple[array[int], array[int]]] = []
        self._held: list[_Member] = []
        self._changes: list[Change] = []

    def add(self, key: str, start: int, end: int) -> None:
        """A member that stands between two places; to be closed behind the last."""
        self._open.append((key, start, end))
        if len(self._open) == _RUN:
            self.close()

    def hold(self, key: str, start: int, value: Any) -> None:
        """A member that begins at a place, whose value is held."""
        self._held.append((key, start, Held(start, value)))

    def close(self) -> None:
        """Put the members that were added last into order."""
        self._open.sort()
        starts, ends = array("Q", map(itemgetter(1), self._open)), array("Q", map(itemgetter(2), self._open))
        self._runs.append((starts, ends))
        self._open = []

    def items(self) -> Iterator[tuple[str, Any]]:
        """The keys in order, each with its value."""
        for member in self._ordered():
            value = self._now(member)
            if value is not GONE:
                yield member[0], value

    def as_sent(self) -> dict[str, Any]:
        """All of it, the keys in the order in which they were sent."""
        members = sorted(chain(*self._all()), key=itemgetter(1))
        last = {member[0]: member for member in members}
        return {key: value for key, member in last.items() if (value := self._now(member)) is not GONE}

    def get(self, key: str) -> Any:
        """The value of a key; None where there is none."""
        found = [member for member in self._held if member[0] == key]
        for starts, ends in self._runs:
            at = bisect_right(range(len(starts)), key, key=lambda at: self._source.member(starts[at], ends[at])[0]) - 1
            if at >= 0:
                name, value = self._source.member(starts[at], ends[at])
                found += [(key, starts[at], value)] if name == key else []
        value = self._now(max(found, key=itemgetter(1))) if found else None
        return None if value is GONE else value

    def change(self, change: Change) -> None:
        """Have each value changed whenever it is read, in the order of the keys the first time that all are."""
        self._changes.append(change)

    def _ordered(self) -> Iterator[_Member]:
        """The members by their keys, of those with the same the last."""
        # Places are all different, so no value is compared.
        for _, several in groupby(merge(*self._all()), itemgetter(0)):
            *_, last = several
            yield last

    def _all(self) -> list[Iterable[_Member]]:
        """All members, several times in the order of their keys."""
        return [*(self._members(*run) for run in self._runs), sorted(self._held, key=itemgetter(0, 1))]

    def _members(self, starts: "array[int]", ends: "array[int]") -> Iterator[_Member]:
        for start, end in zip(starts, ends, strict=True):
            key, value = self._source.member(start, end)
            yield key, start, value

    def _now(self, member: _Member) -> Any:
        """The value of a member, changed as it has to be."""
        key, _, value = member
        if isinstance(value, Held):
            return value.after(key, self._changes)
        for change in self._changes:
            value = change(key, value)
            if value is GONE:
                break
        return value


type Large = LargeText | LargeList | LargeObject
LARGE = (LargeText, LargeList, LargeObject)
LISTS = (list, LargeList)
OBJECTS = (dict, LargeObject)


def whole(value: Any) -> Any:
    """A value as the tree that it stands for."""
    match value:
        case LargeText():
            return value.whole()
        case LargeList():
            values: list[Any] = []
            for stretch in value.stretches():
                values += stretch if len(stretch) > 1 else map(whole, stretch)
            return values
        case LargeObject():
            return {key: whole(child) for key, child in value.as_sent().items()}
    return value
