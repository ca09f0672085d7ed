"""Which cassettes stand below a folder, and in which version: a survey, and whether it still holds.

The rules: which files are cassettes is said in ``listing``; two files of one name (but for its case or ending) are an
error, never a choice. A folder's own time tells of files that came, went or were replaced, without a look at each; it
does not tell of a file that was edited in place.
"""

import os
import time
from dataclasses import dataclass, field

from tokentape.deck.shelf import Stamp
from tokentape.errors import LibraryTrouble
from tokentape.library.files import trouble
from tokentape.library.listing import folders

# A folder that changed so shortly before it was read (ns) may change again within the same tick of its clock.
_TICK = 2_000_000_000


@dataclass(slots=True)
class Survey:
    """The stamp of every cassette, by name; and of every folder when it was changed last (ns)."""

    stamps: dict[str, Stamp] = field(default_factory=dict)
    folders: dict[str, int] = field(default_factory=dict)

    def holds(self) -> bool:
        """Whether no file came, went or was replaced since. Safe in a thread."""
        return bool(self.folders) and all(_changed(folder) == then for folder, then in self.folders.items())


def survey(root: str) -> Survey:
    """Look at every cassette below a folder. Raises LibraryTrouble."""
    found = Survey()
    stamps, stat = found.stamps, os.stat  # at hand: a large library has many
    folded: dict[str, str] = {}
    young = time.time_ns() - _TICK

    def enter(folder: str) -> bool:
        # Its time first: what comes while we read is then a change.
        changed = _changed(folder)
        if changed is not None:
            found.folders[folder] = changed if changed < young else -1
        return changed is not None

    for folder, prefix, names in folders(root, enter):
        for name, stem in names:
            path = f"{folder}/{name}"
            cassette = prefix + stem
            twin = folded.setdefault(cassette.lower(), path)
            if twin != path:
                raise _one_name(twin, path)
            try:
                there = stat(path)
            except OSError:
                stamp = stamp_of(path)
            else:
                stamp = (path, there.st_size, there.st_mtime_ns, there.st_ino)
            if stamp is not None:
                stamps[cassette] = stamp
    return found


def stamp_of(path: str) -> Stamp | None:
    """What identifies this version of a file; None where there is none. Raises LibraryTrouble."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise trouble(path, error, "read") from error
    return stamped(path, found)


def stamped(path: str, found: os.stat_result) -> Stamp:
    """The same of a file whose state is known."""
    return (path, found.st_size, found.st_mtime_ns, found.st_ino)


def _changed(folder: str) -> int | None:
    try:
        return os.stat(folder).st_mtime_ns
    except FileNotFoundError:
        return None
    except OSError as error:
        raise trouble(folder, error, "read") from error


def _one_name(first: str, second: str) -> LibraryTrouble:
    return LibraryTrouble(
        f"{first} and {second} are one name, but for their case or ending", "remove or rename one of the two"
    )
