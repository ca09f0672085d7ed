"""What a word on the command line names: a cassette of the library, one of its interactions (NAME#3), or a file.

The rule: a word that names nothing is an error that says what was probably meant, with the command line to paste.
"""

import difflib
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from tokentape import formats
from tokentape.cli.talk import put_right
from tokentape.errors import BadSetting, LibraryTrouble
from tokentape.library import listing
from tokentape.library.files import content
from tokentape.matching.showing import printable
from tokentape.model import Cassette, Interaction
from tokentape.names import LONGEST_NAME


@dataclass(frozen=True, slots=True)
class Target:
    """A cassette that is there. ``position`` is of the one interaction that is meant, None for all of them."""

    name: str
    path: Path
    position: int | None = None

    @property
    def shown(self) -> str:
        """As it is typed."""
        return self.name if self.position is None else f"{self.name}#{self.position}"

    def load(self) -> Cassette:
        """The whole cassette. Raises TokentapeError."""
        return formats.load(content(self.path), os.fspath(self.path))

    def interactions(self) -> list[tuple[int, Interaction]]:
        """What is meant, with its positions. Raises TokentapeError, also for a position that is not there."""
        found = list(enumerate(self.load().interactions))
        if self.position is None:
            return found
        if self.position >= len(found):
            last = f"{self.name}#{len(found) - 1}"
            has = f"it has {len(found)}, the last is {last}" if found else "it has none"
            raise BadSetting(
                f"there is no interaction {self.shown}: {has}", put_right(self.shown, last) if found else ""
            )
        return [found[self.position]]


def find(word: str, library: Path) -> Target:
    """The cassette or interaction that a word names. Raises TokentapeError."""
    name, mark, number = word.partition("#")
    if mark and not (number.isascii() and number.isdecimal()):
        raise BadSetting(f"bad interaction {word!a}: what is behind the # must be a number", put_right(word, name))
    position = int(number) if mark else None
    path = Path(name)
    if path.suffix in listing.ENDINGS and os.path.isfile(path):
        return Target(_name_of(path, library), path, position)
    return Target(*_in_library(name, mark + number, library), position)


def find_cassette(word: str, library: Path) -> Target:
    """A whole cassette of the library, by its name. Raises TokentapeError."""
    return Target(*_in_library(word, "", library))


def names(library: Path) -> dict[str, str]:
    """The path of each cassette by its name. Raises LibraryTrouble where there is no library, or one name twice."""
    _check_library(library)
    known: dict[str, str] = {}
    for name, path in listing.cassettes(library):
        if name in known:
            raise _twice(name, known[name], path)
        known[name] = path
    return known


def no_such(word: str, known: list[str], library: Path, rest: str = "") -> BadSetting:
    """The error for a name that no cassette has; ``rest`` is what stood behind the name in the word."""
    likely = next(iter(difflib.get_close_matches(word, known, 1)), "")
    message = f"there is no cassette {printable(word[:LONGEST_NAME])}{'…' * (len(word) > LONGEST_NAME)} in {library}"
    if likely:
        return BadSetting(f"{message}; did you mean {likely}?", put_right(word + rest, likely + rest))
    return BadSetting(message, f"tokentape ls --library {shlex.quote(str(library))}")


def _check_library(library: Path) -> None:
    if not library.is_dir():
        hint = "tokentape record -- YOUR COMMAND, or name another: --library FOLDER"
        raise LibraryTrouble(f"there is no library {library}", hint)


def _in_library(word: str, rest: str, library: Path) -> tuple[str, Path]:
    _check_library(library)
    known = list(listing.cassettes(library))
    stem = word
    for ending in listing.ENDINGS:
        stem = stem.removesuffix(ending)
    # Looked up in what there is, never on the disk: a word may be too long for a name there, or lead elsewhere.
    found = [path for name, path in known if name == stem]
    if len(found) > 1:
        raise _twice(stem, found[0], found[1])
    if not found:
        raise no_such(word, [name for name, _ in known], library, rest)
    return stem, Path(found[0])


def _twice(name: str, path: str, other: str) -> LibraryTrouble:
    return LibraryTrouble(f"the cassette {name} is there twice: {path} and {other}", "remove one of the two")


def _name_of(path: Path, library: Path) -> str:
    if path.resolve().is_relative_to(library.resolve()):
        return path.resolve().relative_to(library.resolve()).with_suffix("").as_posix()
    return os.fspath(path)
