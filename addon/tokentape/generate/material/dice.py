"""Chance that is none: numbers, choices and ids that follow from a request and a seed.

The rule: nothing here looks at a clock or at the system's randomness, so the same request gets the same answer in any
process, on any machine, in any version of Python (``random`` promises that for some of its methods only).
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from struct import Struct
from typing import Any

_EIGHT = Struct("<8Q").unpack
_BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# A byte to a character; the first eight come up a little more often, which no reader of an id can see.
_TO_BASE62 = bytes(_BASE62[value % 62] for value in range(256))

# What changes how an answer is sent, and what changes where it is cut; neither changes what it says.
_MANNER = ("stream", "stream_options")
_CUTS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "stop", "stop_sequences", "n", "logprobs")
_NEITHER = frozenset((*_MANNER, *_CUTS))

_encode = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode


def fingerprints(operation: str, tree: Mapping[str, Any], seed: int) -> tuple[bytes, bytes]:
    """Sixteen bytes for what an answer says, and sixteen for its ids. The order of keys does not count.

    A request that differs only in its limits gets another answer, of the same words up to where it is cut.
    """
    asked = tree
    if not tree.keys().isdisjoint(_NEITHER):
        asked = {key: value for key, value in tree.items() if key not in _NEITHER}
    words = digest(f"{seed}\0{operation}\0{_encode(asked)}".encode("utf-8", "surrogatepass"))
    if tree.keys().isdisjoint(_CUTS):
        return words, words
    return words, digest(words + repr([tree.get(key) for key in _CUTS]).encode("utf-8", "surrogatepass"))


def digest(data: bytes) -> bytes:
    """Sixteen bytes for any bytes."""
    return blake2b(data, digest_size=16).digest()


class Dice:
    """A stream of numbers from a fingerprint: BLAKE2b of it and of a count, cut into eight."""

    __slots__ = ("_drawn", "_left", "basis")

    def __init__(self, basis: bytes, of: str = "") -> None:
        """``of`` tells several dice of one request apart."""
        self.basis = digest(basis + of.encode()) if of else basis
        self._drawn = 0
        self._left: list[int] = []

    def number(self) -> int:
        """The next of 2**64 numbers."""
        if not self._left:
            self._left.extend(_EIGHT(blake2b(b"%d" % self._drawn, key=self.basis).digest()))
            self._drawn += 1
        return self._left.pop()

    def below(self, end: int) -> int:
        """A number from 0 up to, not including, ``end``."""
        return self.number() % end

    def between(self, low: int, high: int) -> int:
        """A number from ``low`` to ``high``, both included."""
        return low + self.number() % (high - low + 1)

    def share(self) -> float:
        """A number from 0 up to, not including, 1."""
        return (self.number() >> 11) / (1 << 53)

    def pick[T](self, among: Sequence[T]) -> T:
        """One of several."""
        return among[self.number() % len(among)]

    def name(self, length: int, of: str = "id") -> str:
        """Letters and digits for an id; the same for the same ``of``, whatever was drawn before."""
        raw = blake2b(of.encode(), key=self.basis, digest_size=min(length, 64)).digest()
        return raw.translate(_TO_BASE62).decode("ascii")

    def hexadecimal(self, length: int, of: str = "id") -> str:
        """Lower-case hexadecimal for an id."""
        return blake2b(of.encode(), key=self.basis, digest_size=(length + 1) // 2).hexdigest()[:length]
