"""A library: a folder of cassettes, read when it changed and published to atomically.

The rules: nothing is read or written outside of the folder; a damaged cassette is never taken for an empty one and
never overwritten; two processes that publish into one library lose nothing.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from tokentape import formats
from tokentape.errors import DamagedCassette, LibraryTrouble, TokentapeError
from tokentape.library import locks
from tokentape.library.files import trouble, write_atomically
from tokentape.model import Cassette, Interaction
from tokentape.rules import Rules
from tokentape.shelf import KeysOf, Shelf, Shelved, Stamp

ENDINGS = (".yaml", ".json")
RULES_FILE = "library.toml"


class Library:
    """The cassettes below one folder. Holds no cassette itself: they go to the shelf."""

    def __init__(self, root: Path, shelf: Shelf, state: Path, rules: Rules, keys_of: KeysOf) -> None:
        self.root = root
        self._shelf = shelf
        self._rules = rules
        self._keys_of = keys_of
        digest = blake2b(os.fsencode(root.resolve()), digest_size=8).hexdigest()
        self._lock = state / "locks" / f"{digest}.lock"

    def is_stale(self, name: str) -> bool:
        """Whether the file of a cassette is another one than the shelf knows. Raises LibraryTrouble."""
        shelved = self._shelf.get(name)
        return self._stamp(name) != (shelved.stamp if shelved is not None else None)

    def read(self, name: str) -> Shelved | None:
        """A cassette as it is on the disk now, indexed; None where there is none. Damage is kept as its trouble."""
        stamp = self._stamp(name)
        return self._read(name, stamp) if stamp is not None else None

    def changes(self) -> list[tuple[str, Shelved | None]]:
        """The cassettes that are not as the shelf knows them. Safe in a thread. Raises LibraryTrouble."""
        stamps = self._stamps()
        gone: list[tuple[str, Shelved | None]] = [(old.name, None) for old in self._shelf if old.name not in stamps]
        for name, stamp in sorted(stamps.items()):
            shelved = self._shelf.get(name)
            if shelved is None or shelved.stamp != stamp:
                gone.append((name, self._read(name, stamp)))
        return gone

    def put(self, name: str, shelved: Shelved | None) -> None:
        """Bring the shelf up to date with what ``read`` or ``changes`` found."""
        if shelved is None:
            self._shelf.drop(name)
        else:
            self._shelf.put(shelved)

    def publish(self, name: str, added: Sequence[Interaction], kind: str, replaces: Sequence[str] = ()) -> Shelved:
        """Put interactions at the end of a cassette, whole or not at all; the cassette as it is then, for ``place``.

        Safe to call from a thread. ``replaces`` are fingerprints of interactions that go. Raises TokentapeError; the
        file is then untouched.
        """
        with locks.locked(self._lock):
            shelved = self._current(name)
            if shelved is not None and shelved.trouble is not None:
                raise shelved.trouble
            before = shelved.cassette if shelved else Cassette()
            path = Path(shelved.path) if shelved else self.root / f"{name}.{kind}"
            kept = _without(before.interactions, replaces)
            write_atomically(path, self._new_content(path, before, kept, added))
            stamp = _stat(os.fspath(path))
            assert stamp is not None
        after = Cassette((*kept, *added), before.raw)
        grown = Shelved(name, os.fspath(path), stamp, self._rules.profile_for(name), after)
        if shelved is not None and kept is before.interactions:
            grown.index = {key: list(positions) for key, positions in shelved.index.items()}
            grown.add(tuple(added), self._keys_of)
        else:
            grown.add(after.interactions, self._keys_of)
        return grown

    def place(self, grown: Shelved) -> None:
        """Bring the shelf up to date with what was just published, without reading it again."""
        shelved = self._shelf.get(grown.name)
        if shelved is None or shelved.stamp != grown.stamp:
            self._shelf.put(grown)

    def _current(self, name: str) -> Shelved | None:
        """The cassette as it is on the disk now: the shelf's, if the file is still the same."""
        stamp = self._stamp(name)
        if stamp is None:
            return None
        shelved = self._shelf.get(name)
        return shelved if shelved is not None and shelved.stamp == stamp else self._read(name, stamp)

    def _new_content(
        self, path: Path, before: Cassette, kept: tuple[Interaction, ...], added: Sequence[Interaction]
    ) -> bytes:
        kind: formats.Kind = "json" if path.suffix == ".json" else "yaml"
        if not before.interactions or len(kept) < len(before.interactions):
            return formats.dump(Cassette((*kept, *added), before.raw), kind)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise trouble(path, error, "read") from error
        return formats.append(data, before, added, kind)

    def _read(self, name: str, stamp: Stamp) -> Shelved:
        path = stamp[0]
        profile = self._rules.profile_for(name)
        try:
            data = Path(path).read_bytes()
            cassette = formats.load(data, path)
        except OSError as error:
            return Shelved(name, path, stamp, profile, trouble=trouble(path, error, "read"))
        except TokentapeError as error:
            return Shelved(name, path, stamp, profile, trouble=error)
        shelved = Shelved(name, path, stamp, profile, cassette, read_only=formats.read_only(cassette))
        try:
            shelved.add(cassette.interactions, self._keys_of)
        except TokentapeError as error:
            return Shelved(name, path, stamp, profile, trouble=DamagedCassette(path, None, str(error)))
        return shelved

    def _stamp(self, name: str) -> Stamp | None:
        found = [stamp for ending in ENDINGS if (stamp := _stat(f"{self.root}/{name}{ending}"))]
        if len(found) > 1:
            raise LibraryTrouble(
                f"the cassette {name} is there twice: {found[0][0]} and {found[1][0]}", "remove one of the two"
            )
        return found[0] if found else None

    def _stamps(self) -> dict[str, Stamp]:
        """The stamp of every cassette below the folder, by name."""
        stamps: dict[str, Stamp] = {}
        folded: dict[str, str] = {}
        for path in self._paths():
            name = os.path.splitext(os.path.relpath(path, self.root))[0].replace(os.sep, "/")
            twin = folded.setdefault(name.lower(), path)
            if twin != path:
                raise LibraryTrouble(
                    f"{twin} and {path} are one name, but for their case or ending", "remove or rename one of the two"
                )
            if (stamp := _stat(path)) is not None:
                stamps[name] = stamp
        return stamps

    def _paths(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self.root):
            folders[:] = sorted(below for below in folders if not below.startswith("."))
            for file in sorted(files):
                if file.endswith(ENDINGS) and not file.startswith("."):
                    yield os.path.join(folder, file)


