"""What a request asks of an API, as far as limits, latency and metrics want to know: operation, model, tokens.

The rule: nothing is refused here. What can't be read counts as little; whoever generates the answer says what is wrong.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tokentape.generate.route import Route, route_of
from tokentape.model import Headers, Request

_REMEMBERED = 512  # requests of a load test that sends the same ones again and again
_LONGEST = 16 * 1024  # bytes of a body that is remembered
# Headers by their length, for most have another.
_TELLING = {len(name): name for name in ("anthropic-version", "content-type")}
_MODEL_IN_FORM = re.compile(rb'name="model"\r\n\r\n([\w.:/-]{1,100})\r\n')


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A request to an API; each is equal to itself alone, and a reader gives the same one for the same request.

    ``name`` is the deployment or model it names.

    ``most`` is how many tokens it asks for at most (None: it does not say), ``choices`` how many answers at once.
    ``texts`` holds the length of each text of the prompt in characters, ``size`` that of the body in bytes.
    """

    route: Route
    name: str = ""
    most: int | None = None
    choices: int = 1
    texts: tuple[int, ...] = ()
    size: int = 0

    @property
    def characters(self) -> int:
        """Of the whole prompt."""
        return sum(self.texts)


class Reader:
    """Reads requests, the same one but once."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, Headers, bytes], Call | None] = OrderedDict()

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
        if len(known) >= _REMEMBERED:
            known.popitem(last=False)
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
        return Call(route, route.deployment or named or item, size=size)
    model = tree.get("model")
    return Call(
        route,
        route.deployment or (model if isinstance(model, str) else item),
        _most(tree),
        max(_count(tree.get("n")) or 1, _count(tree.get("best_of")) or 1),
        tuple(map(len, _texts(tree))),
        size,
    )


def _tree(body: bytes) -> dict[str, Any] | None:
    if body.lstrip()[:1] != b"{":
        return None
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None


def _most(tree: dict[str, Any]) -> int | None:
    """The most tokens, in all its spellings."""
    spellings = ("max_completion_tokens", "max_tokens", "max_output_tokens")
    return next((count for name in spellings if (count := _count(tree.get(name)))), None)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 31 else None


def _texts(tree: dict[str, Any]) -> Iterator[str]:
    """The texts of a prompt: of messages and their parts, of the system's words, of what embeddings are made of."""
    for name in ("system", "instructions", "messages", "prompt", "input"):
        yield from _within(tree.get(name))


def _within(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                # A message, or a part of one.
                yield from _within(item.get("content", item.get("text")))
            elif isinstance(item, str):
                yield item
