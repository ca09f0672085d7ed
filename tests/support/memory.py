"""The memory that a piece of work takes, as Python counts it.

The rule: a bound is on the bytes of this work alone, never on what the system says of the process: that depends on what
ran before.
"""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Taken:
    """Bytes that a block has taken: at most at a time, and what was left of it at its end. Nothing before its end."""

    most: int = 0
    left: int = 0


@contextmanager
def memory() -> Iterator[Taken]:
    """Count what the block takes."""
    taken = Taken()
    tracemalloc.start()
    try:
        yield taken
        taken.left, taken.most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
