"""Which files there are below a folder: cassettes with their names, and what is left of writes that were cut short.

The rule: hidden files and folders are nobody's cassettes, and links to folders are not followed, so no walk is endless.
"""

import os
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from tokentape.errors import LibraryTrouble
from tokentape.formats import Kind
from tokentape.library.files import trouble

ENDINGS = (".yaml", ".json")  # of five letters each
# A name that is off by more letters is another name; and to compare so many takes some milliseconds.
_TYPOS = 3
_MOST_COMPARED = 1000


def kind_of(path: Path) -> Kind:
    """The format of a cassette with this path."""
    return "json" if path.suffix == ".json" else "yaml"


def cassettes(root: Path) -> Iterator[tuple[str, str]]:
    """Name and path of each cassette below a folder, in the order of names. Raises LibraryTrouble."""
    yield from sorted(
        (prefix + stem, os.path.normpath(f"{folder}/{name}"))
        for folder, prefix, names in folders(os.fspath(root))
        for name, stem in names
    )


def folders(
    folder: str, enter: Callable[[str], bool] = bool, prefix: str = ""
) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Each folder with what the names of its cassettes begin with, and its cassettes: the name of the file, and the
    same without its ending. ``enter`` is asked before a folder is read. Raises LibraryTrouble."""
    if not enter(folder):
        return
    entries = [(entry.name, entry) for entry in _sorted(folder) if entry.name[0] != "."]
    below = [name for name, entry in entries if entry.is_dir(follow_symlinks=False)]
    names = [(name, name[:-5]) for name, _ in entries if name.endswith(ENDINGS)]
    yield folder, prefix, [one for one in names if one[0] not in below] if below else names
    for name in below:
        yield from folders(f"{folder}/{name}", enter, f"{prefix}{name}/")


def unfinished(root: Path) -> Iterator[str]:
    """The paths of files that writers left when they were cut short. Raises LibraryTrouble."""
    return (os.path.normpath(entry.path) for entry in _entries(os.fspath(root)) if _is_unfinished(entry.name))


def beside(path: Path) -> Iterator[str]:
    """The path of each cassette in the folder of this one whose name is the same but for case or ending."""
    for name, stem in _files(os.fspath(path.parent)):
        if stem.lower() == path.stem.lower():
            yield os.path.normpath(path.parent / name)


def like(root: Path, name: str) -> str:
    """The cassette that is probably meant by a name that none has, of those in the same folder; empty for none."""
    folder, _, stem = name.rpartition("/")
    path = os.path.join(root, folder)
    try:
        found = _like(path, os.stat(path).st_mtime_ns, stem)
    except (OSError, LibraryTrouble):
        return ""
    return f"{folder}/{found}".lstrip("/") if found else ""


@lru_cache(maxsize=1024)  # a test suite, or a load test, asks for the same wrong name again and again
def _like(folder: str, _changed: int, stem: str) -> str:
    stems = [other for _, other in _files(folder) if abs(len(other) - len(stem)) <= _TYPOS]
    same = (other for other in stems if other.lower() == stem.lower())
    return next(same, "") or next(iter(get_close_matches(stem, stems[:_MOST_COMPARED], 1, 0.75)), "")


def _files(folder: str) -> Iterator[tuple[str, str]]:
    """The cassettes of one folder: the name of each file, and the same without its ending."""
    for entry in _sorted(folder):
        if entry.name.endswith(ENDINGS) and entry.name[0] != "." and not entry.is_dir(follow_symlinks=False):
            yield entry.name, entry.name[:-5]


def _is_unfinished(name: str) -> bool:
    return name.startswith(".") and name.endswith(".part") and any(f"{ending}." in name for ending in ENDINGS)


def _entries(folder: str) -> Iterator["os.DirEntry[str]"]:
    """The files below a folder, folder by folder."""
    for entry in _sorted(folder):
        if not entry.is_dir(follow_symlinks=False):
            yield entry
        elif not entry.name.startswith("."):
            yield from _entries(entry.path)


def _sorted(folder: str) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise trouble(folder, error, "read") from error
