"""Times in a cassette: Go's ``time.Duration`` as text, and the compact text that holds a response's chunks.

The rule: what is written is read back to the same number. A duration has nanoseconds, a chunk's delay microseconds.
Go's text (``Duration.String`` and ``ParseDuration`` of its standard library): ``1.957657916s``, ``967.76µs``,
``1m2.5s``.
"""

import re

from tokentape.model import Chunk

_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # U+00B5, what Go writes
    "μs": 1_000,  # U+03BC, which Go reads too
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_SECOND = 1_000_000_000
_LONGEST = 2**63 - 1
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_WHOLE = re.compile(rf"([-+]?)((?:{_PART.pattern})+)")
_CHUNK = re.compile(r"([0-9]{1,15})@([0-9]{1,9}(?:\.[0-9]{1,6})?)")


def parse_duration(text: str) -> float:
    """Seconds of a Go duration. Raises ValueError for what is none, or beyond 64 bits of nanoseconds."""
    if text in ("0", "+0", "-0"):
        return 0.0
    found = _WHOLE.fullmatch(text)
    if not found:
        raise ValueError("not a duration")
    sign, parts = found[1], found[2]
    total = sum(_nanoseconds(part[1], _NANOSECONDS[part[2]]) for part in _PART.finditer(parts))
    if total > _LONGEST:
        raise ValueError("a duration beyond 292 years")
    return -total / _SECOND if sign == "-" else total / _SECOND


def format_duration(seconds: float) -> str:
    """Seconds as Go writes a duration, to the nanosecond."""
    total = round(seconds * _SECOND)
    sign, total = ("-" if total < 0 else ""), abs(total)
    if total == 0:
        return "0s"
    if total < _SECOND:
        unit = "ns" if total < 1_000 else "µs" if total < 1_000_000 else "ms"
        return f"{sign}{_decimal(total, _NANOSECONDS[unit])}{unit}"
    minutes, rest = divmod(total, 60 * _SECOND)
    hours, minutes = divmod(minutes, 60)
    clock = (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "")
    return f"{sign}{clock}{_decimal(rest, _SECOND)}s"


def parse_chunks(text: str) -> tuple[Chunk, ...]:
    """The chunks of a text such as ``120@0.012 88@0``: bytes of the decoded body, and seconds since the chunk before.
    Raises ValueError."""
    chunks = []
    for part in text.split():
        found = _CHUNK.fullmatch(part)
        if not found:
            raise ValueError("not a list of chunks")
        chunks.append(Chunk(int(found[1]), float(found[2])))
    return tuple(chunks)


def format_chunks(chunks: tuple[Chunk, ...]) -> str:
    """The text of chunks, one for all; delays to the microsecond, never below zero."""
    return " ".join(f"{chunk.size}@{_decimal(max(0, round(chunk.delay * 1_000_000)), 1_000_000)}" for chunk in chunks)


def _nanoseconds(number: str, unit: int) -> int:
    whole, _, fraction = number.partition(".")
    return int(whole or 0) * unit + int(fraction or 0) * unit // int("1" + "0" * len(fraction))


def _decimal(number: int, unit: int) -> str:
    """``number / unit`` (a power of ten) in full, without zeros at the end."""
    whole, rest = divmod(number, unit)
    digits = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)
