"""Find secrets that stand where none is expected: taints in any disguise, keys by their shape, what a library asks for.

All of them have one role, ``secret``, so that a value gives the same form however it was found: as a taint where its
key came along, by its shape where it did not. Placeholders that a client passes on are found as well, for the same
reason: a replayed login gave them to it.

Rules kept here: bytes in, offsets out; the dear searches look only around words that the cheap ones found suspicious.
"""

import re
from base64 import b64decode, urlsafe_b64decode
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from tokentape.facts.shapes import (
    AZURE_DOMAIN,
    AZURE_RESOURCE,
    BOT_NUMBER,
    BOT_TOKEN,
    IN_PATHS,
    KEYS,
    NAMED,
    PEM,
    PEM_START,
    in_base64,
    is_nobodys,
    is_random,
    is_real,
    may_hold_key,
    may_name_a_key,
)
from tokentape.redaction.placeholders import ANYWHERE, SIGNS, role_in
from tokentape.redaction.spans import Frame, Span, apart
from tokentape.redaction.spelled import spelled
from tokentape.redaction.stretches import in_stretches
from tokentape.redaction.taints import Found, Needle, Needles, long_words, needles_for, needles_of
from tokentape.redaction.views import View, views
from tokentape.redaction.wanted import NOTHING_MORE, Wanted

ROLE = "secret"
RESOURCE = "resource"
_OWN = b"tokentape"


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for besides known places. ``wanted`` is what a library asks for, ``shapes`` whether keys are told
    by their shape. Taints take no part in equality: they belong to a run, not to a library."""

    wanted: Wanted = NOTHING_MORE
    taints: Needles = field(default_factory=Needles, compare=False)
    shapes: bool = True
    learn: Callable[[Iterable[str]], object] | None = field(default=None, compare=False)
    """Adds to ``taints``, where they are those of a whole run; without it a message's own are known for it alone."""
    blind: bool = field(default=False, compare=False)
    """Whether taints are left alone."""
    words: tuple[str, ...] = field(default=(), compare=False)
    """More values to look for, too short or too plain for taints, where they stand as words."""

    def seeing(self, values: Iterable[str]) -> "Search":
        """The same with more taints; this one, if it has them all, or may have none."""
        new = [value for value in values if value not in self.taints]
        if not new or self.blind:
            return self
        if self.learn is None:
            taints = needles_for((*self.taints.values, *new))
            return Search(self.wanted, taints, self.shapes, None, self.blind, self.words)
        self.learn(new)
        return replace(self)

    def learning(self) -> "Search":
        """The same, which remembers: a credential in a known place of one message is looked for in all from then on."""
        taints = Needles(self.taints.values)
        return replace(self, taints=taints, learn=taints.add)

    def holds_taint(self, data: bytes) -> bool:
        """Whether one of the taints stands in a text."""
        return any(True for _ in self.taints.find(data, long_words(data)))

    def spans(self, data: bytes, *, placeholders: bool = False) -> list[Span]:
        """The secrets of a text, in order and apart; with the ``placeholders`` in it, if they are asked for."""
        spans = self._apart(self._anywhere(data, placeholders))
        if self.blind or spans:
            return spans
        # Only where nothing is found as it stands; with both in one body the next pass finds what is spelled.
        return self._apart(spelled(data, self.taints, ROLE))

    def _apart(self, spans: Iterable[Span]) -> list[Span]:
        """Less those that the library says are no secrets."""
        return apart(span for span in spans if not self.wanted.allows(span.value))

    def _anywhere(self, data: bytes, placeholders: bool) -> Iterator[Span]:
        # Only we know how long what we look for may be, and how much around it we look at.
        if self.wanted.sought:
            return self._spans(data, placeholders)
        return in_stretches(data, lambda stretch: self._spans(stretch, placeholders), self.taints.longest)

    def _spans(self, data: bytes, placeholders: bool) -> Iterator[Span]:
        lines = True
        for view in views(data, every=self.taints.any_escape, lines=False):
            words = long_words(view.data)
            yield from self._in_view(data, view, words, placeholders)
            lines = any(len(word) >= 60 for word in words)
        if lines and (b"\n" in data or b"\\n" in data):
            # Once more, with the lines of base64 put together.
            for view in views(data, every=self.taints.any_escape):
                yield from self._in_view(data, view, long_words(view.data), placeholders)

    def _in_view(self, data: bytes, view: View, words: Iterable[bytes], placeholders: bool) -> Iterator[Span]:
        for found in self.taints.find(view.data, words):
            yield _placed(_of_taint(view.data, found), data, view)
        for word in self.words:
            for at in re.finditer(rb"(?<![A-Za-z0-9])%s(?![A-Za-z0-9])" % re.escape(word.encode()), view.data):
                yield _placed(Span(at.start(), at.end(), ROLE, word), data, view)
        others = [_by_shape(view.data, words)] if self.shapes else []
        others.append(self.wanted.spans(view.data))
        if placeholders:
            others.append(_placeholders(view.data, self.wanted.roles))
        for spans in others:
            for span in spans:
                yield _placed(span, data, view)


