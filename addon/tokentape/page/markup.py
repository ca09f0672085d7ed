"""HTML, made of tags and texts.

The rule: a text is escaped unless this module made it. ``tag`` is the only way to make a piece of the page, so no other
module has a place in which to forget it.
"""

from collections.abc import Iterable
from html import escape
from typing import Final

from tokentape.matching.showing import safe_lines, shortened

# Of one text so much is shown, in characters: a page with all of everything would open nowhere.
LONGEST: Final = 20_000

_VOID = frozenset({"meta"})


class Markup(str):
    """Text that is HTML already. Made by ``tag`` and ``joined`` alone."""

    __slots__ = ()


Piece = str | Markup | None


def tag(name: str, /, *inside: Piece, **attributes: str | bool | None) -> Markup:
    """An element. ``class_`` is the attribute ``class``, ``_`` stands for ``-``; None and False leave one out."""
    said = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{said}>")
    return Markup(f"<{name}{said}>{joined(inside)}</{name}>")


def joined(pieces: Iterable[Piece]) -> Markup:
    """Pieces one behind the other; what is no markup is escaped, None is nothing."""
    return Markup("".join(piece if isinstance(piece, Markup) else text(piece) for piece in pieces if piece is not None))


def text(words: str) -> Markup:
    """Words, escaped; letters that turn text around or are not to be seen are spelled out, and long ones cut."""
    kept, left = shortened(words, LONGEST)
    shown = escape("\n".join(safe_lines(kept)))
    return Markup(f"{shown}\n… {left:,} more characters" if left else shown)


def style(sheet: str) -> Markup:
    """A style sheet of ours, which is no text from anywhere else."""
    return Markup(f"<style>{sheet}</style>")


def _attribute(key: str, value: str | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{text(value)}"'
