"""From a request to an answer: the table of operations, and what is said where one can't be answered.

The rule: whatever is wrong with a request comes out as the provider's own 4xx; nothing but a fault of ours leaves here
as an exception.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tokentape.generate import fields, models, problems
from tokentape.generate.anthropic import claude
from tokentape.generate.canned import Canned, Played, Rule, chosen
from tokentape.generate.generated import Generated
from tokentape.generate.material.dice import Dice, digest, fingerprints
from tokentape.generate.openai import audio, chat, completions, embeddings, images, moderations, responses
from tokentape.generate.openai.forms import form_of
from tokentape.generate.problems import Invalid
from tokentape.generate.route import ANTHROPIC, Route, route_of
from tokentape.generate.schemas.merging import Unsatisfiable
from tokentape.generate.scripted import conversation_of, problem_from
from tokentape.generate.stage import Setting, Stage
from tokentape.model import Headers, Request

Answering = Callable[[Stage], Generated]

ANSWERS: Mapping[str, Answering] = {
    "chat": chat.answer,
    "completions": completions.answer,
    "responses": responses.answer,
    "embeddings": embeddings.answer,
    "images": images.generated,
    "image_edits": images.edited,
    "image_variations": images.varied,
    "image_file": images.shown,
    "speech": audio.spoken,
    "transcriptions": audio.transcribed,
    "translations": audio.translated,
    "moderations": moderations.answer,
    "models": models.listed,
    "model": models.one,
    "anthropic messages": claude.answer,
    "anthropic count_tokens": claude.count,
    "anthropic models": models.listed_by_anthropic,
    "anthropic model": models.one_of_anthropic,
}
_NO_BODY = frozenset({"models", "model", "image_file"})
_FORMS = frozenset({"image_edits", "image_variations", "transcriptions", "translations"})


def generate(
    request: Request, *, seed: int = 0, now: float, setting: Setting | None = None, played: Played | None = None
) -> Generated | None:
    """A believable answer of the API that a request is for; None where it is for none that we know.

    ``now`` is in seconds since 1970. The same request, seed and time give the same answer, but for a rule that has
    several: which one's turn it is ``played`` knows. Raises nothing that the request is to blame for.
    """
    route = route_of(request.method, request.url, request.headers)
    if route is None:
        return None
    return answered(request, route, seed=seed, now=now, setting=setting or Setting(), played=played or Played())


def answered(
    request: Request,
    route: Route,
    *,
    seed: int,
    now: float,
    setting: Setting,
    played: Played,
    forced: Canned | None = None,
    tree: fields.Tree | None = None,
) -> Generated:
    """The answer to a request whose route is known; ``forced`` is what it has to say, ``tree`` its body where that was
    read."""
    try:
        if not route.operation:
            raise problems.unknown_path(route.provider, request.method, route.path, route.methods)
        stage = _stage(request, route, seed, now, setting, forced, tree)
        if setting.rules and forced is None:
            stage = _ruled(stage, setting.rules, played)
        if stage.forced is not None and stage.forced.failure is not None:
            failure = stage.forced.failure
            return _refusing(request, route, seed, problem_from(failure, route.provider), failure.headers)
        return ANSWERS[_key(route)](stage)
    except Unsatisfiable as error:
        return _refusing(request, route, seed, Invalid(f"Invalid schema: {error}"))
    except Invalid as problem:
        return _refusing(request, route, seed, problem)


def _stage(
    request: Request,
    route: Route,
    seed: int,
    now: float,
    setting: Setting,
    forced: Canned | None,
    tree: fields.Tree | None,
) -> Stage:
    """A request with its tree and its dice. Raises Invalid."""
    if route.operation in _NO_BODY or route.operation in _FORMS:
        basis = _basis(request, route, seed)
        return Stage(request, route, {}, Dice(basis), basis, now, setting, forced)
    if tree is None:
        tree = fields.body_of(request.body)
    words, ids = fingerprints(f"{route.operation} {route.deployment} {route.item}", tree, seed)
    return Stage(request, route, tree, Dice(ids), words, now, setting, forced)


def _basis(request: Request, route: Route, seed: int) -> bytes:
    """What the dice start from where the body is no JSON, or nobody knows yet whether it is."""
    return digest(f"{seed} {request.method} {route.path}".encode("utf-8", "surrogateescape") + request.body)


def _refusing(request: Request, route: Route, seed: int, problem: Invalid, headers: Headers = ()) -> Generated:
    return problems.dressed(route.provider, problem, Dice(_basis(request, route, seed)), headers)


def _ruled(stage: Stage, rules: Sequence[Rule], played: Played) -> Stage:
    """The stage with what the first rule that fits has to say. Raises Invalid."""
    tree = form_of(stage.request).values if stage.route.operation in _FORMS else stage.tree
    name = stage.route.deployment or tree.get("model")
    named = stage.model_behind(name) if isinstance(name, str) else ""
    canned = chosen(rules, conversation_of(stage.route.operation, stage.tree, named), played)
    return replace(stage, forced=canned) if canned is not None else stage


def _key(route: Route) -> str:
    return f"anthropic {route.operation}" if route.provider == ANTHROPIC else route.operation
