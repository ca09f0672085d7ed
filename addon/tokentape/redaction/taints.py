"""The run's own secrets, looked for in every disguise: which values are worth it, and how each may be written.

A value that stood in a known place (a key in a header, the token of a login) is a **taint** if it is 12 characters or
more and random enough; it is then a secret wherever else it stands. A shorter one, or a word, would turn up by chance.

The rule: finding is exact, and what it costs hardly depends on how many there are. Every disguise of a taint has a
window of 12 to 16 bytes that a word holds whole; a text is sampled so often that one sample lies in any such window.
"""

import re
import struct
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

from tokentape.facts.providers import is_dummy
from tokentape.facts.shapes import bits
from tokentape.redaction.views import meant

SHORTEST = 12
_GRAM, _WIDEST = 6, 16
_FIRST = itemgetter(0)

# Roles whose values change with each use and open nothing by themselves.
_FLEETING = frozenset({"signature", "code-verifier"})
# Roles under which much stands that is no secret; there a value has to look like one.
_MIXED = frozenset({"cookie", "csrf-token", "organization", "project", "user-info"})

# What a word is made of, for sampling: everything else ends one.
_IN_WORDS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~+/=-")
_WORDS = bytes(byte if byte in _IN_WORDS else 0x20 for byte in range(256))
# An answer with embeddings has more numbers than anything else.
_NUMERIC = b"0123456789.-+eE"
# No token is longer than the overlap.
_SLICE, _OVERLAP = 1 << 18, 1 << 13


def long_words(data: bytes) -> set[bytes]:
    """The words of a text that are long enough to hold a secret, and no numbers. One that is very long may come in
    pieces, which overlap."""
    found: set[bytes] = set()
    for at in range(0, len(data), _SLICE):
        piece = data[at : at + _SLICE + _OVERLAP].translate(_WORDS)
        found.update([word for word in piece.split() if len(word) >= SHORTEST and word.strip(_NUMERIC)])
    return found


@lru_cache(maxsize=4096)
def taints_of(role: str, value: str) -> tuple[str, ...]:
    """The texts to look for everywhere, of a value that stood in a known place."""
    if role in _FLEETING:
        return ()
    found = [value.strip()] if is_taint(value.strip(), strict=role in _MIXED) else []
    if role in ("authorization", "user-info"):
        for user, password in _logins(role, value):
            found += [password] if is_taint(password) else []
            # Some APIs take their key for a user without a password; most users are no secret.
            found += [user] if is_taint(user, strict=True) else []
    return tuple(found)


def is_taint(value: str, *, strict: bool = False) -> bool:
    """Whether a value is random enough to be looked for everywhere."""
    if len(value) < SHORTEST or is_dummy(value):
        return False
    digits = sum(letter.isdigit() for letter in value)
    letters = sum(letter.isalpha() for letter in value)
    if not strict:
        return letters > 0 and bits(value) >= 2.5
    return len(value) >= 16 and digits >= 2 and letters >= 2 and bits(value) >= 3.2 and not _DATED.search(value)


_DATED = re.compile(r"\d{4}-\d\d-\d\dT|[ ,;{]")


def _logins(role: str, value: str) -> Iterator[tuple[str, str]]:
    """The user and the password in ``user:password``, plain or as Basic credentials have it in base64."""
    # A token may have a colon in it, and is no login for that.
    written = [value] if role == "user-info" else []
    with suppress(ValueError):
        written.append(b64decode(value.strip(), validate=True).decode())
    for text in written:
        user, colon, password = text.partition(":")
        if colon:
            yield user, password


# --- disguises


@dataclass(frozen=True, slots=True)
class Needle:
    """One way in which ``value`` may be written. ``coding`` is empty, or ``base64``, ``base64url``, ``hex``, ``HEX``.

    In base64 the text is what stays the same whatever stands around the value; ``skipped`` bytes of the value come
    before it.
    """

    text: bytes
    value: bytes
    coding: str = ""
    skipped: int = 0


@lru_cache(maxsize=4096)
def needles_of(value: str) -> tuple[Needle, ...]:
    """Every way in which a value may be written, once the escapes of a text are undone."""
    plain = value.encode("utf-8", "surrogateescape")
    found = {plain: Needle(plain, plain)}
    for other in (meant(plain), plain.replace(b" ", b"+")):
        found.setdefault(other, Needle(other, plain))
    for before in range(3):
        core = _core(plain, before)
        skipped = (3 - before) % 3
        found.setdefault(core, Needle(core, plain, "base64", skipped))
        if (safe := core.translate(_URL_SAFE)) != core:
            found.setdefault(safe, Needle(safe, plain, "base64url", skipped))
    found.setdefault(plain.hex().encode(), Needle(plain.hex().encode(), plain, "hex"))
    upper = plain.hex().upper().encode()
    found.setdefault(upper, Needle(upper, plain, "HEX"))
    # As it stands it is looked for however short it is: whoever asked for it meant it.
    return tuple(needle for needle in found.values() if len(needle.text) >= SHORTEST or needle.text == plain)


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _core(plain: bytes, before: int) -> bytes:
    """The characters of base64 that ``plain`` alone decides, when ``before`` bytes more stand in front of it."""
    encoded = b64encode(bytes(before) + plain).rstrip(b"=")
    whole = (before + len(plain)) % 3 == 0
    return encoded[4 if before else 0 : len(encoded) if whole else -1]


