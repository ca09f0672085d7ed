"""A text that a regular expression finds: for ``pattern`` in a JSON schema.

The rule: the expression is read by a small parser of its own for what patterns in schemas are made of (classes, groups,
alternatives, repeats, anchors), and the text is then held against Python's ``re``. What can't be made is
``Unsatisfiable``, never a text that does not fit.
"""

import string
from collections.abc import Callable

from tokentape.generate.material.dice import Dice
from tokentape.generate.schemas.merging import Unsatisfiable
from tokentape.generate.schemas.validity import found

_PRINTABLE = string.ascii_letters + string.digits + " _-.,:;!?/@#%&*+=()[]{}<>'\"\\|~^$`"
_CLASSES = {
    "d": string.digits,
    "w": string.ascii_lowercase + string.digits + "_",
    "s": " ",
    "D": string.ascii_letters,
    "W": "-. ",
    "S": string.ascii_lowercase,
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
# Escapes that mean something in JavaScript or Python, but no character or class of them that is known here.
_NOT_READ = "pPkcAZGXRz123456789"
_DRAWS, _REPEATS, _DEEPEST, _MOST = 40, 6, 60, 10_000


def text_for(expression: str, dice: Dice, low: int = 0, high: int | None = None) -> str:
    """A text in which the expression is found, of a length within bounds. Raises Unsatisfiable."""
    for attempt in range(_DRAWS):
        # Longer repeats where the length asks for them; shorter ones where the first draws were too long.
        text = _Drawing(expression, dice, low if attempt % 2 else 0, high).whole()
        if len(text) < low and not expression.endswith("$"):
            text += "".join(dice.pick(string.ascii_lowercase) for _ in range(low - len(text)))
        if len(text) >= low and (high is None or len(text) <= high) and found(expression, text):
            return text
    raise Unsatisfiable(f"no text was found for the pattern {expression!r}")


class _Drawing:
    """Reads an expression from left to right, and draws a text on the way."""

    def __init__(self, expression: str, dice: Dice, low: int, high: int | None) -> None:
        self.expression, self.dice, self.at = expression, dice, 0
        self.low, self.most = low, max(_REPEATS if high is None else min(high, _REPEATS), 1)

    def whole(self) -> str:
        text = self._alternatives(0)()
        if self.at < len(self.expression):
            raise Unsatisfiable(f"the pattern {self.expression!r} has a bracket too many")
        return text

    def _alternatives(self, depth: int) -> Callable[[], str]:
        if depth > _DEEPEST:
            raise Unsatisfiable("the pattern is nested too deep")
        branches = [self._sequence(depth)]
        while self._next() == "|":
            self.at += 1
            branches.append(self._sequence(depth))
        return lambda: self._any_of(branches)

    def _any_of(self, branches: list[Callable[[], str]]) -> str:
        return self.dice.pick(branches)()

    def _sequence(self, depth: int) -> Callable[[], str]:
        parts: list[Callable[[], str]] = []
        while (sign := self._next()) and sign not in "|)":
            parts.append(self._repeated(self._atom(depth)))
        return lambda: "".join(part() for part in parts)

    def _not_read(self, part: str) -> Unsatisfiable:
        return Unsatisfiable(f"the pattern {self.expression!r} has a {part}, which tokentape does not read")

    def _next(self) -> str:
        return self.expression[self.at : self.at + 1]

    def _take(self) -> str:
        sign = self._next()
        if not sign:
            raise Unsatisfiable(f"the pattern {self.expression!r} breaks off")
        self.at += 1
        return sign

    def _atom(self, depth: int) -> Callable[[], str]:
        sign = self._take()
        match sign:
            case "(":
                return self._group(depth)
            case "[":
                return self._one_of(self._set())
            case "\\":
                return self._one_of(self._escaped())
            case ".":
                return self._one_of(string.ascii_lowercase)
            case "^" | "$":
                return str
            case _:
                return lambda: sign

    def _one_of(self, signs: str) -> Callable[[], str]:
        return lambda: self.dice.pick(signs) if signs else ""

    def _group(self, depth: int) -> Callable[[], str]:
        is_look, start = False, self.expression[self.at :]
        for prefix, looks in (("?:", False), ("?=", True), ("?!", True), ("?<=", True), ("?<!", True)):
            if start.startswith(prefix):
                is_look = looks
                self.at += len(prefix)
                break
        else:
            if start.startswith(("?<", "?P<")):
                self.at = self.expression.find(">", self.at) + 1 or len(self.expression)
            elif start.startswith("?"):
                raise self._not_read(f"({start[:2]}")
        inner = self._alternatives(depth + 1)
        if self._take() != ")":
            raise Unsatisfiable(f"the pattern {self.expression!r} lacks a bracket")
        return str if is_look else inner

    def _escaped(self) -> str:
        sign = self._take()
        if sign in "bB":
            return ""
        if sign in _NOT_READ or (sign == "u" and self._next() == "{"):
            raise self._not_read(f"\\{sign}{'{' if sign == 'u' else ''}")
        if sign in "ux":
            code = self.expression[self.at : self.at + (4 if sign == "u" else 2)]
            self.at += len(code)
            try:
                return chr(int(code, 16))
            except ValueError:
                raise Unsatisfiable(f"the pattern {self.expression!r} has a broken escape") from None
        return _CLASSES.get(sign) or _ESCAPES.get(sign, sign)

    def _set(self) -> str:
        negated = self._next() == "^"
        self.at += negated
        signs: list[str] = []
        first = True
        while first or self._next() != "]":
            first = False
            sign = self._take()
            chosen = self._escaped() if sign == "\\" else sign
            if len(chosen) == 1 and self._next() == "-" and self.expression[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                last = self._take()
                end = self._escaped() if last == "\\" else last
                chosen = "".join(map(chr, range(ord(chosen), min(ord(end[-1]), ord(chosen) + 400) + 1)))
            signs.append(chosen)
        self.at += 1
        listed = "".join(signs)
        return "".join(sign for sign in _PRINTABLE if sign not in listed) if negated else listed

    def _repeated(self, atom: Callable[[], str]) -> Callable[[], str]:
        low, high = self._bounds()
        if self._next() in ("?", "+") and (low, high) != (1, 1):  # lazy or possessive: the same texts
            self.at += 1
        if low == high == 1:
            return atom
        most = high if high is not None and high <= max(self.most, low) else max(low, min(self.most, low + 4), self.low)
        if high is not None:
            most = min(most, high)
        return lambda: "".join(atom() for _ in range(self.dice.between(low, max(most, low))))

    def _bounds(self) -> tuple[int, int | None]:
        simple = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(self._next())
        if simple:
            self.at += 1
            return simple
        if self._next() != "{":
            return 1, 1
        inside, closed, _ = self.expression[self.at + 1 :].partition("}")
        low, comma, high = inside.partition(",")
        if closed and comma and not low and high.isdecimal():  # a repeat in Python, some characters in JavaScript
            raise self._not_read(f"{{,{high}}}")
        if not closed or not low.isdecimal() or not (high.isdecimal() or not high) or len(low + high) > 10:
            return 1, 1
        if int(low) > _MOST:
            raise Unsatisfiable(f"the pattern {self.expression!r} asks for more than {_MOST:,} repeats")
        self.at += len(inside) + 2
        return int(low), int(high) if high else (None if comma else int(low))
