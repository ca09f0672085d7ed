"""Wait for something that another process, thread or task will do, up to a deadline.

The rule: a test never sleeps for a length of time and hopes; it asks, again and again, whether the thing has happened,
and says what did not happen when the deadline has passed.
"""

import asyncio
import time
from collections.abc import Callable

ENOUGH = 15.0  # seconds; a loaded machine needs a few, a broken product none of them
_BETWEEN = 0.02  # seconds between two questions


def until[T](check: Callable[[], T], what: str, seconds: float = ENOUGH, said: Callable[[], str] = lambda: "") -> T:
    """Ask ``check`` until it answers with something true, and return that.

    Raises AssertionError naming ``what`` after ``seconds``, with what was ``said`` meanwhile.
    """
    deadline = time.monotonic() + seconds
    while not (answer := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}\n{said()}".rstrip())
        time.sleep(_BETWEEN)
    return answer


async def comes_true[T](check: Callable[[], T], what: str, seconds: float = ENOUGH) -> T:
    """The same in a test that runs in an event loop, whose other tasks go on meanwhile.

    Raises AssertionError naming ``what`` after ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while not (answer := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(_BETWEEN)
    return answer
