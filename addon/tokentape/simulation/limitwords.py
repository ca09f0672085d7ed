"""How each provider says what is left of its limits, and that one of them is used up.

The rule: what Azure's and OpenAI's answers carry is told from what was seen on their wire, Anthropic's from its
reference ("Rate limits", "Response headers").
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache

from tokentape.formats.durations import format_duration
from tokentape.generate.problems import Invalid
from tokentape.model import Headers
from tokentape.simulation.limits import REQUESTS, Book, Exceeded
from tokentape.simulation.meters import MINUTE, NEVER

# Azure names an operation as its REST reference does.
_AZURE_OPERATIONS = {
    "chat": "ChatCompletions_Create",
    "completions": "Completions_Create",
    "embeddings": "Embeddings_Create",
    "responses": "Responses_Create",
    "images": "ImageGenerations_Create",
    "speech": "Speech_Create",
    "transcriptions": "Transcriptions_Create",
    "translations": "Translations_Create",
}
_ANTHROPIC_ROUNDS_TO = 1000
_OPENAI_HELP = "Visit https://platform.openai.com/account/rate-limits to learn more."


def left(provider: str, book: Book, now: float, wall: float) -> Headers:
    """The headers of an answer that was given. ``wall`` is the time of day (seconds since 1970) at ``now``."""
    return tuple(_LEFT.get(provider, _left_openai)(book, now, wall))


@dataclass(frozen=True, slots=True)
class Asked:
    """What an error says of the request: its operation, its model, Azure's version of the API."""

    operation: str
    model: str
    api_version: str = ""


def used_up(provider: str, problem: Exceeded, asked: Asked) -> tuple[Invalid, Headers]:
    """The error for a request that came too soon, and the headers that it alone has."""
    return _USED_UP.get(provider, _openai)(problem, asked)


def tells_when_used_up(provider: str) -> bool:
    """Whether an error carries what is left as well. Azure's was never seen to."""
    return provider != "azure"


def go_duration(seconds: float) -> str:
    """A time as Go writes it, to the millisecond, as OpenAI's headers have it: ``6m0s``, ``1.5s``, ``12ms``."""
    return _milliseconds(_up(seconds * 1000))


@lru_cache(maxsize=4096)
def _milliseconds(count: int) -> str:
    return format_duration(count / 1000)


def _retry_after(wait: float) -> Headers:
    """Both headers that the SDKs of OpenAI obey; the one in seconds is never too short."""
    seconds = MINUTE if wait == NEVER else wait
    return (("retry-after", str(_up(seconds))), ("retry-after-ms", str(_up(seconds * 1000))))


def _up(number: float) -> int:
    """The next whole number, but not for what is one within an error of floats."""
    return math.ceil(number - 1e-4)


def _whole(book: Book, now: float) -> Iterator[tuple[str, int, int, float]]:
    """Each gauge: its kind, its limit, what is left of it, and when all of it is."""
    for gauge in book.gauges:
        used = gauge.meter.used(now)
        left = int(gauge.said - used + 1e-6)
        yield gauge.kind, gauge.said, left if left > 0 else 0, gauge.meter.idle(now) if used else 0.0


def _left_azure(book: Book, now: float, _wall: float) -> Iterator[tuple[str, str]]:
    for kind, limit, remaining, _ in _whole(book, now):
        limit_name, remaining_name, _ = _openai_names(kind)
        yield limit_name, str(limit)
        yield remaining_name, str(remaining)


def _left_openai(book: Book, now: float, _wall: float) -> Iterator[tuple[str, str]]:
    for kind, limit, remaining, reset in _whole(book, now):
        limit_name, remaining_name, reset_name = _openai_names(kind)
        yield limit_name, str(limit)
        yield remaining_name, str(remaining)
        yield reset_name, go_duration(reset)


@cache
def _openai_names(kind: str) -> tuple[str, str, str]:
    name = kind.replace(" ", "-")
    return f"x-ratelimit-limit-{name}", f"x-ratelimit-remaining-{name}", f"x-ratelimit-reset-{name}"


def _left_anthropic(book: Book, now: float, wall: float) -> Iterator[tuple[str, str]]:
    for kind, limit, remaining, reset in _whole(book, now):
        name = f"anthropic-ratelimit-{kind.replace(' ', '-')}"
        # Tokens are rounded to the nearest thousand there.
        rounded = remaining if kind == REQUESTS else round(remaining / _ANTHROPIC_ROUNDS_TO) * _ANTHROPIC_ROUNDS_TO
        yield f"{name}-limit", str(limit)
        yield f"{name}-remaining", str(rounded)
        yield f"{name}-reset", iso(_up(wall + reset))


def iso(wall: float) -> str:
    """A time of day as RFC 3339 has it."""
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_LEFT: dict[str, Callable[[Book, float, float], Iterator[tuple[str, str]]]] = {
    "azure": _left_azure,
    "openai": _left_openai,
    "anthropic": _left_anthropic,
}


def _azure(problem: Exceeded, asked: Asked) -> tuple[Invalid, Headers]:
    wait = _retry_after(problem.wait)
    operation = _AZURE_OPERATIONS.get(asked.operation, asked.operation.title())
    kind = "call" if problem.kind == REQUESTS else "token"
    message = (
        f"Requests to the {operation} Operation under Azure OpenAI API version {asked.api_version or 'v1'} have "
        f"exceeded {kind} rate limit of your current OpenAI S0 pricing tier. Please retry after {wait[0][1]} seconds. "
        "Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."
    )
    reset = "requests" if problem.kind == REQUESTS else "tokens"
    headers = (*wait, (f"x-ratelimit-reset-{reset}", wait[0][1]))
    return Invalid(message, code="429", status=429, kind=""), headers


def _openai(problem: Exceeded, asked: Asked) -> tuple[Invalid, Headers]:
    kind, short = ("requests", "RPM") if problem.kind == REQUESTS else ("tokens", "TPM")
    where = f"for {asked.model} in organization org-tokentape on {kind} per min ({short}): Limit {problem.limit}"
    if problem.wait == NEVER:
        message = (
            f"Request too large {where}, Requested {problem.asked}. The input or output tokens must be reduced in "
            f"order to run successfully. {_OPENAI_HELP}"
        )
        # To wait does not help, so nothing is said of it.
        return Invalid(message, None, "rate_limit_exceeded", status=429, kind=kind), ()
    message = (
        f"Rate limit reached {where}, Used {problem.used}, Requested {problem.asked}. Please try again in "
        f"{go_duration(problem.wait)}. {_OPENAI_HELP}"
    )
    return Invalid(message, None, "rate_limit_exceeded", status=429, kind=kind), _retry_after(problem.wait)


def _anthropic(problem: Exceeded, _asked: Asked) -> tuple[Invalid, Headers]:
    message = (
        f"This request would exceed your organization's rate limit of {problem.limit:,} "
        f"{problem.kind} per minute. For details, refer to: "
        "https://docs.claude.com/en/api/rate-limits. You can see the response headers for current usage. Please reduce "
        "the prompt length or the maximum tokens requested, or try again later."
    )
    headers = (_retry_after(problem.wait)[0], ("x-should-retry", "true"))
    return Invalid(message, status=429), headers


_USED_UP: dict[str, Callable[[Exceeded, Asked], tuple[Invalid, Headers]]] = {
    "azure": _azure,
    "openai": _openai,
    "anthropic": _anthropic,
}