STANDARD = Search()
"""What is looked for where neither a run nor a library asks for more."""


def _placed(span: Span, data: bytes, view: View) -> Span:
    """A span of a view, where it stands in the text itself."""
    start, end = view.original(span.start, span.end)
    if _in_escape(data, start):
        start += 1
    frame = span.frame
    if frame is not None and b"%" in data[start:end]:
        frame = Frame(frame.parts, frame.coding, frame.padded, quoted=True)
    return Span(start, end, span.role, span.value, frame)


def _in_escape(data: bytes, start: int) -> bool:
    """Whether a text begins with the letter of an escape, which has to stay: ``\\nKEY`` in JSON begins with a line."""
    before = start
    while before and data[before - 1 : before] == b"\\":
        before -= 1
    return (start - before) % 2 == 1 and data[start : start + 1] in (b"n", b"r", b"t", b"b", b"f")


# --- taints


def _of_taint(data: bytes, found: Found) -> Span:
    needle = found.needle
    value = needle.value.decode("utf-8", "surrogateescape")
    if needle.coding in ("hex", "HEX"):
        return Span(found.start, found.end, ROLE, value, Frame((b"", b""), needle.coding))
    if not needle.coding:
        return Span(found.start, found.end, ROLE, value)
    return _in_base64(data, found, value) or Span(found.start, found.end, ROLE, value)


# The letters of either alphabet; and those of the first without its slash, for a word in a path.
_COMMON = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_WORDS = (
    ("base64", _COMMON + b"+/", re.compile(rb"[A-Za-z0-9+/]*+={0,2}")),
    ("base64url", _COMMON + b"-_", re.compile(rb"[A-Za-z0-9_-]*+={0,2}")),
    ("base64", _COMMON + b"+", re.compile(rb"[A-Za-z0-9+]*+={0,2}")),
)
_DECODE = {"base64": b64decode, "base64url": urlsafe_b64decode}
_LONGEST_WORD = 1 << 16


def _in_base64(data: bytes, found: Found, value: str) -> Span | None:
    """The whole encoded word that a taint was found in; None where it can't be decoded.

    Most needles are written the same in both alphabets, of which one has the slash of paths: so the word is the longer
    one that is a text, if one of them is.
    """
    words = [word for kind in _WORDS if (word := _word(data, found, *kind, value)) is not None]
    words.sort(key=lambda word: (_is_text(word), word.end - word.start), reverse=True)
    return words[0] if words else None


def _word(data: bytes, found: Found, coding: str, letters: bytes, behind: re.Pattern[bytes], value: str) -> Span | None:
    """The word in one alphabet. What stands before it without a mark may be no part of it: where groups of four begin
    is what the needle says."""
    if found.needle.text.translate(None, letters + (b"/" if coding == "base64" else b"")):
        return None  # it is of the other alphabet
    before = data[max(0, found.start - _LONGEST_WORD) : found.start]
    length = len(before) - len(before.rstrip(letters))
    right = behind.match(data, found.end, found.end + _LONGEST_WORD)
    start, end = found.start - length // 4 * 4, right.end() if right else found.end
    word = data[start:end]
    bare = word.rstrip(b"=")
    if len(bare) % 4 == 1:
        return None
    parts = _DECODE[coding](bare + b"=" * (-len(bare) % 4)).split(found.needle.value)
    if len(parts) < 2:
        return None
    return Span(start, end, ROLE, value, Frame(tuple(parts), coding, padded=len(word) % 4 == 0))


def _is_text(word: Span) -> bool:
    try:
        around = b"".join(word.frame.parts if word.frame else ()).decode()
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter in "\t\r\n" for letter in around)


# --- shapes

_NO_LETTERS = b"0123456789.-+=/_~eE"
# What leads from a name to its value is shorter, and a longer value is no key; so much of one tells what it is.
_LEFT, _LONGEST_KEY, _LONGEST_NAMED = 48, 8192, 600
_BEFORE_TOKEN = 14  # a mark, the word bot, ten digits


def _by_shape(data: bytes, words: Iterable[bytes]) -> Iterator[Span]:
    told = [word for word in words if len(word) >= 16 and len(word.translate(None, _NO_LETTERS)) >= 2]
    for word, places in _standing(data, [word for word in told if may_hold_key(word)]):
        for at in places:
            found = KEYS.finditer(data, at, at + len(word))
            yield from _spans_of((one for one in found if not in_base64(data, *one.span())), is_real)
    for word, places in _standing(data, [word for word in told if 20 <= len(word) <= _LONGEST_KEY]):
        yield from _named(data, word, places)
    yield from _framed(data)


