"""A cassette's file with more in it: longer at its end, or less what is replaced, where that will do; else made anew.

The rule: what stands in the file and is not replaced keeps its bytes. Where it is known where each recording stands,
none of them is read.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tokentape import formats
from tokentape.deck.marks import Mark, staying, without_marked
from tokentape.deck.shelf import Shelved
from tokentape.library.files import Overtaken, content, trouble
from tokentape.library.listing import kind_of
from tokentape.library.survey import stamped
from tokentape.model import Cassette, Interaction


@dataclass(frozen=True, slots=True)
class Grown:
    """A file as it is to be written.

    ``stay`` are the marks of those recordings in front of the new ones whose places the draft will tell too; None where
    the file has to be read to know what is in it. ``is_longer``: all that was there stays where it was.
    """

    draft: formats.Draft
    stay: Sequence[Mark] | None
    is_longer: bool = False


@contextmanager
def grown(
    path: Path, shelved: Shelved | None, added: Sequence[Interaction], replaces: Sequence[str]
) -> Iterator[Grown]:
    """The file of a cassette, as the shelf knows it, with more in it. Raises TokentapeError, and Overtaken for a file
    that is another one by now."""
    if shelved is None:
        yield Grown(formats.draft(Cassette(tuple(added)), kind_of(path)), ())
    elif not shelved.spans:
        yield Grown(_anew(path, added, replaces), None)
    else:
        with _opened(shelved) as file:
            yield _in_place(file, shelved, added, replaces) or Grown(_anew(path, added, replaces), None)


@contextmanager
def _opened(shelved: Shelved) -> Iterator[BinaryIO]:
    try:
        file = open(shelved.path, "rb")  # noqa: SIM115  # it is closed below; what goes wrong there is not of this file
    except OSError as error:
        raise trouble(shelved.path, error, "read") from error
    with file:
        yield file


def _in_place(file: BinaryIO, shelved: Shelved, added: Sequence[Interaction], replaces: Sequence[str]) -> Grown | None:
    """What stays is copied from where it stands."""
    if stamped(shelved.path, os.fstat(file.fileno())) != shelved.stamp:
        raise Overtaken(shelved.path)
    there = formats.Standing(shelved.stamp[1], shelved.spans, lambda start, length: _read(file, start, length))
    kind = kind_of(Path(shelved.path))
    stay = staying([mark.fingerprint for mark in shelved.marks], replaces) if replaces else range(shelved.count)
    if len(stay) == shelved.count:
        longer = formats.longer(there, added, kind)
        return Grown(longer, (), is_longer=True) if longer else None
    replaced = formats.replaced(there, [shelved.spans[place] for place in stay], added, kind)
    return Grown(replaced, [shelved.marks[place] for place in stay]) if replaced else None


def _read(file: BinaryIO, start: int, length: int) -> bytes:
    """So much of a file. Raises Overtaken where it is not there."""
    try:
        file.seek(start)
        piece = file.read(length)
    except OSError as error:
        raise trouble(file.name, error, "read") from error
    if len(piece) != length:
        raise Overtaken(file.name)
    return piece


def _anew(path: Path, added: Sequence[Interaction], replaces: Sequence[str]) -> formats.Draft:
    """The whole file anew, less what is replaced; unknown keys as they stand there."""
    before = content(path)
    cassette = formats.load(before, os.fspath(path))
    kept = without_marked(cassette.interactions, replaces)
    if kept is cassette.interactions and before:
        return formats.Draft([formats.append(before, cassette, added, kind_of(path))])
    return formats.draft(Cassette((*kept, *added), cassette.raw), kind_of(path))
