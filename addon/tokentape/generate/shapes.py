"""Small pieces of JSON that several answers have in common, written without a tree.

The rule: text in, text out; what comes from a request goes through ``quoted``.
"""

from json.encoder import encode_basestring
from typing import Final

from tokentape.generate.generated import Usage

# JSON text for a string, with characters beyond ASCII as they are: the API's own habit.
quoted: Final = encode_basestring

# Why an answer ends, in OpenAI's words.
FINISH = {"stop": "stop", "stop_sequence": "stop", "length": "length", "tool_calls": "tool_calls"}


def usage_text(usage: Usage) -> str:
    """The ``usage`` of a chat or a completion."""
    return (
        f'{{"prompt_tokens":{usage.prompt},"completion_tokens":{usage.completion},"total_tokens":{usage.total},'
        '"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":'
        '{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}'
    )