def load_rules(root: Path) -> Rules:
    """The rules that travel with a library, from its ``library.toml``; none where there is no such file.

    Raises BadSetting for a mistake in the file, LibraryTrouble for one that can't be read.
    """
    path = root / RULES_FILE
    try:
        return Rules.parse(path.read_text("utf-8"), os.fspath(path))
    except (FileNotFoundError, NotADirectoryError):
        return Rules()
    except UnicodeDecodeError as error:
        raise LibraryTrouble(f"{path} is not UTF-8 text") from error
    except OSError as error:
        raise trouble(path, error, "read") from error


def fingerprint(interaction: Interaction) -> str:
    """What tells one recording from another: 16 hex of its request and response."""
    digest = blake2b(digest_size=8)
    request, response = interaction.request, interaction.response
    for part in (request.method, request.url, repr(request.headers), str(response.status), repr(response.headers)):
        digest.update(part.encode(errors="surrogateescape") + b"\0")
    for body in (request.body, response.body):
        digest.update(b"%d:" % len(body) + body)
    return digest.hexdigest()


def _without(interactions: tuple[Interaction, ...], fingerprints: Sequence[str]) -> tuple[Interaction, ...]:
    """The interactions less those with the fingerprints, each taken once."""
    going = Counter(fingerprints)
    kept = []
    for interaction in interactions if going else ():
        mark = fingerprint(interaction)
        if going[mark]:
            going[mark] -= 1
        else:
            kept.append(interaction)
    return tuple(kept) if going else interactions


def _stat(path: str) -> Stamp | None:
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise trouble(path, error, "read") from error
    return (path, found.st_size, found.st_mtime_ns, found.st_ino)
