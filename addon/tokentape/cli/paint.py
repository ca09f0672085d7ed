"""Lines and tables on stdout: with colour and wrapped on a terminal, plain and whole elsewhere.

The rule: colour only repeats what the words say; ``NO_COLOR`` and a pipe get none. Nothing in here is markup: a text
is shown as it is, made safe by whoever hands it over.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

# Wide enough that nothing is cut or wrapped where nobody looks at a width.
_ENDLESS = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """A line, safe to show: so many columns in, in a style of rich's (``bold``, ``dim``, ``red``)."""

    text: str
    style: str = ""
    indent: int = 0


def console() -> Console:
    """Stdout as a place to paint on."""
    wide = None if sys.stdout.isatty() else _ENDLESS
    return Console(file=sys.stdout, width=wide, highlight=False, markup=False, emoji=False)


def print_lines(lines: Iterable[Line]) -> None:
    """Lines, one below the other; a long one goes on below its start on a terminal."""
    place = console()
    for line in lines:
        if place.is_terminal:
            place.print(Padding(Text(line.text, line.style), (0, 0, 0, line.indent)))
        else:
            print(f"{' ' * line.indent}{line.text}".rstrip())


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> None:
    """A table without lines; the columns in ``right`` hold numbers."""
    place = console()
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, name in enumerate(head):
        table.add_column(name, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    if place.is_terminal:
        place.print(table)
    else:
        with place.capture() as captured:
            place.print(table)
        print("\n".join(line.rstrip() for line in captured.get().splitlines()))
