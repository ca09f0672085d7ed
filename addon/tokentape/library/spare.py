"""Memory that is free again goes back to the system: what the pieces of a large body stood in would be held otherwise,
once more as much as the body.

The allocator of glibc gives back by itself only what is free at its end, and what it took from the system as a block
of its own; others do so themselves, or can't be asked.
"""

import ctypes
from collections.abc import Callable
from contextlib import suppress
from functools import cache

# What comes where the system's library is another one.
_NO_GLIBC = (OSError, AttributeError, TypeError)
_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD in glibc's malloc.h
_BLOCK = 1 << 20
LARGE = 1 << 23
"""After a body of so many bytes it is worth the some milliseconds it takes."""


def give_back(size: int) -> None:
    """Give back what is free, if a body of ``size`` bytes has come. Safe in a thread."""
    if size >= LARGE:
        _trim()(0)


@cache
def stand_apart() -> None:
    """From now on take what is as large as a body that matters as a block of its own. By itself glibc does so only with
    what is larger than all that was freed before, up to 32 MB."""
    with suppress(*_NO_GLIBC):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _BLOCK)


@cache
def _trim() -> Callable[[int], object]:
    try:
        return ctypes.CDLL(None).malloc_trim  # takes how much is to stay, in bytes
    except _NO_GLIBC:
        return lambda _stays: None
