"""How many tokens a text has, and where it is cut into them: exactly where a tokenizer is installed, else estimated.

OpenAI's models: the package ``toktok-rs`` has their vocabularies inside (the extra ``tokens``), so it
counts offline, and the same as OpenAI does. Without it a word of up to nine letters counts as a token, a longer one as
one for each started six letters, a sign or up to three digits as one: on English prose within 10 % of the exact count.

Anthropic publishes no tokenizer for its present models. Its glossary gives 3.5 English characters to a token
(platform.claude.com/docs, glossary, "Tokens"), and that is how Claude's tokens are counted here.

The rule: a text is cut before it is counted where both vocabularies cut first anyway (before a space, between letters
and signs), so the tokens of two pieces put together are the tokens of each.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache

O200K, CL100K, CLAUDE = "o200k_base", "cl100k_base", "claude"

_CLAUDE_CHARACTERS = 3.5
_ALL = 1 << 60
_MEMORY = 256  # characters; texts up to here are remembered

# No finer than the first cut of cl100k and o200k: a word with the one sign or space before it and a short form behind
# it, up to three digits, signs, white space.
_PIECES = re.compile(
    r"(?:[^\w\r\n]|_)?[^\W\d_]+(?:'(?i:s|t|re|ve|m|ll|d))?|\d{1,3}| ?(?:[^\w\s]|_)+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_UNPAIRED = re.compile(r"[\ud800-\udfff]")
_LONG_WORD, _LONG_STEP = 9, 6


@cache
def _exact() -> Callable[[str, int, str], tuple[str, int]] | None:
    """The tokenizer: cuts a text down to so many tokens and says how many it had. None where it is not installed."""
    try:
        from toktok import truncate
    except ImportError:
        return None
    cut: Callable[[str, int, str], tuple[str, int]] = truncate
    return cut


def prepare() -> None:
    """Load the vocabularies, which takes a good half second, before a request has to wait for it."""
    for vocabulary in (O200K, CL100K):
        count("prepared", vocabulary)


def count(text: str, vocabulary: str = O200K) -> int:
    """How many tokens a text has."""
    return _remembered_count(text, vocabulary) if len(text) <= _MEMORY else _count(text, vocabulary)


def _count(text: str, vocabulary: str) -> int:
    if not text:
        return 0
    if vocabulary == CLAUDE:
        return int(-(-len(text) // _CLAUDE_CHARACTERS))
    cut = _exact()
    if cut is None:
        return sum(_estimate(piece) for piece in _PIECES.findall(text))
    try:
        return cut(text, _ALL, vocabulary)[1]
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can say and UTF-8 can't
        return cut(_UNPAIRED.sub("\ufffd", text), _ALL, vocabulary)[1]


def characters(limit: int) -> int:
    """How many characters so many of Claude's tokens are."""
    return int(limit * _CLAUDE_CHARACTERS)


_remembered_count = lru_cache(maxsize=8192)(_count)


def _estimate(piece: str) -> int:
    length = len(piece.strip())
    return 1 if length <= _LONG_WORD else -(-length // _LONG_STEP)


def split(text: str, vocabulary: str = O200K) -> tuple[str, ...]:
    """A text cut into its tokens; joined they are the text. Of a character that is several tokens the first has it."""
    return _remembered_split(text, vocabulary) if len(text) <= _MEMORY else _split(text, vocabulary)


def _split(text: str, vocabulary: str) -> tuple[str, ...]:
    return tuple(token for piece in _PIECES.findall(text) for token in _within(piece, vocabulary))


_remembered_split = lru_cache(maxsize=8192)(_split)


@lru_cache(maxsize=8192)
def _within(piece: str, vocabulary: str) -> tuple[str, ...]:
    return tuple(_cut(piece, vocabulary))


def _cut(piece: str, vocabulary: str) -> Iterator[str]:
    size = len(piece)
    cut = None if vocabulary == CLAUDE else _exact()
    if cut is None:
        step = size if size <= _LONG_WORD + 1 else _LONG_STEP
        yield from (piece[start : start + step] for start in range(0, size, step))
        return
    piece = _UNPAIRED.sub("\ufffd", piece)
    total, start = count(piece, vocabulary), 0
    for wanted in range(1, total + 1):
        end = len(cut(piece, wanted, vocabulary)[0]) if wanted < total else size
        if end > start:
            yield piece[start:end]
            start = end
