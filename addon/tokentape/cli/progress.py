"""How far long work is: on a terminal only, on stderr, one line that is written over."""

import sys
from collections.abc import Iterator, Sequence

# So many take long enough to want to see how far it is.
_MANY = 500
_STEP = 100


def counted[T](items: Sequence[T], what: str) -> Iterator[T]:
    """The items one by one, saying how many of them are done."""
    shown = len(items) >= _MANY and sys.stderr.isatty()
    for number, item in enumerate(items, 1):
        if shown and (number % _STEP == 0 or number == len(items)):
            say_how_far(number, len(items), what)
        yield item


def say_how_far(number: int, count: int, what: str) -> None:
    """``12 of 40 requests``; the last ends the line."""
    if sys.stderr.isatty():
        ending = "\n" if number == count else ""
        print(f"\rtokentape: {number} of {count} {what}", end=ending, file=sys.stderr, flush=True)
