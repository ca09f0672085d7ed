"""OpenAI's ``embeddings``: one unit vector for a text, near those of texts with the same words.

The rule: a vector is the sum of a few dozen places for each word (feature hashing: Weinberger and others, 2009), over
a faint ground that no two texts share, so that two texts are as near as their words are the same. ``dimensions`` cuts
it and brings it back to length one, as OpenAI's models have it.
"""

import base64
import math
import re
import sys
from array import array
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from tokentape.generate import fields
from tokentape.generate.catalogue import EMBEDDING, Model, model_of
from tokentape.generate.generated import Generated, Usage
from tokentape.generate.material.dice import Dice, digest
from tokentape.generate.material.phrases import STOPWORDS
from tokentape.generate.material.tokens import count
from tokentape.generate.openai.chat import not_for
from tokentape.generate.problems import Invalid
from tokentape.generate.route import AZURE
from tokentape.generate.shapes import quoted
from tokentape.generate.stage import Stage

_MOST_INPUTS = 2048
_LONGEST = 16_384  # numbers in a vector of a model that nobody knows
_PLACES = 32  # of each word, for each 1024 of the vector's length
_FAINT = 0.15  # the length of the ground, of the whole
_SMALL_WORD = 0.2  # what a word counts that says little
_WORD = re.compile(r"\w+")

_INVALID = "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."


def answer(stage: Stage) -> Generated:
    """The answer to an embedding request. Raises Invalid."""
    tree = stage.tree
    name = stage.model_named()
    row = model_of(name)
    if EMBEDDING not in row.can:
        if stage.route.provider == AZURE:
            raise not_for("embeddings", stage)
        raise Invalid("You are not allowed to generate embeddings from this model", status=403)
    texts, tokens = read_inputs(tree, row)
    size = _size(tree, row)
    written = _base64 if fields.choice(tree, "encoding_format", ("float", "base64")) == "base64" else _floats
    data = ",".join(
        f'{{"object":"embedding","index":{index},"embedding":{written(vector(text, row.size, size))}}}'
        for index, text in enumerate(texts)
    )
    usage = Usage(tokens)
    text = (
        f'{{"object":"list","data":[{data}],"model":{quoted(name)},'
        f'"usage":{{"prompt_tokens":{tokens},"total_tokens":{tokens}}}}}'
    )
    return stage.json(text, usage)


def read_inputs(tree: fields.Tree, row: Model) -> tuple[list[str], int]:
    """The texts (token numbers as text of their own), and how many tokens they have. Raises Invalid."""
    value = tree.get("input")
    if value is None:
        raise fields.missing("input")
    if isinstance(value, list) and len(value) > _MOST_INPUTS and not isinstance(value[0], int):
        said = (
            f"Expected an array with maximum length {_MOST_INPUTS}, but got an array with length {len(value)} instead."
        )
        raise Invalid(f"Invalid 'input': array too long. {said}", "input", "array_above_max_length")
    items: list[Any] = value if isinstance(value, list) and not _are_numbers(value) else [value]
    if not items:
        raise Invalid(_INVALID)
    read = [_read(item, row) for item in items]
    return [text for text, _ in read], sum(size for _, size in read)


def _read(item: Any, row: Model) -> tuple[str, int]:
    """A text and its size; numbers of tokens become a text of these numbers."""
    if isinstance(item, str) and item:
        text, size = item, count(item, row.vocabulary)
    elif _are_numbers(item):
        text, size = " ".join(map(str, item)), len(item)
    else:
        raise Invalid(_INVALID)
    if size > row.window:
        raise Invalid(
            f"This model's maximum context length is {row.window} tokens, however you requested {size} tokens "
            f"({size} in your prompt; 0 for the completion). Please reduce your prompt; or completion length."
        )
    return text, size


def _are_numbers(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(type(item) is int for item in value)


def _size(tree: fields.Tree, row: Model) -> int:
    wanted = fields.integer(tree, "dimensions", 1)
    if wanted is None:
        return row.size
    if not row.shortens:
        raise Invalid("This model does not support specifying dimensions.", "dimensions")
    most = row.size if row.known else _LONGEST
    if wanted > most:
        said = f"Invalid value for 'dimensions' = {wanted}. Must be less than or equal to {most}."
        raise Invalid(said, "dimensions")
    return wanted


# --- the vector -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def vector(text: str, full: int, size: int) -> array[float]:
    """The unit vector of a text in single precision: the first ``size`` of ``full`` numbers, brought to length one."""
    sums = _ground(text, max(full, size))
    words = Counter(word.lower() for word in _WORD.findall(text))
    weights = {
        word: (_SMALL_WORD if word in STOPWORDS else 1.0) * (1 + math.log(times)) for word, times in words.items()
    }
    norm = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    for word, weight in weights.items():
        for place, sign in _places(word, len(sums)):
            sums[place] += sign * weight / norm
    kept = sums[:size]
    length = math.sqrt(math.fsum(number * number for number in kept)) or 1.0
    return array("f", [number / length for number in kept])


@lru_cache(maxsize=2048)
def _places(word: str, size: int) -> tuple[tuple[int, float], ...]:
    """Where a word adds to a vector, and how much: all of it is of length one."""
    number = max(4, _PLACES * size // 1024)
    share = 1 / math.sqrt(number)
    dice = Dice(digest(word.encode("utf-8", "surrogatepass")))
    drawn = (dice.number() for _ in range(number))
    return tuple(((one >> 1) % size, share if one & 1 else -share) for one in drawn)


@lru_cache(maxsize=8)
def _noise(size: int) -> list[float]:
    raw = b"".join(blake2b(f"{size} {index}".encode()).digest() for index in range(size // 16 + 1))
    middle = [byte - 127.5 for byte in raw[: size * 2]]
    length = math.sqrt(sum(number * number for number in middle) / 2)
    return [number / length * _FAINT for number in middle]


def _ground(text: str, size: int) -> list[float]:
    """A faint vector of its own for each text: a stretch of fixed noise, from a place that follows from the text."""
    noise = _noise(size)
    start = int.from_bytes(digest(text.encode("utf-8", "surrogatepass"))[:8], "little")
    first = start % size
    stretch = noise[first : first + size]
    return stretch if start >> 63 else [-number for number in stretch]


def _floats(numbers: Sequence[float]) -> str:
    """As JSON numbers; nine digits give a single-precision number back as it was."""
    return f"[{_format(len(numbers)) % tuple(numbers)}]"


@lru_cache(maxsize=16)
def _format(size: int) -> str:
    return ",".join(["%.9g"] * size)


def _base64(numbers: array[float]) -> str:
    """As base64 of little-endian single-precision numbers."""
    if sys.byteorder == "big":
        numbers = array("f", numbers)
        numbers.byteswap()
    return f'"{base64.b64encode(numbers.tobytes()).decode("ascii")}"'
