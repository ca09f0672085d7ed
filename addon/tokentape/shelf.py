"""The library in memory: cassettes by name, and every recording under the digests it answers to.

A look-up is a constant number of hash probes, whatever the size of the library. No I/O: ``library`` reads the files and
puts them here; what a cassette's stamp was tells whether it is still the same file.
"""

from bisect import insort
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tokentape.errors import TokentapeError
from tokentape.model import Cassette, Interaction, Request
from tokentape.profile import Profile

# What identifies a version of a file without reading it: path, size in bytes, mtime in ns, inode.
Stamp = tuple[str, int, int, int]
# The digests a recorded request answers to, under the profile of its cassette.
KeysOf = Callable[[Request, Profile], tuple[bytes, ...]]
# digest -> positions in the cassette, in order.
Index = dict[bytes, list[int]]


@dataclass(slots=True)
class Shelved:
    """A cassette as it stands on the shelf. ``trouble`` says why it can't be used (then it holds no interaction)."""

    name: str
    path: str
    stamp: Stamp
    profile: Profile
    cassette: Cassette = field(default_factory=Cassette)
    index: Index = field(default_factory=dict)
    read_only: bool = False
    trouble: TokentapeError | None = None

    def add(self, interactions: tuple[Interaction, ...], keys_of: KeysOf) -> None:
        """Index interactions that stand at the end of the cassette. The slow part: do it away from the event loop."""
        start = len(self.cassette.interactions) - len(interactions)
        for position, interaction in enumerate(interactions, start):
            for key in keys_of(interaction.request, self.profile):
                self.index.setdefault(key, []).append(position)


class Shelf:
    """All cassettes we know, in memory."""

    def __init__(self) -> None:
        self._by_name: dict[str, Shelved] = {}
        # digest -> names of the cassettes that hold it, sorted: an unnamed request takes the smallest.
        self._holders: dict[Profile, dict[bytes, list[str]]] = {}

    def __iter__(self) -> Iterator[Shelved]:
        return iter(list(self._by_name.values()))

    def get(self, name: str) -> Shelved | None:
        """The cassette of that name, if it is here."""
        return self._by_name.get(name)

    def put(self, shelved: Shelved) -> None:
        """Place a cassette, in place of what had its name."""
        self.drop(shelved.name)
        self._by_name[shelved.name] = shelved
        holders = self._holders.setdefault(shelved.profile, {})
        for key in shelved.index:
            insort(holders.setdefault(key, []), shelved.name)

    def drop(self, name: str) -> None:
        """Forget a cassette."""
        shelved = self._by_name.pop(name, None)
        if shelved is None:
            return
        holders = self._holders[shelved.profile]
        for key in shelved.index:
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

    def profiles(self) -> tuple[Profile, ...]:
        """The distinct profiles of the cassettes that are here."""
        return tuple(self._holders)

    def troubled(self) -> list[Shelved]:
        """The cassettes that can't be used, by name."""
        return sorted((shelved for shelved in self if shelved.trouble), key=lambda shelved: shelved.name)
