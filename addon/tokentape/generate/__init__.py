"""Answers made up: what an API would say, without the API.

``generate`` takes a request, a seed and the time, and gives a ``Generated``; it does no I/O and knows no clock.
``prepare`` may be called before, from a thread, so that the first request does not wait for the tokenizer's data.

``route`` is which API a request is for, ``answering`` leads from there to an answer: a ``stage`` with its ``dice`` goes
in, a ``generated`` comes out, ``problems`` are in each provider's words; ``fields`` and ``forms`` read parameters ·
OpenAI's operations are ``chat`` (``messages``, ``toolset``, ``chatstream``), ``completions``, ``responses`` (with three
rooms of that name), ``embeddings``, ``images``, ``audio``, ``moderations``, ``models``, and ``azure`` adds to them ·
Anthropic's are ``claude``, ``claudeasked``, ``claudemessages`` · what is said is a ``reply``: ``prose`` made of
``phrases``, in ``tokens``, or a value of a ``schema`` (``merging``, ``wellformed``, ``validity``, ``words``,
``pattern``) · ``canned`` and ``scripted`` are the rules of a file, ``own``, ``web`` and ``returned`` the user's own
functions · ``catalogue`` (of models), ``logprobs``, ``media``, ``pictures``, ``sounds``, ``shapes``.
"""

from tokentape.generate.answering import generate
from tokentape.generate.canned import Played, Rule, rules_from
from tokentape.generate.generated import Generated, Usage
from tokentape.generate.stage import Setting
from tokentape.generate.tokens import prepare

__all__ = ["Generated", "Played", "Rule", "Setting", "Usage", "generate", "prepare", "rules_from"]