@dataclass(frozen=True, slots=True)
class Found:
    """A needle in a text: ``data[start:end]`` is its text."""

    start: int
    end: int
    needle: Needle


# Of all other characters some escape is usual that a light view leaves alone.
_PLAIN = re.compile(r"[A-Za-z0-9_.~+/=!@#$^&*(){}\[\]<>:;,?|'` -]*")


class _Sampling:
    """The needles by the grams of their windows: any stretch of ``window`` bytes holds a sample as a whole."""

    def __init__(self, window: int, needles: Iterable[Needle] = ()) -> None:
        self.window = window
        self._stride = window - _GRAM + 1
        self._sample = struct.Struct(f"{_GRAM}s{self._stride - _GRAM}x")
        self._grams: dict[bytes, tuple[Needle, ...]] = {}
        for needle in needles:
            self.add(needle)

    def add(self, needle: Needle) -> None:
        window = _window(needle.text, self.window) or b""
        for at in range(self._stride):
            gram = window[at : at + _GRAM]
            self._grams[gram] = (*self._grams.get(gram, ()), needle)

    def of(self, text: bytes) -> dict[Needle, None]:
        """The needles that a text of words may hold."""
        found: dict[Needle, None] = {}
        grams = self._grams
        if grams and text:
            # The rest, too short for a whole sample, is filled up. All of it in C: a megabyte has 90,000 samples.
            text += bytes(-len(text) % self._stride)
            for gram in set(filter(grams.__contains__, map(_FIRST, self._sample.iter_unpack(text)))):
                found.update(dict.fromkeys(grams[gram]))
        return found


class Needles:
    """The taints that are looked for. Grows; what is in it stays. Safe to search in one thread while another adds."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: dict[str, None] = {}
        self._indexed: list[Needle] = []
        self._sampling = _Sampling(_WIDEST)
        self._odd: tuple[Needle, ...] = ()
        self.any_escape = False
        """Whether a taint has characters for which a text may hold any escape."""
        self.longest = 0
        """The size of the longest one, in bytes, however it is encoded."""
        self.add(values)

    def __contains__(self, value: str) -> bool:
        return value in self._values

    def __len__(self) -> int:
        return len(self._values)

    @property
    def values(self) -> tuple[str, ...]:
        """All that is looked for."""
        return tuple(self._values)

    def add(self, values: Iterable[str]) -> tuple[str, ...]:
        """Look for these too; those that are new."""
        new = tuple(value for value in dict.fromkeys(values) if value not in self._values)
        for value in new:
            for needle in needles_of(value):
                self._index(needle)
                self.longest = max(self.longest, len(needle.text))
            self.any_escape |= not _PLAIN.fullmatch(value)
            self._values[value] = None
        return new

    def _index(self, needle: Needle) -> None:
        window = _window(needle.text, self._sampling.window)
        if window is None:
            self._odd = (*self._odd, needle)
            return
        if len(window) < self._sampling.window:
            # One that is shorter than all so far: every text is sampled more closely from now on.
            self._sampling = _Sampling(len(window), self._indexed)
        self._indexed.append(needle)
        self._sampling.add(needle)

    def may_be_in(self, data: bytes, words: Iterable[bytes]) -> list[Needle]:
        """The needles that a text may hold; ``words`` are its long ones."""
        found = dict.fromkeys(needle for needle in self._odd if needle.text in data)
        found.update(self._sampling.of(b" ".join(words)))
        return list(found)

    def find(self, data: bytes, words: Iterable[bytes]) -> Iterator[Found]:
        """Every needle in a text."""
        # The longest first, and in the same order in each process: of two that overlap the first one counts.
        for needle in sorted(self.may_be_in(data, words), key=lambda one: (-len(one.value), one.value, one.coding)):
            at = data.find(needle.text)
            while at >= 0:
                yield Found(at, at + len(needle.text), needle)
                at = data.find(needle.text, at + 1)


@lru_cache(maxsize=512)
def needles_for(values: tuple[str, ...]) -> Needles:
    """The needles of a message's own taints, which are the same in one request after the other. Not to be added to."""
    return Needles(values)


def _window(text: bytes, widest: int) -> bytes | None:
    """The last bytes of a text that stand together in one word, ``widest`` if there are so many, 12 at least; the end
    is where two keys differ most."""
    for size in range(min(widest, len(text)), SHORTEST - 1, -1):
        for end in range(len(text), size - 1, -1):
            piece = text[end - size : end]
            if _IN_WORDS.issuperset(piece) and piece.strip(_NUMERIC):
                return piece
    return None
