"""From a request to an answer: the table of operations, and what is said where one can't be answered.

The rule: whatever is wrong with a request comes out as the provider's own 4xx; nothing but a fault of ours leaves here
as an exception.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tokentape.generate import chat, fields, problems
from tokentape.generate.dice import Dice, digest, fingerprints
from tokentape.generate.generated import Generated
from tokentape.generate.merging import Unsatisfiable
from tokentape.generate.problems import Invalid
from tokentape.generate.route import ANTHROPIC, Route, route_of
from tokentape.generate.stage import Setting, Stage
from tokentape.model import Request

Answering = Callable[[Stage], Generated]

ANSWERS: Mapping[str, Answering] = {
    "chat": chat.answer,
}
_NO_BODY = frozenset({"models", "model"})
_FORMS = frozenset({"image_edits", "image_variations", "transcriptions", "translations"})


def generate(request: Request, *, seed: int = 0, now: float, setting: Setting | None = None) -> Generated | None:
    """A believable answer of the API that a request is for; None where it is for none that we know.

    ``now`` is in seconds since 1970. The same request, seed and time give the same answer; a seed of the setting
    counts for nothing here. Raises nothing that the request is to blame for.
    """
    route = route_of(request.method, request.url, request.headers)
    if route is None:
        return None
    return answered(request, route, seed=seed, now=now, setting=setting or Setting())


def answered(request: Request, route: Route, *, seed: int, now: float, setting: Setting) -> Generated:
    """The answer to a request whose route is known."""
    dice = Dice(digest(f"{seed} {request.method} {route.path}".encode("utf-8", "surrogateescape") + request.body))
    try:
        if not route.operation:
            raise problems.unknown_path(route.provider, request.method, route.path, route.methods)
        tree = _tree(request, route)
        words = dice.basis
        if route.operation not in _FORMS:
            words, ids = fingerprints(f"{route.operation} {route.deployment} {route.item}", tree, seed)
            dice = Dice(ids)
        return ANSWERS[_key(route)](Stage(request, route, tree, dice, words, now, setting))
    except Unsatisfiable as error:
        return problems.dressed(route.provider, Invalid(f"Invalid schema: {error}"), dice)
    except Invalid as problem:
        return problems.dressed(route.provider, problem, dice)


def _key(route: Route) -> str:
    return f"anthropic {route.operation}" if route.provider == ANTHROPIC else route.operation


def _tree(request: Request, route: Route) -> Mapping[str, Any]:
    if route.operation in _NO_BODY or route.operation in _FORMS:
        return {}
    return fields.body_of(request.body)
