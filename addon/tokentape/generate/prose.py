"""Readable English about the words of a question, in tokens that are known before it is asked for.

The rule: the same dice and topics give the same text, and the text does not depend on where it will be cut. A text is a
list of tokens; joined they are the text.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from tokentape.generate import phrases
from tokentape.generate.dice import Dice
from tokentape.generate.phrases import STOPWORDS
from tokentape.generate.tokens import split

# Answers of chat models to everyday questions run from a sentence or two to a few paragraphs.
SHORTEST, LONGEST = 40, 200  # tokens, as they are aimed at
_PARAGRAPH = 4  # sentences
_TOPIC_WORDS, _TOPICS = 3, 6
LOOKED_AT = 4000  # characters of a question

# Letters with their marks (which Python counts as no letters), or a sign that ends a run of words.
_WORD = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff])+|[^\w\s'’-]")


@lru_cache(maxsize=4096)
def topics_of(text: str) -> tuple[str, ...]:
    """What a text is about: runs of up to three words that stand together between the small words of the language."""
    runs: dict[str, None] = {}
    run: list[str] = []
    for word in [*_WORD.findall(text[:LOOKED_AT]), "."]:
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


def write(dice: Dice, topics: Sequence[str], vocabulary: str, at_least: int) -> list[str]:
    """A text of at least so many tokens and hardly more: an opener, sentences in paragraphs, a closer."""
    tokens: list[str] = []
    _sentence(tokens, dice, topics, vocabulary, phrases.OPENERS, phrases.PLAIN_OPENERS, first=True)
    sentences, used = 1, {-1}
    while len(tokens) < at_least:
        _end(tokens, vocabulary, paragraph=sentences % _PARAGRAPH == 0)
        first = sentences % _PARAGRAPH == 0
        sentences += 1
        if len(tokens) + 16 >= at_least > 48:
            _sentence(tokens, dice, topics, vocabulary, phrases.CLOSERS, phrases.PLAIN_CLOSERS, first=first)
            break
        _framed(tokens, dice, topics, vocabulary, used, first=first)
    tokens += split(".", vocabulary)
    return tokens


def _end(tokens: list[str], vocabulary: str, *, paragraph: bool) -> None:
    tokens += split(".\n\n" if paragraph else ".", vocabulary)


def _sentence(
    tokens: list[str],
    dice: Dice,
    topics: Sequence[str],
    vocabulary: str,
    about: Sequence[str],
    plain: Sequence[str],
    *,
    first: bool,
) -> None:
    template = dice.pick(about) if topics else dice.pick(plain)
    _fill(tokens, template, dice, topics, vocabulary, first=first)


def _framed(
    tokens: list[str], dice: Dice, topics: Sequence[str], vocabulary: str, used: set[int], *, first: bool
) -> None:
    """A frame and a clause; the topic is in at most one of them, and no clause comes twice while others are left."""
    drawn = dice.number()
    about = drawn % 5 if topics else 4  # two in five sentences name the topic
    frames = phrases.TOPIC_FRAMES if about == 0 else phrases.FRAMES
    clauses = phrases.TOPIC_CLAUSES if about == 1 else phrases.CLAUSES
    _fill(tokens, frames[(drawn >> 8) % len(frames)], dice, topics, vocabulary, first=first)
    tokens += split(",", vocabulary)
    at = (drawn >> 24) % len(clauses)
    if clauses is phrases.CLAUSES:
        if len(used) > len(clauses):
            used.clear()
        while at in used:
            at = (at + 1) % len(clauses)
        used.add(at)
    _fill(tokens, clauses[at], dice, topics, vocabulary, first=False)


def _fill(tokens: list[str], template: str, dice: Dice, topics: Sequence[str], vocabulary: str, *, first: bool) -> None:
    before, slot, after = template.partition("{}")
    if not slot:
        tokens += split(before if first else " " + before, vocabulary)
        return
    tokens += _filled(before, dice.pick(topics), after, first, vocabulary)


@lru_cache(maxsize=8192)
def _filled(before: str, topic: str, after: str, first: bool, vocabulary: str) -> tuple[str, ...]:
    """The tokens of a template with its topic, remembered: each is cut before a space or a sign."""
    return split(f"{'' if first else ' '}{before}{topic}{after}", vocabulary)
