"""How many tokens an answer says it cost: read from the usage it carries, whole or streamed. Pure.

The rule: providers say it in a few spellings, all of them an object under one of two keys; a stream says it several
times, each time for all so far (Anthropic, Gemini) or once at its end (OpenAI), so a later figure replaces an earlier.
Only these objects are parsed, never the whole body, so that an answer of megabytes costs a search.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from tokentape.model import Response
from tokentape.reporting.reports import NO_TOKENS, Carried, Tokens
from tokentape.wire import pace

# Within a string the quotes would be escaped, so a match is a key of the answer and nothing that a model has said. What
# must not stand before it is asked behind its first word: a pattern that begins with a text is found ten times as fast.
_USAGE = re.compile(rb'"usage(?<!\\"usage)(?:Metadata)?"\s*:\s*(?=\{)')
_LONGEST = 4096  # bytes; with every detail they have, usage objects are a tenth of this
_DECODER = json.JSONDecoder()

# OpenAI (chat and embeddings; responses), Anthropic, Gemini, Bedrock.
_INPUT = ("prompt_tokens", "input_tokens", "promptTokenCount", "inputTokens")
_OUTPUT = ("completion_tokens", "output_tokens", "candidatesTokenCount", "outputTokens")


def tokens_of(body: bytes) -> Tokens:
    """The tokens that an answer's body speaks of: zeros where it does not."""
    given = spent = 0
    for usage in _usages(body):
        given = _figure(usage, _INPUT, given)
        spent = _figure(usage, _OUTPUT, spent)
    return Tokens(given, spent) if given or spent else NO_TOKENS


def carried_by(response: Response) -> Carried:
    """What a response carries."""
    return Carried(tokens_of(response.body), pace.is_streamed(response))


def _usages(body: bytes) -> Iterator[dict[str, Any]]:
    for found in _USAGE.finditer(body):
        text = body[found.end() : found.end() + _LONGEST].decode(errors="replace")
        try:
            yield _DECODER.raw_decode(text)[0]
        except (json.JSONDecodeError, RecursionError):
            continue  # an answer that broke off here


def _figure(usage: dict[str, Any], names: tuple[str, ...], before: int) -> int:
    figures = (usage.get(name) for name in names)
    return next((figure for figure in figures if isinstance(figure, int) and not isinstance(figure, bool)), before)