def _named(data: bytes, word: bytes, places: Iterable[int]) -> Iterator[Span]:
    """A random word, wherever a telling name stands before it (or in it: ``token=...``). In the events of a stream it
    has the same text before it each time, which is looked at once."""
    start = word[:_LONGEST_NAMED]
    befores: dict[bytes, list[int]] = {}
    for at in places:
        befores.setdefault(data[max(0, at - _LEFT) : at], []).append(at)
    for left, starts in befores.items():
        if b"=" not in start and not (may_name_a_key(left) and is_random(start.decode())):
            continue
        for found in _spans_of(NAMED.finditer(left + start), is_random):
            for at in starts:
                # A key that is longer than what was looked at goes whole.
                whole = found.end == len(left) + _LONGEST_NAMED
                end = at + len(word) if whole else found.end + at - len(left)
                yield replace(found, start=found.start + at - len(left), end=end)


def _standing(data: bytes, words: list[bytes]) -> Iterator[tuple[bytes, Iterable[int]]]:
    """Words of a text, each with the places where it stands."""
    if len(words) > _FEW:
        # A search for each would take a time that grows with the square of the text.
        left, places = set(words), defaultdict[bytes, list[int]](list)
        for found in _LONG_WORD.finditer(data):
            if found[0] in left:
                places[found[0]].append(found.start())
        yield from places.items()
        words = list(left - places.keys())  # pieces of words that are very long
    for word in words:
        yield word, _places(data, word)


_LONG_WORD = re.compile(rb"[A-Za-z0-9_.~+/=-]{16,}+")
_FEW = 30


def _framed(data: bytes) -> Iterator[Span]:
    """What is told by more than its own letters."""
    for at in _places(data, PEM_START):
        if (found := PEM.match(data, at)) and found[1].strip() and _OWN not in found[1]:
            yield _span(found, 1)
    for pattern in IN_PATHS:
        yield from _spans_of(pattern.finditer(data), is_real)
    yield from _bots(data)
    if any(sign in data for sign in AZURE_DOMAIN):
        for found in AZURE_RESOURCE.finditer(data):
            if _OWN not in found[1] and not is_nobodys(found[1].decode()):
                yield Span(found.start(1), found.end(1), RESOURCE, found[1].decode().lower())


def _bots(data: bytes) -> Iterator[Span]:
    for token in BOT_TOKEN.finditer(data):
        number = BOT_NUMBER.search(data[max(0, token.start() - _BEFORE_TOKEN) : token.start()])
        if number is not None and is_real(key := (number[1] + token[0]).decode()) and _OWN not in token[0].lower():
            yield Span(token.start() - len(number[1]), token.end(), ROLE, key)


def _spans_of(matches: Iterable[re.Match[bytes]], holds: Callable[[str], bool]) -> Iterator[Span]:
    for found in matches:
        group = found.lastindex or 0
        if _OWN not in found[group].lower() and holds(found[group].decode("utf-8", "surrogateescape")):
            yield _span(found, group)


def _span(found: re.Match[bytes], group: int) -> Span:
    return Span(found.start(group), found.end(group), ROLE, found[group].decode("utf-8", "surrogateescape"))


def _places(data: bytes, text: bytes) -> Iterator[int]:
    at = data.find(text)
    while at >= 0:
        yield at
        at = data.find(text, at + len(text))


# --- placeholders that a client passes on

_ENCODED_SIGNS: tuple[Needle, ...] = tuple(needle for needle in needles_of(SIGNS[0].decode()) if needle.coding)


def _placeholders(data: bytes, roles: frozenset[str]) -> Iterator[Span]:
    if any(sign in data for sign in SIGNS):
        for found in ANYWHERE.finditer(data):
            role = role_in(found)
            yield Span(
                found.start(), found.end(), role if role in roles or role == RESOURCE else ROLE, found[0].decode()
            )
    for needle in _ENCODED_SIGNS:
        for at in _places(data, needle.text):
            yield from _encoded_placeholder(data, Found(at, at + len(needle.text), needle))


def _encoded_placeholder(data: bytes, sign: Found) -> Iterator[Span]:
    if sign.needle.coding in ("hex", "HEX"):
        word = re.compile(rb"(?:[0-9a-fA-F]{2})+").match(data, sign.start)
        decoded = bytes.fromhex(word[0].decode()) if word else b""
        if word and (found := ANYWHERE.match(decoded)):
            end = sign.start + 2 * found.end()
            yield Span(sign.start, end, ROLE, found[0].decode(), Frame((b"", b""), sign.needle.coding))
        return
    whole = _in_base64(data, sign, "")
    if whole is None or whole.frame is None:
        return
    decoded = SIGNS[0].join(whole.frame.parts)
    if found := ANYWHERE.search(decoded):
        frame = Frame(tuple(decoded.split(found[0])), whole.frame.coding, whole.frame.padded)
        yield Span(whole.start, whole.end, ROLE, found[0].decode(), frame)
