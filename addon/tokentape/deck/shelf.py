"""The library in memory: for each recording the digests it answers to and where it stands, but not its text.

A look-up is a constant number of hash probes, whatever the size of the library, and memory grows with the number of
recordings, not with their bodies. No I/O: ``library`` reads the files and puts them here; a cassette's stamp tells
whether it is still the same file.
"""

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tokentape.deck.marks import Mark
from tokentape.errors import TokentapeError
from tokentape.model import Cassette
from tokentape.reporting.reports import Carried
from tokentape.rules.profile import Profile

# What identifies a version of a file without reading it: path, size in bytes, mtime in ns, inode.
Stamp = tuple[str, int, int, int]
# digest -> positions in the cassette, in order.
Index = dict[bytes, list[int]]


# Marks as they are kept between runs (each a plain tuple), and the spans.
Packed = tuple[Sequence[tuple[Any, ...]], Sequence[tuple[int, int]]]
_KEYS, _FEATURES = Mark._fields.index("keys"), Mark._fields.index("features")


class Shelved:
    """A cassette as it stands on the shelf: a mark for each of its recordings, in order.

    ``spans`` says where each stands in the file (start and length in bytes); it is empty for a file that can only be
    read whole, and then ``cassette`` holds what was read. ``trouble`` says why the file can't be used. ``carried`` is
    what was found in the recordings that were played, by position. Made with ``packed`` marks it unpacks them when
    somebody looks: of a large library few cassettes are ever looked at.
    """

    __slots__ = (
        "_index", "_marks", "_packed", "_spans",
        "carried", "cassette", "name", "path", "profile", "read_only", "stamp", "trouble",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        stamp: Stamp,
        profile: Profile,
        *,
        read_only: bool = False,
        trouble: TokentapeError | None = None,
        packed: Packed | None = None,
    ) -> None:
        self.name = name
        self.path = stamp[0]
        self.stamp = stamp
        self.profile = profile
        self.read_only = read_only
        self.trouble = trouble
        self.cassette: Cassette | None = None
        self.carried: dict[int, Carried] = {}
        self._packed = packed
        self._marks: list[Mark] = []
        self._spans: list[tuple[int, int]] = []
        self._index: Index = {}

    @property
    def count(self) -> int:
        """How many recordings the cassette holds."""
        packed = self._packed
        return len(self._marks) if packed is None else len(packed[0])

    @property
    def marks(self) -> Sequence[Mark]:
        """A mark for each recording, in order."""
        self._unpack()
        return self._marks

    @property
    def features(self) -> bytes:
        """The features of all recordings as one text, in order."""
        return b"".join([row[_FEATURES] for row in self.rows])

    def mark(self, position: int) -> Mark:
        """The mark of one recording. Safe in a thread, as are ``rows``, ``features``, ``spans`` and ``count``."""
        return Mark._make(self.rows[position])

    @property
    def rows(self) -> Sequence[tuple[Any, ...]]:
        """The marks as plain tuples, or as good as that."""
        packed = self._packed
        return self._marks if packed is None else packed[0]

    @property
    def spans(self) -> Sequence[tuple[int, int]]:
        """Where each recording stands in the file."""
        packed = self._packed
        return self._spans if packed is None else packed[1]

    @property
    def index(self) -> Index:
        """The positions of the recordings that answer to a digest."""
        self._unpack()
        return self._index

    def digests(self) -> Iterable[bytes]:
        """Every digest the cassette answers to, once."""
        packed = self._packed
        if packed is None:
            return self._index
        rows = packed[0]
        return rows[0][_KEYS] if len(rows) == 1 else {key for row in rows for key in row[_KEYS]}

    def add(self, marks: Iterable[Mark], spans: Iterable[tuple[int, int]] = ()) -> list[bytes]:
        """More recordings at the end; the digests that no earlier recording of this cassette had."""
        self._unpack()
        return self._add(marks, spans)

    def _add(self, marks: Iterable[Mark], spans: Iterable[tuple[int, int]]) -> list[bytes]:
        new = []
        for mark in marks:
            position = len(self._marks)
            self._marks.append(mark)
            for key in mark.keys:
                positions = self._index.get(key)
                if positions is None:
                    self._index[key] = [position]
                    new.append(key)
                else:
                    positions.append(position)
        self._spans.extend(spans)
        return new

    def _unpack(self) -> None:
        if self._packed is not None:
            rows, spans = self._packed
            self._add(map(Mark._make, rows), spans)
            self._packed = None  # last: other threads read what is packed until all of it is unpacked


class Shelf:
    """All cassettes we know, in memory. ``version`` changes with each change."""

    def __init__(self) -> None:
        self.version = 0
        self._read_only: set[str] = set()
        self._by_name: dict[str, Shelved] = {}
        # digest -> names of the cassettes that hold it, sorted: an unnamed request takes the smallest.
        self._holders: dict[Profile, dict[bytes, list[str]]] = {}
        self._last: tuple[Profile | None, dict[bytes, list[str]]] = (None, {})

    def __iter__(self) -> Iterator[Shelved]:
        return iter(sorted(self._by_name.values(), key=lambda shelved: shelved.name))

    def get(self, name: str) -> Shelved | None:
        """The cassette of that name, if it is here."""
        return self._by_name.get(name)

    def put(self, shelved: Shelved) -> None:
        """Place a cassette, in place of what had its name."""
        self.drop(shelved.name)
        self._by_name[shelved.name] = shelved
        if shelved.read_only:
            self._read_only.add(shelved.name)
        self._hold(shelved, shelved.digests())

    def extend(self, shelved: Shelved, stamp: Stamp, marks: Iterable[Mark], spans: Iterable[tuple[int, int]]) -> None:
        """A cassette of ours grew at its end; the cost is that of what is new."""
        new = shelved.add(marks, spans)
        shelved.stamp = stamp  # last: who reads both has not more than the stamp says
        self._hold(shelved, new)

    def drop(self, name: str) -> None:
        """Forget a cassette."""
        shelved = self._by_name.pop(name, None)
        if shelved is None:
            return
        self.version += 1
        self._read_only.discard(name)
        holders = self._holders[shelved.profile]
        for key in shelved.digests():
            names = holders[key]
            names.remove(name)
            if not names:
                del holders[key]

    def holder(self, probes: Mapping[Profile, tuple[bytes, ...]]) -> str | None:
        """The smallest name among the cassettes that hold a match; ``probes`` are the request's digests by profile."""
        found = [
            names[0]
            for profile, keys in probes.items()
            if (holders := self._holders.get(profile))
            for key in keys
            if (names := holders.get(key))
        ]
        return min(found, default=None)

    @property
    def has_foreign(self) -> bool:
        """Whether any cassette is of a format that is only read."""
        return bool(self._read_only)

    def profiles(self) -> tuple[Profile, ...]:
        """The distinct profiles of the cassettes that are here."""
        return tuple(self._holders)

    def troubled(self) -> list[Shelved]:
        """The cassettes that can't be used, by name."""
        return [shelved for shelved in self if shelved.trouble]

    def _hold(self, shelved: Shelved, keys: Iterable[bytes]) -> None:
        self.version += 1
        # The profile of the last one, most likely: to look one up takes longer than all the rest.
        if shelved.profile is not self._last[0]:
            self._last = (shelved.profile, self._holders.setdefault(shelved.profile, {}))
        holders = self._last[1]
        for key in keys:
            names = holders.get(key)
            if names is None:
                holders[key] = [shelved.name]
            else:
                insort(names, shelved.name)
