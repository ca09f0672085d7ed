"""Answers made up: what an API would say, without the API.

``generate`` takes a request, a seed and the time, and gives a ``Generated``; it does no I/O and knows no clock.
``prepare`` may be called before, from a thread, so that the first request does not wait for the tokenizer's data.

``route`` is which API a request is for, ``answering`` leads from there to an answer: a ``stage`` goes in, a
``generated`` comes out, ``problems`` are in each provider's words · ``openai/`` and ``anthropic/`` check what is asked
(``fields``, ``media``; ``catalogue`` knows the models, ``models`` lists them) and give it its shape · what is said is a
``reply``, of ``material/`` or fitting ``schemas/``, or laid down in a file (``canned``, ``scripted``) · ``yours/`` are
the user's own functions, which see ``web``.
"""

from tokentape.generate.answering import generate
from tokentape.generate.canned import Played, Rule, rules_from
from tokentape.generate.generated import Generated, Usage
from tokentape.generate.material.tokens import prepare
from tokentape.generate.stage import Setting

__all__ = ["Generated", "Played", "Rule", "Setting", "Usage", "generate", "prepare", "rules_from"]
