"""Where something stands in a TOML file of ours, for the errors that are raised about it: file, line, table, key.

The rule: an error names the line that a person has to change, and repeats no value, which may be a secret or long.
"""

import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from tokentape.errors import BadSetting

_TOML_LINE = re.compile(r"(.*?) \(at line ([0-9]+), column [0-9]+\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Spot:
    """A key of the file at ``path``, which holds ``text`` (empty where the values did not come from a text).

    ``table`` is where the key stands, dots and all; ``number`` says which ``[[table]]`` (from 1), 0 that it is no such
    list of tables.
    """

    path: str
    text: str
    table: str = ""
    number: int = 0
    key: str = ""

    def at(self, table: str, key: str = "", number: int = 0) -> "Spot":
        """Another spot of the same file."""
        return Spot(self.path, self.text, table, number, key)

    def of(self, key: str) -> "Spot":
        """A key of the same table."""
        return replace(self, key=key)

    def load(self) -> dict[str, Any]:
        """What the text says. Raises BadSetting where it is no TOML."""
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            found = _TOML_LINE.fullmatch(str(error))
            place, what = (f"{self.path}, line {found[2]}", found[1]) if found else (self.path, str(error))
            raise BadSetting(f"{place}: this is not TOML: {what}", "https://toml.io shows the syntax") from None

    def refuse_unknown(self, keys: Iterable[str], known: Sequence[str]) -> None:
        """Raises BadSetting for the first key of this table that nobody reads."""
        for key in keys:
            if key not in known:
                raise self.of(key).wrong("there is no such key", did_you_mean(key, known))

    def wrong(self, problem: str, hint: str = "", value: str = "") -> BadSetting:
        """The error to raise for this spot; ``value`` is an item of a list that may stand on a line of its own."""
        line = self._line(value)
        place = f"{self.path}, line {line}" if line else self.path
        inside = f"[[{self.table}]] {self.number}" if self.number else f"[{self.table}]" if self.table else ""
        subject = ", ".join(part for part in (inside, self.key and f"`{self.key}`") if part)
        return BadSetting(f"{place}: {subject + ': ' if subject else ''}{problem}", hint)

    def _line(self, value: str) -> int:
        """The line, from 1, on which the key (or the value below it) stands; 0 where it is written another way."""
        lines = self.text.splitlines()
        start = self._header_line(lines)
        if start is None:
            return 0
        if not self.key:
            return start + 1 if self.table else 0
        written = re.compile(rf"""\s*(?:\[+\s*)?["']?{re.escape(self.key)}["']?\s*[\]=]""")
        for number in range(start, len(lines)):
            if written.match(lines[number]):
                holds_value = (line for line in range(number, len(lines)) if value and value in lines[line])
                return next(holds_value, number) + 1
            if self.table and number > start and lines[number].lstrip().startswith("["):
                break
        return start + 1 if self.table else 0

    def _header_line(self, lines: Sequence[str]) -> int | None:
        if not self.table:
            return 0
        brackets = r"\[\[" if self.number else r"\[+"
        header = rf"\s*{brackets}\s*{re.escape(self.table)}\s*\]"
        found = [number for number, line in enumerate(lines) if re.match(header, line)]
        wanted = max(self.number, 1)
        return found[wanted - 1] if len(found) >= wanted else None


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """The hint for a word that is none of those known."""
    near = get_close_matches(word, known, 1)
    return f"did you mean `{near[0]}`?" if near else f"known: {', '.join(known)}"


def shown(value: object) -> str:
    """A wrong value, said without repeating what may be a secret or long."""
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a table"}
    return "an empty text" if value == "" else names.get(type(value), "a date")


def table_of(tree: Mapping[str, object], key: str, spot: Spot) -> Mapping[str, object]:
    """The table of that name, empty where there is none. Raises BadSetting."""
    table = tree.get(key, {})
    if not isinstance(table, dict):
        whole = f"{spot.table}.{key}" if spot.table else key
        raise spot.of(key).wrong(f"must be a table, got {shown(table)}", f"write [{whole}] on a line of its own")
    return table


def tables_of(tree: Mapping[str, object], key: str, spot: Spot) -> Sequence[Mapping[str, object]]:
    """The list of tables of that name, empty where there is none. Raises BadSetting."""
    tables = tree.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        whole = f"{spot.table}.{key}" if spot.table else key
        raise spot.at(whole).wrong("must be a list of tables", f"write [[{whole}]], with two brackets")
    return tables


def texts(value: object, spot: Spot) -> tuple[str, ...]:
    """A list of texts, none of them empty. Raises BadSetting."""
    if not isinstance(value, list):
        raise spot.wrong(f"must be a list of texts, got {shown(value)}", f'e.g. {spot.key} = ["…"]')
    for item in value:
        if not isinstance(item, str) or not item:
            raise spot.wrong(f"must hold texts only, got {shown(item)}")
    return tuple(value)


def glob(pattern: str) -> re.Pattern[str]:
    """``*`` stands for any characters (``/`` too) and ``?`` for one; case counts."""
    special = {"*": ".*", "?": "."}
    return re.compile("".join(special.get(letter) or re.escape(letter) for letter in pattern), re.DOTALL)


def whole(value: object, spot: Spot, *, lowest: int | None) -> int:
    """A whole number. Raises BadSetting."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise spot.wrong(f"must be a whole number, got {shown(value)}", f"e.g. {spot.key} = 60")
    if lowest is not None and value < lowest:
        raise spot.wrong(f"must be {lowest} or more, got {value}", "leave it out for none")
    return value


def number(value: object, spot: Spot) -> float:
    """A number. Raises BadSetting."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise spot.wrong(f"must be a number, got {shown(value)}")
    return float(value)


def flag(value: object, spot: Spot) -> bool:
    """A truth. Raises BadSetting."""
    if not isinstance(value, bool):
        raise spot.wrong(f"must be true or false, got {shown(value)}")
    return value


def text(value: object, spot: Spot) -> str:
    """A text, which may be empty. Raises BadSetting."""
    if not isinstance(value, str):
        raise spot.wrong(f"must be a text, got {shown(value)}")
    return value


def choice(value: object, choices: tuple[str, ...], spot: Spot) -> str:
    """One of several words. Raises BadSetting."""
    if value not in choices or not isinstance(value, str):
        known = tuple(choice for choice in choices if choice)
        problem = f"must be one of {', '.join(known)}"
        raise spot.wrong(problem, did_you_mean(value, known) if isinstance(value, str) else "")
    return value
