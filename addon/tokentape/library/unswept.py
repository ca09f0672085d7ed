"""A stretch of work in which much is made that stays: Python is not to look meanwhile whether it is garbage.

It would do so every few hundred objects, now and then through all that is there, and find nothing.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unswept(*, for_good: bool = False) -> Iterator[None]:
    """No look for garbage until the block is left. ``for_good``: what is there by then is never looked at again, as is
    right for modules. Safe in a thread."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if for_good:
            gc.freeze()
        if was_on:
            gc.enable()
