"""What a request asks of an API, as far as limits, latency and metrics want to know: operation, model, tokens.

The rule: nothing is refused here. What can't be read counts as little; whoever generates the answer says what is wrong.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tokentape.generate.fields import body_of
from tokentape.generate.problems import Invalid
from tokentape.generate.route import Route, route_of
from tokentape.model import Headers, Request

# What is remembered, for load tests that send the same requests again and again.
_REMEMBERED = 4096  # requests
_MOST_BYTES = 2 * 1024 * 1024  # of their bodies
_LONGEST = 16 * 1024  # bytes of one
_LONGEST_NAME = 256  # characters of a name that is told from others
# Headers by their length, for most have another.
_TELLING = {len(name): name for name in ("anthropic-version", "content-type")}
_OBJECT = re.compile(rb"\s*\{")
_MODEL_IN_FORM = re.compile(rb'name="model"\r\n\r\n([\w.:/-]{1,100})\r\n')


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A request to an API; each is equal to itself alone, and a reader gives the same one for the same request.

    ``name`` is the deployment or model it names.

    ``most`` is how many tokens it asks for at most (None: it does not say), ``choices`` how many answers at once.
    ``texts`` holds the length of each text of the prompt in characters, ``size`` that of the body in bytes; ``tree`` is
    the body where it is a JSON object.
    """

    route: Route
    name: str = ""
    most: int | None = None
    choices: int = 1
    texts: tuple[int, ...] = ()
    size: int = 0
    tree: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def characters(self) -> int:
        """Of the whole prompt."""
        return sum(self.texts)


class Reader:
    """Reads requests, the same one but once."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, Headers, bytes], Call | None] = OrderedDict()
        self._bytes = 0

    def read(self, request: Request) -> Call | None:
        """What a request asks for; None where it is for no API that is known."""
        body = request.body
        if len(body) > _LONGEST:
            return read(request)
        # Of the headers, what tells Anthropic's paths from OpenAI's, and one reading of a body from another.
        told = [pair for pair in request.headers if len(pair[0]) in _TELLING and pair[0].lower() in _TELLING.values()]
        key = (request.method, request.url, tuple(told), body)
        known = self._known
        if key in known:
            return known[key]
        self._bytes += len(body)
        while len(known) >= _REMEMBERED or self._bytes > _MOST_BYTES:
            (*_, forgotten), _ = known.popitem(last=False)
            self._bytes -= len(forgotten)
        call = known[key] = read(request)
        return call


def read(request: Request) -> Call | None:
    """See ``Reader.read``."""
    route = route_of(request.method, request.url, request.headers)
    if route is None:
        return None
    size = len(request.body)
    item = route.item if route.operation == "model" else ""  # of a picture's file it is no model
    tree = _tree(request.body)
    if tree is None:
        found = _MODEL_IN_FORM.search(request.body[:_LONGEST])
        named = found[1].decode("ascii") if found else ""
        return Call(route, (route.deployment or named or item)[:_LONGEST_NAME], size=size)
    model = tree.get("model")
    return Call(
        route,
        (route.deployment or (model if isinstance(model, str) else item))[:_LONGEST_NAME],
        _most(tree),
        max(_count(tree.get("n")) or 1, _count(tree.get("best_of")) or 1),
        _lengths(tree),
        size,
        tree,
    )


def _tree(body: bytes) -> dict[str, Any] | None:
    if not _OBJECT.match(body):
        return None
    try:
        return body_of(body)
    except Invalid:
        return None


def _most(tree: dict[str, Any]) -> int | None:
    """The most tokens, in all its spellings."""
    spellings = ("max_completion_tokens", "max_tokens", "max_output_tokens")
    return next((count for name in spellings if (count := _count(tree.get(name)))), None)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 31 else None


def _lengths(tree: dict[str, Any]) -> tuple[int, ...]:
    """Of the texts of a prompt: messages and their parts, the system's words, what embeddings are made of."""
    lengths: list[int] = []
    for name in ("system", "instructions", "messages", "prompt", "input"):
        if name in tree:
            _measure(tree[name], lengths)
    return tuple(lengths)


def _measure(value: object, lengths: list[int]) -> None:
    if isinstance(value, str):
        lengths.append(len(value))
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                # A message, or a part of one.
                _measure(item.get("content", item.get("text")), lengths)
            elif isinstance(item, str):
                lengths.append(len(item))
