"""Readable English about the words of a question, in tokens that are known before it is asked for.

The rule: the same dice and topics give the same text, and the text does not depend on where it will be cut. A text is a
list of tokens; joined they are the text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from tokentape.generate import phrases
from tokentape.generate.dice import Dice
from tokentape.generate.phrases import STOPWORDS
from tokentape.generate.tokens import split

# Answers of chat models to everyday questions run from a sentence or two to a few paragraphs.
SHORTEST, LONGEST = 40, 200  # tokens, as they are aimed at
_PARAGRAPH = 4  # sentences
_CLOSER, _LONG_ENOUGH = 16, 48  # tokens: of a closing sentence, and of a text that has one
_TOPIC_WORDS, _TOPICS = 3, 6
LOOKED_AT = 4000  # characters of a question

# Letters with their marks (which Python counts as no letters), or a sign that ends a run of words.
_WORD = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff])+|[^\w\s'’-]")


def topics_of(text: str) -> tuple[str, ...]:
    """What a text is about: runs of up to three words that stand together between the small words of the language."""
    return _topics(text[:LOOKED_AT])


@lru_cache(maxsize=2048)
def _topics(text: str) -> tuple[str, ...]:
    runs: dict[str, None] = {}
    run: list[str] = []
    for word in [*_WORD.findall(text), "."]:
        lower = word.lower()
        if word[0].isalpha() and lower not in STOPWORDS and len(word) <= 24:
            run.append(word)
            if len(run) < _TOPIC_WORDS:
                continue
        if run:
            runs.setdefault(" ".join(run))
            run = []
        if len(runs) >= _TOPICS:
            break
    return tuple(runs)


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
    sentences, used = 1, set[int]()
    while len(tokens) < at_least and (enough is None or len(tokens) < enough):
        first = sentences % _PARAGRAPH == 0
        tokens += book.paragraph if first else book.end
        sentences += 1
        if len(tokens) + _CLOSER >= at_least > _LONG_ENOUGH:
            tokens += _closer(dice, topics, book, vocabulary, first=first)
            break
        _framed(tokens, dice, topics, vocabulary, book, used, first=first)
    tokens += book.end
    return tokens


def _closer(dice: Dice, topics: Sequence[str], book: _Book, vocabulary: str, *, first: bool) -> Sequence[str]:
    if topics:
        return _filled(dice.pick(phrases.CLOSERS), dice.pick(topics), vocabulary, first=first)
    return dice.pick(book.plain_closers)[first]


def _framed(
    tokens: list[str],
    dice: Dice,
    topics: Sequence[str],
    vocabulary: str,
    book: _Book,
    used: set[int],
    *,
    first: bool,
) -> None:
    """A frame and a clause; the topic is in at most one of them, and no clause comes twice while others are left."""
    drawn = dice.number()
    about = drawn % 5 if topics else 4  # two in five sentences name the topic
    topic = topics[(drawn >> 40) % len(topics)] if topics else ""
    if about == 0:
        frame = phrases.TOPIC_FRAMES[(drawn >> 8) % len(phrases.TOPIC_FRAMES)]
        tokens += _filled(frame + ",", topic, vocabulary, first=first)
    else:
        tokens += book.frames[(drawn >> 8) % len(book.frames)][first]
    if about == 1:
        clause = phrases.TOPIC_CLAUSES[(drawn >> 24) % len(phrases.TOPIC_CLAUSES)]
        tokens += _filled(clause, topic, vocabulary, first=False)
        return
    at = (drawn >> 24) % len(book.clauses)
    if len(used) == len(book.clauses):
        used.clear()
    while at in used:
        at = (at + 1) % len(book.clauses)
    used.add(at)
    tokens += book.clauses[at]


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
