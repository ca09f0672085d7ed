"""How many tokens a request counts for before it is answered, as each provider reckons it.

The rule: every figure has its source. Azure's were measured on the wire (github.com/stuartleeks/aoai-testing, July and
August 2024): by how much x-ratelimit-remaining-tokens went down from one answer to the next.

* gpt-3.5-turbo: ``max_tokens``, or 16 where it is not said; the prompt counts for nothing.
* gpt-4 and gpt-4o: ``max_tokens``, or 640; and for each text of the prompt a quarter of its characters, and one.
* embeddings: a quarter of the characters of each text, rounded up.

OpenAI's guide to rate limits: the larger of the most tokens asked for, and what the number of characters suggests.
Anthropic's: the tokens of the prompt count at once, those of the answer when they are made.
"""

import math
from collections.abc import Callable, Mapping

from tokentape.simulation.calls import Call
from tokentape.simulation.limits import Cost

_CHARACTERS_A_TOKEN = 4
_CHARACTERS_A_TOKEN_ANTHROPIC = 3.5  # its glossary, "Tokens"
_AZURE_OLD, _AZURE_OLD_MOST = ("gpt-35", "gpt-3.5"), 16
_AZURE_MOST = 640

# Operations that are counted by request alone.
_WITHOUT_TOKENS = frozenset(
    {"", "models", "model", "images", "image_edits", "image_variations", "speech", "transcriptions", "translations"}
)


def cost_of(call: Call, model: str) -> Cost:
    """What a call counts for; ``model`` is what its deployment is of."""
    if call.route.operation in _WITHOUT_TOKENS:
        return Cost()
    return _COSTS.get(call.route.provider, _openai)(call, model)


def _azure(call: Call, model: str) -> Cost:
    if call.route.operation == "embeddings":
        return Cost(sum(math.ceil(length / _CHARACTERS_A_TOKEN) for length in call.texts))
    if model.startswith(_AZURE_OLD):
        return Cost((call.most or _AZURE_OLD_MOST) * call.choices)
    prompt = sum(length // _CHARACTERS_A_TOKEN + 1 for length in call.texts)
    return Cost(prompt + (call.most or _AZURE_MOST) * call.choices)


def _openai(call: Call, _model: str) -> Cost:
    prompt = math.ceil(call.characters / _CHARACTERS_A_TOKEN)
    return Cost(max(prompt, (call.most or 0) * call.choices), prompt)


def _anthropic(call: Call, _model: str) -> Cost:
    prompt = math.ceil(call.characters / _CHARACTERS_A_TOKEN_ANTHROPIC)
    return Cost(prompt, prompt)


_COSTS: Mapping[str, Callable[[Call, str], Cost]] = {"azure": _azure, "anthropic": _anthropic}
