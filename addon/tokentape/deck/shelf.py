"""The library in memory: for each recording the digests it answers to and where it stands, but not its text.

A look-up is a constant number of hash probes, whatever the size of the library, and memory grows with the number of
recordings, not with their bodies. No I/O: ``library`` reads the files and puts them here; a cassette's stamp tells
whether it is still the same file.
"""

import marshal
from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tokentape.deck.marks import FEATURES, Mark
from tokentape.errors import TokentapeError
from tokentape.model import Cassette
from tokentape.reporting.reports import Carried
from tokentape.rules.profile import Profile

# What identifies a version of a file without reading it: path, size in bytes, mtime in ns, inode.
Stamp = tuple[str, int, int, int]
# digest -> positions in the cassette, in order.
Index = dict[bytes, list[int]]


# A cassette as it is kept between runs: its stamp, whether it is read-only, each digest it answers to, the features of
# its recordings as one text; and marshalled, because few are ever looked at, the marks as plain tuples, and the spans.
Packed = tuple[Stamp, bool, tuple[bytes, ...], bytes, bytes]
_Rows = Sequence[tuple[Any, ...]]
_Spans = Sequence[tuple[int, int]]


class Shelved:
    """A cassette as it stands on the shelf: a mark for each of its recordings, in order.

    ``spans`` says where each stands in the file (start and length in bytes); it is empty for a file that can only be
    read whole, and then ``cassette`` holds what was read. ``trouble`` says why the file can't be used. ``carried`` is
    what was found in the recordings that were played, by position. Made with ``packed`` marks it unpacks them when
    somebody looks: of a large library few cassettes are ever looked at.
    """

    __slots__ = (
        "_carried", "_index", "_marks", "_packed", "_spans", "_within",
        "cassette", "name", "path", "profile", "read_only", "stamp", "trouble",
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
        self._packed = packed
        # A library has many, so a packed one has nothing of its own.
        self._carried: dict[int, Carried] | None = None
        self._within: tuple[_Rows, _Spans] | None = None
        self._marks: list[Mark]
        self._spans: list[tuple[int, int]]
        self._index: Index
        if packed is None:
            self._marks, self._spans, self._index = [], [], {}

    @property
    def count(self) -> int:
        """How many recordings the cassette holds."""
        packed = self._packed
        return len(self._marks) if packed is None else len(packed[3]) // FEATURES

    @property
    def carried(self) -> dict[int, Carried]:
        """What was found in the recordings that were played, by position."""
        if self._carried is None:
            self._carried = {}
        return self._carried

    @property
    def marks(self) -> Sequence[Mark]:
        """A mark for each recording, in order."""
        self._unpack()
        return self._marks

    @property
    def features(self) -> bytes:
        """The features of all recordings as one text, in order."""
        packed = self._packed
        return b"".join([mark.features for mark in self._marks]) if packed is None else packed[3]

    def mark(self, position: int) -> Mark:
        """The mark of one recording. Safe in a thread, as are ``features``, ``spans``, ``count`` and ``pack``."""
        packed = self._packed
        return self._marks[position] if packed is None else Mark._make(self._looked_at(packed)[0][position])

    @property
    def spans(self) -> Sequence[tuple[int, int]]:
        """Where each recording stands in the file."""
        packed = self._packed
        return self._spans if packed is None else self._looked_at(packed)[1]

    def pack(self) -> Packed | None:
        """The cassette as it is kept between runs; None for one that can't be, or that grows meanwhile."""
        packed, stamp = self._packed, self.stamp
        if packed is not None or self.trouble is not None:
            return packed
        marks, spans = list(self._marks), list(self._spans)
        if not spans or self.stamp is not stamp or len(marks) != len(spans):
            return None
        keys = tuple(dict.fromkeys(key for mark in marks for key in mark.keys))
        features = b"".join([mark.features for mark in marks])
        return (stamp, self.read_only, keys, features, marshal.dumps(([tuple(mark) for mark in marks], spans)))

    @property
    def index(self) -> Index:
        """The positions of the recordings that answer to a digest."""
        self._unpack()
        return self._index

    def digests(self) -> Iterable[bytes]:
        """Every digest the cassette answers to, once."""
        packed = self._packed
        return self._index if packed is None else packed[2]

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

    def _looked_at(self, packed: Packed) -> tuple[_Rows, _Spans]:
        """The marks, as plain tuples, and the spans of a packed one."""
        within = self._within
        if within is None:
            within = self._within = marshal.loads(packed[4])
        return within

    def _unpack(self) -> None:
        packed = self._packed
        if packed is not None:
            rows, spans = self._looked_at(packed)
            self._marks, self._spans, self._index = [], [], {}
            self._add(map(Mark._make, rows), spans)
            self._packed = None  # last: other threads read what is packed until all of it is unpacked
            self._within = None


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
        if shelved.name in self._by_name:
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
