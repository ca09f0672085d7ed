"""Memory that is free again goes back to the system: what the pieces of a large body stood in would be held otherwise,
once more as much as the body.

The allocator of glibc gives back by itself only what is free at its end; others do so themselves, or can't be asked.
"""

import ctypes
from collections.abc import Callable
from functools import cache

LARGE = 1 << 23
"""After a body of so many bytes it is worth the some milliseconds it takes."""


def give_back(size: int) -> None:
    """Give back what is free, if a body of ``size`` bytes has come. Safe in a thread."""
    if size >= LARGE:
        _trim()(0)


@cache
def _trim() -> Callable[[int], object]:
    try:
        return ctypes.CDLL(None).malloc_trim  # takes how much is to stay, in bytes
    except (OSError, AttributeError, TypeError):
        return lambda _stays: None
