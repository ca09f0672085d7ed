"""JSON by value: read it exactly, and give all equal values one digest.

The rule: nothing of a value is lost and nothing is added. Key order, white space and the spelling of a number or of a
character are not part of a value; the type is (``true`` is not ``1``, ``"1"`` is not ``1``, ``null`` is not absent).
Of keys that come twice the last one counts, as in every common parser.

Numbers are compared as the decimals they are written as, whatever their length: ``1``, ``1.0`` and ``10e-1`` are one
number, ``9007199254740993`` and ``9007199254740992`` are two. No step takes more than linear time in the length of a
number, and none depends on the interpreter's limit for the length of an int.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from hashlib import blake2b

from tokentape.errors import BadBody
from tokentape.matching import largejson, largevalues
from tokentape.matching.largejson import MAX_DEPTH
from tokentape.matching.largevalues import Large, LargeList, LargeObject, LargeText, whole

DIGEST_SIZE = 16
"""Bytes of every digest a form is made of."""

LARGE = 1 << 20
"""A body of more bytes is not there as a tree."""

# Ints of up to this many digits are kept as int. It is below the smallest limit (640) an interpreter can be given for
# the conversion between int and text, so that the limit can't change what equals what.
_INT_DIGITS = 600
# A float shows at most 17 significant digits.
_FLOAT_DIGITS = 17
_FLOAT_TEXT = 32
# Long texts are encoded for hashing in pieces, so that a large body is not in memory once more.
_PIECE = 1 << 20

_OPENS = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*[\[{]")
_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")


@dataclass(frozen=True, slots=True)
class Number:
    """A number that neither an int of modest size nor a float shows exactly: ``digits`` times ten to ``exponent``.

    Both are decimal text; ``digits`` has its sign and no zero at either end. ``exponent`` may be thousands of digits.
    """

    digits: str
    exponent: str

    def __str__(self) -> str:
        return f"{self.digits}e{self.exponent}" if self.exponent != "0" else self.digits


type Value = bool | int | float | str | Number | list[Value] | dict[str, Value] | None
type Tree = list[Value] | dict[str, Value]
type LargeTree = LargeList | LargeObject


def parse(body: bytes) -> Tree | None:
    """The object or list that ``body`` is as JSON (UTF-8, with or without a byte order mark), or None if it is none.

    A float in the tree stands for the decimal it is shown as, which is exactly what was written.

    Raises BadBody where it is nested deeper than ``MAX_DEPTH``.
    """
    tree: Tree | None = whole(read(body))
    return tree


def read(body: bytes) -> Tree | LargeTree | None:
    """As ``parse``, but that a large body is not there as a tree."""
    if not _OPENS.match(body):
        return None
    try:
        if len(body) > LARGE:
            with suppress(largejson.Doubt):
                large: LargeTree = largejson.read(body, _DECODER.scan_once)  # type: ignore[attr-defined]  # undocumented, and what decode calls
                return large
        tree: Tree = _DECODER.decode(body.decode().removeprefix("\ufeff"))
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        return None
    # A body with few brackets can't be deep; most are told apart here.
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and largejson.is_deeper(tree, MAX_DEPTH):
        raise _too_deep()
    return tree


def text(value: Value) -> str:
    """The one ASCII text of a value. It is JSON, except for a ``Number``, which has a text no JSON has."""
    return _ENCODER.encode(value)


def digest(value: Value | Large) -> bytes:
    """The digest of a value, equal exactly for equal values."""
    return _digest("json", texts(value))


def digest_of_ascii(kind: str, content: str) -> bytes:
    """The digest of an ASCII text, different for texts of another kind."""
    return _digest(kind, [content])


def _digest(kind: str, texts: Iterable[str]) -> bytes:
    total = blake2b(digest_size=DIGEST_SIZE, person=kind.encode())
    for content in texts:
        if len(content) <= _PIECE:
            total.update(content.encode("ascii"))
        else:
            for start in range(0, len(content), _PIECE):
                total.update(content[start : start + _PIECE].encode("ascii"))
    return total.digest()


def texts(value: Value | Large) -> Iterable[str]:
    """The text of a value; that of a large one in pieces."""
    if isinstance(value, largevalues.LARGE) or (isinstance(value, str) and len(value) > _PIECE):
        return _pieces(value)
    return (text(value),)


def _pieces(value: str | Large) -> Iterator[str]:
    match value:
        case LargeList():
            yield "["
            stretches = (stretch for stretch in value.stretches() if stretch)
            for at, stretch in enumerate(stretches):
                yield "," if at else ""
                yield from _inner(stretch)
            yield "]"
        case LargeObject():
            yield "{"
            for at, (key, child) in enumerate(value.items()):
                yield f"{',' if at else ''}{text(key)}:"
                yield from texts(child)
            yield "}"
        case LargeText():
            yield '"'
            yield from (text(piece)[1:-1] for piece in value.pieces())
            yield '"'
        case str():
            yield '"'
            yield from (text(value[at : at + _PIECE])[1:-1] for at in range(0, len(value), _PIECE))
            yield '"'


def _inner(stretch: list[Value]) -> Iterable[str]:
    """The text of some values with commas between them; a large one stands alone."""
    return texts(stretch[0]) if len(stretch) == 1 else (text(stretch)[1:-1],)


def _integer(written: str) -> int | float | Number:
    return int(written) if len(written) <= _INT_DIGITS else _decimal(written)


def _fraction(written: str) -> int | float | Number:
    if len(written) < _FLOAT_TEXT:
        value = float(written)
        if repr(value) == written and not value.is_integer():
            return value
    return _decimal(written)


def _decimal(written: str) -> int | float | Number:
    sign, digits, exponent = _normal(written)
    if not digits:
        return 0
    if isinstance(exponent, int):
        if exponent >= 0 and len(digits) + exponent <= _INT_DIGITS:
            return int(sign + digits + "0" * exponent)
        if exponent < 0 and len(digits) <= _FLOAT_DIGITS:
            value = float(f"{sign}{digits}e{exponent}")
            if _normal(repr(value)) == (sign, digits, exponent):
                return value
    return Number(sign + digits, format(exponent, "d" if isinstance(exponent, int) else "f"))


def _normal(written: str) -> tuple[str, str, int | Decimal]:
    """Sign, significant digits (none for zero) and exponent of a number."""
    found = _NUMBER.fullmatch(written)
    assert found is not None, "the JSON parser hands over numbers only"
    sign, whole, fraction, power = found.groups(default="")
    digits = (whole + fraction).lstrip("0")
    kept = digits.rstrip("0")
    return (sign, kept, _sum(power, len(digits) - len(kept) - len(fraction))) if kept else ("", "", 0)


def _sum(power: str, shift: int) -> int | Decimal:
    """The written exponent (may be empty) plus ``shift``. Decimal takes over where text and int take quadratic time."""
    if len(power) <= _INT_DIGITS:
        return int(power or "0") + shift
    total = _EXACT.add(Decimal(power), Decimal(shift))
    return int(total) if total.adjusted() < _INT_DIGITS else total


def _refuse_constant(written: str) -> None:
    raise ValueError(f"{written} is no JSON")


def _unlike_json(number: object) -> list[object]:
    """Where a ``Number`` stands: no parsed JSON holds a NaN, so no other value has the same text."""
    assert isinstance(number, Number)
    return [float("nan"), number.digits, number.exponent]


def _too_deep() -> BadBody:
    return BadBody(
        f"the JSON body is nested deeper than {MAX_DEPTH} levels, so it can't be compared safely",
        "send a flatter body, or forward this host unrecorded with vcr_ignore_hosts",
    )


_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
_DECODER = json.JSONDecoder(parse_float=_fraction, parse_int=_integer, parse_constant=_refuse_constant)
_ENCODER = json.JSONEncoder(check_circular=False, sort_keys=True, separators=(",", ":"), default=_unlike_json)
