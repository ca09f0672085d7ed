"""Answers made up: what an API would say, without the API.

``generate`` takes a request, a seed and the time, and gives a ``Generated``; it does no I/O and knows no clock.
``prepare`` may be called before, from a thread, so that the first request does not wait for the tokenizer's data.
"""

from tokentape.generate.answering import generate
from tokentape.generate.canned import Played, Rule, rules_from
from tokentape.generate.generated import Generated, Usage
from tokentape.generate.stage import Setting
from tokentape.generate.tokens import prepare

__all__ = ["Generated", "Played", "Rule", "Setting", "Usage", "generate", "prepare", "rules_from"]
