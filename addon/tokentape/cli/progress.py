"""How far long work is: on a terminal only, on stderr, one line that is written over and ended whatever happens."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

# So many files take long enough to want to see how far it is.
_MANY = 500
_STEP = 100


@contextmanager
def progress(count: int, what: str) -> Iterator[Callable[[int], None]]:
    """Inside of the block, a function to be told how many are done: ``12 of 40 requests``."""
    shown = False

    def show(number: int) -> None:
        nonlocal shown
        if sys.stderr.isatty():
            print(f"\rtokentape: {number} of {count} {what}", end="", file=sys.stderr, flush=True)
            shown = True

    try:
        yield show
    finally:
        if shown:
            print(file=sys.stderr, flush=True)


def counted[T](items: Sequence[T], what: str) -> Iterator[T]:
    """The items one by one, saying how many of them are done, where there are many."""
    if len(items) < _MANY:
        yield from items
        return
    with progress(len(items), what) as show:
        for number, item in enumerate(items, 1):
            yield item
            if number % _STEP == 0 or number == len(items):
                show(number)
