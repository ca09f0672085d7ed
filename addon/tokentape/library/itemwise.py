"""A large cassette, read some recordings at a time: the file is never there as a whole, nor are two large recordings.

The rule: what is read is what a reader of the whole file reads. What can't be read in this way is left to one: a file
in another layout, one that changes meanwhile, one that is too large, and one that is damaged, for only the whole tells
what is wrong and where.
"""

import os
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, NamedTuple

from tokentape import formats
from tokentape.formats.loading import LARGEST
from tokentape.model import Interaction

LARGE = 1024 * 1024
"""A smaller file is read as a whole, in less time."""
_PIECE = 1 << 20
_BATCH = 1 << 20


class NotItemwise(Exception):
    """The file has to be read as a whole."""


class Item(NamedTuple):
    """A recording, and where it stands in the file: start and length, in bytes."""

    interaction: Interaction
    span: tuple[int, int]


def batches(path: str, size: int) -> Iterator[list[Item]]:
    """The recordings in a file of so many bytes, each read when it is asked for: a large one, or many small ones, which
    takes less time than one after the other. Raises NotItemwise, OSError, and DamagedCassette."""
    if size > LARGEST:
        raise NotItemwise(path)
    with open(path, "rb") as file:
        spans = formats.spans_in(iter(partial(file.read, _PIECE), b""), size, path)
        if not spans or os.fstat(file.fileno()).st_size != size:
            raise NotItemwise(path)
        fields = formats.Fields()
        batch: list[Item] = []
        left = _BATCH
        for start, length in spans:
            if batch and length > left:
                yield batch
                batch, left = [], _BATCH
            batch.append(Item(formats.load_item(_piece(file, start, length), path, fields), (start, length)))
            left -= length
        yield batch


def _piece(file: BinaryIO, start: int, length: int) -> bytes:
    """So much of a file. Raises NotItemwise where it is not there."""
    file.seek(start)
    piece = file.read(length)
    if len(piece) != length:
        raise NotItemwise(file.name)
    return piece
