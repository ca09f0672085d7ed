"""The neutral tree a cassette file is read into: mappings, lists, text, bytes and nothing else.

The rule: a cassette is data. Nothing is resolved but ``!!binary`` (bytes) and null (None); every other scalar stays
the text it is in the file. A plain scalar that YAML would take for something other than text, as ``200`` or ``true``,
is a ``Plain``, so that a writer can tell it from ``"200"``. Tags of any other kind change nothing.
"""

import re

from tokentape.errors import TokentapeError

DEEPEST = 100
# First characters that a plain number, boolean, date, merge key or YAML 1.1 word can have.
_SUSPECTS = frozenset("+-.0123456789yYnNtTfFoO~<=")
_NOT_TEXT = re.compile(
    r"""
      [-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?      # integers and floats
    | [-+]?0[xX][0-9a-fA-F_]+ | [-+]?0[oO]?[0-7_]+ | [-+]?0[bB][01_]+
    | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?                      # base 60, of YAML 1.1
    | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{1,2}:[0-9]{2}(?:\.[0-9]*)?
      (?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)?                      # dates and times
    | true|True|TRUE|false|False|FALSE|y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF
    | ~|null|Null|NULL|<<|=
    """,
    re.VERBOSE,
)
# What git and diff3 leave at the start of lines when a merge was not finished.
_CONFLICT = re.compile(rb"^(?:<{7}|>{7}|\|{7}) .*$", re.MULTILINE)


class Plain(str):
    """A scalar without quotes that is not text to YAML: a number, a boolean, a date. Its text is the file's."""

    __slots__ = ()


class Misread(TokentapeError):
    """What a file can't be read for, with the place: a line (counted from 1), or keys down the tree, or neither."""

    def __init__(
        self, problem: str, *, line: int | None = None, keys: tuple[str | int, ...] = (), hint: str = ""
    ) -> None:
        super().__init__(problem, hint)
        self.problem = problem
        self.line = line
        self.keys = keys


def looks_unlike_text(text: str) -> bool:
    """Whether a plain scalar of this text is something other than text to YAML 1.1, YAML 1.2, go-yaml or PyYAML."""
    return not text or (text[0] in _SUSPECTS and _NOT_TEXT.fullmatch(text) is not None)


def conflict(data: bytes) -> Misread | None:
    """The unfinished merge that a file shows, if it does."""
    found = _CONFLICT.search(data)
    if not found:
        return None
    line = data.count(b"\n", 0, found.start()) + 1
    marker = found[0].decode("utf-8", "replace")[:60].strip()
    return Misread(
        f"a merge conflict was left in the file ({marker})", line=line, hint="finish the merge, then try again"
    )
