"""Lines and tables on stdout: with colour and wrapped on a terminal, plain and whole elsewhere.

The rule: colour only repeats what the words say; ``NO_COLOR`` and a pipe get none. Nothing in here is markup: a text
is shown as it is, made safe by whoever hands it over. The library that paints is imported for a terminal only.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tokentape.reporting.telling import Line

if TYPE_CHECKING:
    from rich.console import Console

_GAP = 2


def print_lines(lines: Iterable[Line]) -> None:
    """Lines, one below the other; a long one goes on below its start on a terminal."""
    if not sys.stdout.isatty():
        for line in lines:
            print(line)
        return
    from rich.padding import Padding
    from rich.text import Text

    place = _console()
    for line in lines:
        place.print(Padding(Text(line.text, line.style), (0, 0, 0, line.indent)))


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> None:
    """A table without lines; the columns in ``right`` hold numbers."""
    if not sys.stdout.isatty():
        print("\n".join(_plain([head, *rows], right)))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for number, name in enumerate(head):
        table.add_column(name, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    _console().print(table)


def _plain(rows: Sequence[Sequence[str]], right: frozenset[int]) -> Iterable[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield (" " * _GAP).join(cells).rstrip()


def _console() -> "Console":
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
