"""A library: a folder of cassettes, read when it changed and published to atomically.

The rules: nothing is read or written outside of the folder; a damaged cassette is never taken for an empty one and
never overwritten; two processes that publish into one library lose nothing. What is read becomes marks on the shelf;
the texts stay in the files (``contents`` reads them when they are asked for).
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tokentape import formats
from tokentape.deck.marks import Mark, mark_of
from tokentape.deck.shelf import Shelf, Shelved, Stamp
from tokentape.errors import DamagedCassette, LibraryTrouble, TokentapeError
from tokentape.formats.loading import LARGEST
from tokentape.library import growing, index, itemwise, locks
from tokentape.library.contents import MOST_REMEMBERED, Contents
from tokentape.library.files import Overtaken, content, write_atomically
from tokentape.library.listing import ENDINGS, kind_of, like
from tokentape.library.rewriting import gone_over
from tokentape.library.rulestext import edit_rules
from tokentape.library.spare import give_back, stand_apart
from tokentape.library.survey import Survey, stamp_of, stamped, survey
from tokentape.model import Cassette, Interaction
from tokentape.redaction.hidden import Search
from tokentape.rules.profile import Profile
from tokentape.rules.rules import Rules

_TWINS = dict(zip(ENDINGS, reversed(ENDINGS), strict=True))
# Having had to read so many recordings anew is worth keeping; a file of so many bytes is worth a look there.
_WORTH_KEEPING = 200
_LIKE_ANOTHER = 40_000  # so many bytes more take as long as a recording more
_WORTH_RECALLING = 1024 * 1024
# Who edits a file by hand knows no lock, and is done soon.
_ATTEMPTS = 5


class Change(NamedTuple):
    """A cassette as it is on the disk now (None: it is gone), and in which version the shelf had it (None: not).

    A tuple: the first look at a large library makes many.
    """

    name: str
    shelved: Shelved | None
    seen: Stamp | None


@dataclass(frozen=True, slots=True)
class Published:
    """A cassette as it was just written: what came behind the version ``follows``, or, replaced, all of it. Its marks
    are of this ``profile``."""

    path: str
    profile: Profile
    stamp: Stamp
    added: Cassette
    marks: tuple[Mark, ...]
    spans: tuple[tuple[int, int], ...]
    follows: Stamp | None = None
    replaced: Shelved | None = None


class Library:
    """The cassettes below one folder. ``state`` and ``cache`` are folders of the user's."""

    def __init__(self, root: Path, shelf: Shelf, state: Path, rules: Rules, cache: Path | None = None) -> None:
        stand_apart()
        self.root = root
        self.contents = Contents()
        self._shelf = shelf
        self._rules = rules
        self._state = state
        self._index = (cache or index.cache_folder()) / "index" / f"{locks.library_digest(root)}.marks"
        self._remembered: index.Remembered | None = None
        self._anew = 0
        self._survey = Survey()

    # --- from the disk to the shelf

    def is_stale(self, name: str) -> bool:
        """Whether the file of a cassette is another one than the shelf knows. Raises LibraryTrouble."""
        shelved = self._shelf.get(name)
        return self._stamp(name) != (shelved.stamp if shelved is not None else None)

    def is_unchanged(self, shelved: Shelved) -> bool:
        """The same asked of a cassette on the shelf, in less time. In doubt it is not."""
        path, size, changed, inode = shelved.stamp
        try:
            found = os.stat(path)
        except OSError:
            return False
        if (found.st_mtime_ns, found.st_size, found.st_ino) != (changed, size, inode):
            return False
        # A second file of the name would make it an error.
        return not os.access(f"{path[:-5]}{_TWINS[path[-5:]]}", os.F_OK)

    def read(self, name: str) -> Shelved | None:
        """A cassette as it is on the disk now; None where there is none. Damage is kept as its trouble."""
        stamp = self._stamp(name)
        if stamp is None:
            return None
        recalled = self._recalled({name: stamp}) if stamp[1] >= _WORTH_RECALLING else {}
        return recalled.get(name) or self._read(name, stamp)

    def like(self, name: str | None) -> str:
        """The cassette that a name with a typo probably means; empty for none. Safe in a thread."""
        return like(self.root, name or "")

    def changes(self) -> list[Change]:
        """The cassettes that are not as the shelf knows them. Safe in a thread. Raises LibraryTrouble."""
        known = {shelved.name: shelved.stamp for shelved in self._shelf}
        found = survey(os.fspath(self.root))
        gone = [Change(name, None, stamp) for name, stamp in known.items() if name not in found.stamps]
        changed = {name: stamp for name, stamp in found.stamps.items() if known.get(name) != stamp}
        recalled = self._recalled(changed) if changed else {}
        self._survey = found
        return [
            *gone,
            *(
                Change(name, recalled.get(name) or self._read(name, changed[name]), known.get(name))
                for name in sorted(changed)
            ),
        ]

    def has_moved(self) -> bool:
        """Whether a file came, went or was replaced since ``changes`` looked. Safe in a thread."""
        return not self._survey.holds()

    def put_change(self, change: Change) -> None:
        """Bring the shelf up to date with a change, unless it has gone on meanwhile: then the next look finds it."""
        there = self._shelf.get(change.name)
        if (there.stamp if there is not None else None) == change.seen:
            self.put(change.name, change.shelved)

    def put(self, name: str, shelved: Shelved | None) -> None:
        """Bring the shelf up to date with what ``read`` or ``changes`` found."""
        if shelved is None:
            self._shelf.drop(name)
        elif shelved.profile is self._rules.profile_for(name):  # else it was read under rules that hold no more
            self._shelf.put(shelved)

    def fetch(self, name: str, position: int) -> Interaction:
        """A recording of a cassette that is on the shelf. Blocks. Raises TokentapeError."""
        shelved = self._shelf.get(name)
        if shelved is None:
            raise LibraryTrouble(f"the cassette {name} was removed just now", "ask again")
        return self.contents.fetch(shelved, position)

    def is_read_only(self, name: str) -> bool:
        """Whether a cassette on the shelf is of a format that is never written."""
        shelved = self._shelf.get(name)
        return shelved is not None and shelved.read_only

    # --- the rules

    @property
    def search(self) -> Search:
        """What the rules have looked for in every request, beside what is always."""
        return self._rules.search

    def edit_rules(self, edit: Callable[[str], str]) -> None:
        """Change ``library.toml``, whole or not at all. Blocks. Raises TokentapeError; it is then untouched."""
        edit_rules(self.root, self._state, edit)

    def use(self, rules: Rules) -> None:
        """Go on with other rules: the shelf is emptied, and filled anew by the next looks."""
        self._rules = rules
        self._remembered = None
        for shelved in self._shelf:
            self._shelf.drop(shelved.name)

    def keep_index(self) -> None:
        """Keep the marks for the next run, if making them again would take long. Safe in a thread."""
        if self._anew >= _WORTH_KEEPING:
            self._anew = 0
            basis = self._basis()
            index.write(self._index, basis, self._shelf, self._remembered or index.read(self._index, basis))
            self._remembered = None

    # --- from a take to the disk

    def publish(self, name: str, added: Sequence[Interaction], kind: str, replaces: Sequence[str] = ()) -> Published:
        """Put interactions at the end of a cassette, whole or not at all; ``place`` then brings the shelf up to date.

        Safe in a thread. ``replaces`` are fingerprints of interactions that go. Raises TokentapeError; the file is then
        untouched.
        """
        with locks.library_locked(self.root, self._state):
            return _in_time(name, lambda: self._published(name, added, kind, replaces))

    def _published(self, name: str, added: Sequence[Interaction], kind: str, replaces: Sequence[str]) -> Published:
        seen = self._stamp(name)
        shelved = self._current(name, seen)
        if shelved is not None and shelved.trouble is not None:
            raise shelved.trouble
        # Before the file is there: what is wrong with a recording must not be found out after it was published.
        profile = self._rules.profile_for(name)
        marks = tuple(mark_of(interaction, profile) for interaction in added)
        give_back(sum(len(interaction.request.body) for interaction in added))
        path = Path(shelved.path) if shelved is not None else self.root / f"{name}.{kind}"
        with growing.grown(path, shelved, added, replaces) as after:
            written = write_atomically(path, after.draft, is_due=lambda: self._stamp(name) == seen, largest=LARGEST)
        stamp, spans = stamped(os.fspath(path), written), after.draft.spans
        if shelved is not None and after.is_longer:
            cassette = Cassette(tuple(added))
            return Published(stamp[0], profile, stamp, cassette, marks, tuple(spans), follows=shelved.stamp)
        if after.stay is None or (after.stay and shelved is not None and shelved.profile is not profile):
            whole = self._read(name, stamp)
        else:
            whole = self._made(name, stamp, profile, added, (*after.stay, *marks), spans)
        return Published(stamp[0], profile, stamp, Cassette(tuple(added)), (), (), replaced=whole)

    def rewrite(self, name: str, late: Search, search: Search) -> bool:
        """Take what ``late`` finds out of a cassette, whole or not at all; whether there was anything.

        Safe in a thread. Raises TokentapeError; the file is then untouched.
        """
        with locks.library_locked(self.root, self._state):
            return _in_time(name, lambda: self._rewritten(name, late, search))

    def _rewritten(self, name: str, late: Search, search: Search) -> bool:
        seen = self._stamp(name)
        if seen is None:
            return False
        path = Path(seen[0])
        cassette = formats.load(content(path), seen[0])
        clean = gone_over(cassette.interactions, late, search)
        if clean is None:
            return False
        text = formats.dump(Cassette(tuple(clean), cassette.raw), kind_of(path))
        write_atomically(path, [text], is_due=lambda: self._stamp(name) == seen)
        return True

    def place(self, name: str, published: Published) -> None:
        """Bring the shelf up to date with what was just published, without reading it again."""
        shelved = self._shelf.get(name)
        if shelved is not None and shelved.stamp == published.stamp:
            return
        if published.profile is not self._rules.profile_for(name):
            self._shelf.drop(name)  # it was compared by rules that hold no more: the next look reads it
        elif published.replaced is not None:
            self._shelf.put(published.replaced)
        elif shelved is not None and shelved.stamp == published.follows:
            self._shelf.extend(shelved, published.stamp, published.marks, published.spans)
            self.contents.remember(shelved, published.added, shelved.count - len(published.marks))
        else:
            self._shelf.drop(name)  # somebody else published meanwhile: the next look reads it

    def _current(self, name: str, stamp: Stamp | None) -> Shelved | None:
        """The cassette as it is on the disk in this version: the shelf's, if that is the one."""
        if stamp is None:
            return None
        shelved = self._shelf.get(name)
        return shelved if shelved is not None and shelved.stamp == stamp else self._read(name, stamp)

    # --- one file

    def _read(self, name: str, stamp: Stamp) -> Shelved:
        try:
            return self._looked_through(name, stamp) if stamp[1] >= itemwise.LARGE else self._loaded(name, stamp)
        except DamagedCassette as error:
            found = error
        except TokentapeError as error:
            found = DamagedCassette(stamp[0], None, str(error), error.hint)
        return Shelved(name, stamp, self._rules.profile_for(name), trouble=found)

    def _looked_through(self, name: str, stamp: Stamp) -> Shelved:
        """A large cassette, some recordings at a time, if it can be read so."""
        profile = self._rules.profile_for(name)
        marks: list[Mark] = []
        spans: list[tuple[int, int]] = []
        kept: list[Interaction] = []
        try:
            for batch in itemwise.batches(stamp[0], stamp[1]):
                marks += [mark_of(item.interaction, profile) for item in batch]
                spans += [item.span for item in batch]
                kept += [item.interaction for item in batch] if stamp[1] <= MOST_REMEMBERED else []
                del batch  # before the next is read
        except (itemwise.NotItemwise, OSError, DamagedCassette):
            return self._loaded(name, stamp)
        give_back(stamp[1])
        return self._made(name, stamp, profile, kept, marks, spans)

    def _loaded(self, name: str, stamp: Stamp) -> Shelved:
        data = content(Path(stamp[0]))
        cassette = formats.load(data, stamp[0])
        spans = formats.spans(data, cassette)
        del data  # to compare what is in it takes room
        profile = self._rules.profile_for(name)
        shelved = Shelved(name, stamp, profile, read_only=formats.read_only(cassette))
        shelved.add([mark_of(interaction, profile) for interaction in cassette.interactions], spans)
        if not spans:
            shelved.cassette = cassette
        self.contents.remember(shelved, cassette)
        self._note(shelved.count, stamp)
        return shelved

    def _made(
        self,
        name: str,
        stamp: Stamp,
        profile: Profile,
        added: Sequence[Interaction],
        marks: Sequence[Mark],
        spans: Sequence[tuple[int, int]],
    ) -> Shelved:
        """A cassette of which the marks are known; ``added`` are its last interactions, those that are at hand."""
        shelved = Shelved(name, stamp, profile)
        shelved.add(marks, spans)
        self.contents.remember(shelved, Cassette(tuple(added)), len(marks) - len(added))
        self._note(len(marks), stamp)
        return shelved

    def _note(self, count: int, stamp: Stamp) -> None:
        """So much was read or made that no index knows."""
        self._anew += count + stamp[1] // _LIKE_ANOTHER

    def _recalled(self, stamps: Mapping[str, Stamp]) -> dict[str, Shelved]:
        """Those of these files that the index knows in just this version."""
        rules, remembered = self._rules, self._remembered
        if remembered is None:
            remembered = self._remembered = index.read(self._index, self._basis())
        return remembered.shelved(stamps, rules.profile_for)

    def _basis(self) -> bytes:
        return index.basis_of(self._rules.text.encode(), self._rules.override or ())

    # --- which files there are

    def _stamp(self, name: str) -> Stamp | None:
        found = [stamp for ending in ENDINGS if (stamp := stamp_of(f"{self.root}/{name}{ending}"))]
        if len(found) > 1:
            raise LibraryTrouble(
                f"the cassette {name} is there twice: {found[0][0]} and {found[1][0]}", "remove one of the two"
            )
        return found[0] if found else None


def _in_time[T](name: str, write: Callable[[], T]) -> T:
    """Write, and once more if somebody else changed the file meanwhile. Raises LibraryTrouble."""
    for _ in range(_ATTEMPTS):
        with suppress(Overtaken):
            return write()
    raise LibraryTrouble(f"the cassette {name} is changed all the time", "stop what writes into it: tokentape recover")
