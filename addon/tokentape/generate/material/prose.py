"""Readable English about the words of a question, in tokens that are known before it is asked for.

The rule: the same dice and topics give the same text, and the text does not depend on where it will be cut. A text is a
list of tokens; joined they are the text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from tokentape.generate.material import phrases
from tokentape.generate.material.dice import Dice
from tokentape.generate.material.phrases import STOPWORDS
from tokentape.generate.material.tokens import split

# Answers of chat models to everyday questions run from a sentence or two to a few paragraphs.
SHORTEST, LONGEST = 40, 200  # tokens, as they are aimed at
_PARAGRAPH = 4  # sentences
_CLOSER, _LONG_ENOUGH = 16, 48  # tokens: of a closing sentence, and of a text that has one
_TOPIC_WORDS, _TOPICS, _LONGEST_WORD = 4, 6, 24
_ARTICLES, _JOINS = frozenset({"the", "a", "an"}), "of"
LOOKED_AT = 4000  # characters of a question

# Letters with their marks (which Python counts as no letters), or a sign that ends a run of words.
_WORD = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff])+|[^\w\s'’-]")


def topics_of(text: str) -> tuple[str, ...]:
    """What a text is about: a few words that stand together between the small ones, with their article, as
    ``the capital of France`` or ``rate limits``."""
    return _topics(text[:LOOKED_AT])


@lru_cache(maxsize=2048)
def _topics(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    run: list[str] = []
    between: list[str] = []  # an article, or what joins two words, if a word follows
    for piece in (*text.split(), "."):
        for word, kind in _read(piece):
            if kind is _TELLS:
                if run and between and between[0] != _JOINS:
                    found.setdefault(" ".join(run))
                    run = []
                if between:
                    run += between if run or between[0] != _JOINS else between[1:]
                    between = []
                run.append(word)
                if len(run) < _TOPIC_WORDS:
                    continue
            elif (kind is _ARTICLE and len(between) < 2) or (kind is _JOIN and run and not between):
                between.append(word)
                continue
            if run:
                found.setdefault(" ".join(run))
                run = []
                if len(found) >= _TOPICS:
                    return tuple(found)
            if between or kind is _ARTICLE:
                between = [word] if kind is _ARTICLE else []
    return tuple(found)


# What a word is to a topic.
_OTHER, _TELLS, _ARTICLE, _JOIN = range(4)


@lru_cache(maxsize=8192)
def _read(piece: str) -> tuple[tuple[str, int], ...]:
    """The words and signs of a piece between spaces, each with what it is; but for those that tell in small letters."""
    return tuple(map(_sorted, _WORD.findall(piece)))


def _sorted(word: str) -> tuple[str, int]:
    lower = word.lower()
    if word[0].isalpha() and lower not in STOPWORDS and (1 < len(word) <= _LONGEST_WORD or not word.isascii()):
        return word, _TELLS
    return lower, _ARTICLE if lower in _ARTICLES else _JOIN if lower == _JOINS else _OTHER


@dataclass(frozen=True, slots=True)
class _Book:
    """The phrases in the tokens of one vocabulary; where there are two of a kind, the second starts a text."""

    plain_openers: tuple[tuple[str, ...], ...]
    plain_closers: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    frames: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    clauses: tuple[tuple[str, ...], ...]
    end: tuple[str, ...]
    paragraph: tuple[str, ...]


@cache
def _book(vocabulary: str) -> _Book:
    def both(texts: Sequence[str], behind: str = "") -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
        return tuple((split(f" {text}{behind}", vocabulary), split(f"{text}{behind}", vocabulary)) for text in texts)

    return _Book(
        tuple(split(text, vocabulary) for text in phrases.PLAIN_OPENERS),
        both(phrases.PLAIN_CLOSERS),
        both(phrases.FRAMES, ","),
        tuple(split(f" {text}", vocabulary) for text in phrases.CLAUSES),
        split(".", vocabulary),
        split(".\n\n", vocabulary),
    )


def write(dice: Dice, topics: Sequence[str], vocabulary: str, at_least: int, enough: int | None = None) -> list[str]:
    """A text of at least so many tokens and hardly more: an opener, sentences in paragraphs, a closer.

    With ``enough`` it may break off once it has so many, and is the same text up to there.
    """
    book = _book(vocabulary)
    if topics:
        tokens = [*_filled(dice.pick(phrases.OPENERS), dice.pick(topics), vocabulary, first=True)]
    else:
        tokens = [*dice.pick(book.plain_openers)]
    sentences, steps = 1, _Steps(dice.number())
    while len(tokens) < at_least and (enough is None or len(tokens) < enough):
        first = sentences % _PARAGRAPH == 0
        tokens += book.paragraph if first else book.end
        sentences += 1
        if len(tokens) + _CLOSER >= at_least > _LONG_ENOUGH:
            tokens += _closer(dice, topics, book, vocabulary, first=first)
            break
        _framed(tokens, dice, topics, vocabulary, book, steps, first=first)
    tokens += book.end
    return tokens


def _closer(dice: Dice, topics: Sequence[str], book: _Book, vocabulary: str, *, first: bool) -> Sequence[str]:
    if topics:
        return _filled(dice.pick(phrases.CLOSERS), dice.pick(topics), vocabulary, first=first)
    return dice.pick(book.plain_closers)[first]


class _Steps:
    """Goes through lists from a drawn start in steps of a drawn length, so that nothing comes again before its time."""

    __slots__ = ("_clause", "_clause_step", "_frame", "_frame_step")

    def __init__(self, drawn: int) -> None:
        self._frame, self._clause = drawn & 0xFFFF, (drawn >> 16) & 0xFFFF
        self._frame_step = (1, 5, 7, 11)[(drawn >> 32) & 3]  # none has a divisor in common with the lists' lengths
        self._clause_step = (5, 11, 13, 17)[(drawn >> 34) & 3]

    def frame[T](self, among: Sequence[T]) -> T:
        """The next frame."""
        self._frame += self._frame_step
        return among[self._frame % len(among)]

    def clause[T](self, among: Sequence[T]) -> T:
        """The next clause."""
        self._clause += self._clause_step
        return among[self._clause % len(among)]


def _framed(
    tokens: list[str],
    dice: Dice,
    topics: Sequence[str],
    vocabulary: str,
    book: _Book,
    steps: _Steps,
    *,
    first: bool,
) -> None:
    """A frame and a clause; the topic is in at most one of them."""
    drawn = dice.number()
    about = drawn % 5 if topics else 4  # two in five sentences name the topic
    topic = topics[(drawn >> 40) % len(topics)] if topics else ""
    if about == 0:
        tokens += _filled(steps.frame(phrases.TOPIC_FRAMES) + ",", topic, vocabulary, first=first)
    else:
        tokens += steps.frame(book.frames)[first]
    if about == 1:
        tokens += _filled(steps.clause(phrases.TOPIC_CLAUSES), topic, vocabulary, first=False)
    else:
        tokens += steps.clause(book.clauses)


def _filled(template: str, topic: str, vocabulary: str, *, first: bool) -> tuple[str, ...]:
    """The tokens of a template with its topic: those of its two parts, and of the topic, each known for itself."""
    before, after = _around(template, vocabulary, first=first)
    return before + _spelled(topic, vocabulary, first=first and not before) + after


@cache
def _around(template: str, vocabulary: str, *, first: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    before, _, after = template.partition("{}")
    before = before.removesuffix(" ")  # the space is the topic's
    return split(before if first or not before else f" {before}", vocabulary), split(after, vocabulary)


@lru_cache(maxsize=8192)
def _spelled(topic: str, vocabulary: str, *, first: bool) -> tuple[str, ...]:
    return split(topic if first else f" {topic}", vocabulary)
