"""Move a cassette, and take interactions out of one.

The rules: the library is held as for publishing; nothing is ever overwritten; what can't be read is not touched, and
what is left of a cassette keeps its bytes.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tokentape import formats
from tokentape.deck.marks import without_marked
from tokentape.errors import LibraryTrouble
from tokentape.library import listing, locks
from tokentape.library.files import content, sync_folder, trouble, write_atomically
from tokentape.model import Cassette


@dataclass(frozen=True, slots=True)
class TakenOut:
    """What became of a cassette: how many interactions went, how many stay. The file is gone where none does."""

    path: Path
    gone: int
    left: int


def move(root: Path, state: Path, old: str, new: str) -> tuple[Path, Path]:
    """Give a cassette another name; its old and its new path. Raises LibraryTrouble, also where the name is taken."""
    with locks.library_locked(root, state):
        known = dict(listing.cassettes(root))
        if old not in known:
            raise LibraryTrouble(f"there is no cassette {old} in {root}")
        source = Path(known[old])
        for name, path in known.items():
            # On some systems a name that differs by case alone is the same file.
            if name.lower() == new.lower() and name != old:
                raise LibraryTrouble(f"there is a cassette {name} already: {path}", "choose another name")
        target = root / f"{new}{source.suffix}"
        _rename(source, target)
        _drop_empty(source.parent, root)
    return source, target


def take_out(root: Path, state: Path, path: Path, fingerprints: Sequence[str]) -> TakenOut:
    """Take the interactions with these fingerprints out of a cassette; those that are not there any more are none.

    Raises TokentapeError; the file is then untouched.
    """
    with locks.library_locked(root, state):
        data = content(path)
        cassette = formats.load(data, os.fspath(path))
        kept = without_marked(cassette.interactions, fingerprints)
        gone = len(cassette.interactions) - len(kept)
        if gone and kept:
            write_atomically(
                path, formats.draft(Cassette(kept, cassette.raw), listing.kind_of(path)), path.stat().st_mode & 0o777
            )
        elif gone:
            _remove(path)
            _drop_empty(path.parent, root)
    return TakenOut(path, gone, len(kept))


def _rename(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.name.lower() == target.name.lower() and source.parent == target.parent:
            source.rename(target)
        else:
            # Unlike a rename, a link fails where somebody else has just put a file.
            os.link(source, target, follow_symlinks=False)
            source.unlink()
    except FileExistsError as error:
        raise LibraryTrouble(f"there is a file {target} already", "choose another name") from error
    except OSError as error:
        raise trouble(target, error, "write") from error
    for folder in {source.parent, target.parent}:
        sync_folder(folder)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise trouble(path, error, "remove") from error
    sync_folder(path.parent)


def _drop_empty(folder: Path, root: Path) -> None:
    """Remove the folders that nothing is left in, below the library."""
    with suppress(OSError):
        while folder != root and folder.is_relative_to(root):
            folder.rmdir()
            folder = folder.parent
