"""Which API a request is for, and what it asks of it: the provider, the operation, the deployment.

The rule: the host decides where it is a provider's own; else (a base URL, another host) the path does. A path that no
row of the tables has is answered by the provider's own 404, so a route may have no operation.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from tokentape.facts.providers import provider_of
from tokentape.model import Headers, header

OPENAI, AZURE, ANTHROPIC = "openai", "azure", "anthropic"


@dataclass(frozen=True, slots=True)
class Operation:
    """A row: what is asked, at which path (``{}`` is one segment), with which method."""

    name: str
    path: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request leads. ``operation`` is empty where the provider has none at this path, or takes another method
    there; ``methods`` are those it takes. ``deployment`` is Azure's; ``item`` the id at the end of the path."""

    provider: str
    operation: str
    path: str
    methods: tuple[str, ...] = ()
    deployment: str = ""
    item: str = ""
    api_version: str = ""


# Behind /v1 (and behind Azure's /openai/v1 and /openai/deployments/NAME).
_OPENAI: tuple[Operation, ...] = (
    Operation("chat", "chat/completions"),
    Operation("completions", "completions"),
    Operation("responses", "responses"),
    Operation("embeddings", "embeddings"),
    Operation("images", "images/generations"),
    Operation("image_edits", "images/edits"),
    Operation("image_variations", "images/variations"),
    Operation("image_file", "images/files/{}", "GET"),
    Operation("speech", "audio/speech"),
    Operation("transcriptions", "audio/transcriptions"),
    Operation("translations", "audio/translations"),
    Operation("moderations", "moderations"),
    Operation("models", "models", "GET"),
    Operation("model", "models/{}", "GET"),
)
_ANTHROPIC: tuple[Operation, ...] = (
    Operation("messages", "messages"),
    Operation("count_tokens", "messages/count_tokens"),
    Operation("models", "models", "GET"),
    Operation("model", "models/{}", "GET"),
)
OPERATIONS = {OPENAI: _OPENAI, AZURE: _OPENAI, ANTHROPIC: _ANTHROPIC}

# What only Anthropic has, where the host says nothing.
_ONLY_ANTHROPIC = frozenset({"messages"})
_IN_BOTH = frozenset({"models", "model"})  # told apart by the header that Anthropic's clients send
# Providers whose API is OpenAI's at some path of their own that ends in /v1 or has the operation right behind it.
_LIKE_OPENAI = re.compile(r"/(?:.*/)?(?:v1|v1beta/openai|inference)/(.+)|/(chat/completions|completions|embeddings)")
_LONGEST = 1000  # characters of a URL that is remembered
_DEPLOYMENT = re.compile(r"/openai/deployments/([^/]+)/(.+)")


def route_of(method: str, url: str, headers: Headers) -> Route | None:
    """Where a request leads; None where neither its host nor its path is of an API that we can stand in for."""
    read = _remembered_route if len(url) <= _LONGEST else _route
    return read(method, url, header(headers, "anthropic-version") is not None)


def _route(method: str, url: str, anthropic: bool) -> Route | None:
    """``anthropic`` says that the request has the header of Anthropic's clients."""
    found = urlsplit(url)
    path = re.sub(r"/{2,}", "/", found.path).rstrip("/") or "/"
    version = next((pair.partition("=")[2] for pair in found.query.split("&") if pair.startswith("api-version=")), "")
    known = provider_of(found.netloc.rpartition("@")[2].lower())
    match known.name if known is not None else "":
        case "openai":
            return _openai(method, path)
        case "azure":
            return _azure(method, path, unquote(version))
        case "anthropic":
            return _anthropic(method, path)
        case "":
            return _by_path(method, path, unquote(version), anthropic=anthropic)
        case _:
            return _other(method, path, OPENAI)


_remembered_route = lru_cache(maxsize=4096)(_route)


def _by_path(method: str, path: str, version: str, *, anthropic: bool) -> Route | None:
    if path.startswith("/openai/"):
        return _azure(method, path, version)
    tail = path.removeprefix("/v1/")
    if tail == path:
        return _other(method, path, OPENAI)
    row, _ = _row(OPENAI, tail)
    if row is not None and row.name not in _IN_BOTH:
        return _openai(method, path)
    if anthropic or tail.split("/")[0] in _ONLY_ANTHROPIC:
        return _anthropic(method, path)
    return _openai(method, path)


def _openai(method: str, path: str) -> Route:
    return _found(OPENAI, method, path, path.removeprefix("/v1/")) or Route(OPENAI, "", path)


def _anthropic(method: str, path: str) -> Route:
    tail = path.removeprefix("/v1/")
    compatible = _found(OPENAI, method, path, tail) if tail == "chat/completions" else None
    return compatible or _found(ANTHROPIC, method, path, tail) or Route(ANTHROPIC, "", path)


def _other(method: str, path: str, provider: str) -> Route | None:
    """An API like OpenAI's at a path of its own: https://api.groq.com/openai/v1/chat/completions."""
    found = _LIKE_OPENAI.fullmatch(path)
    return _found(provider, method, path, found[1] or found[2]) if found else None


def _azure(method: str, path: str, version: str) -> Route:
    if found := _DEPLOYMENT.fullmatch(path):
        route = _found(AZURE, method, path, found[2], unquote(found[1]), version)
        return route or Route(AZURE, "", path, api_version=version)
    tail = path.removeprefix("/openai/v1/") if path.startswith("/openai/v1/") else path.removeprefix("/openai/")
    return _found(AZURE, method, path, tail, "", version) or Route(AZURE, "", path, api_version=version)


def _found(provider: str, method: str, path: str, tail: str, deployment: str = "", version: str = "") -> Route | None:
    row, item = _row(provider, tail)
    if row is None:
        return None
    # HEAD is answered as GET is; the door leaves the body out.
    fits = method == row.method or (method, row.method) == ("HEAD", "GET")
    return Route(provider, row.name if fits else "", path, (row.method,), deployment, item, version)


def _row(provider: str, tail: str) -> tuple[Operation | None, str]:
    for row in OPERATIONS[provider]:
        if row.path == tail:
            return row, ""
        before, slot, _ = row.path.partition("{}")
        rest = tail.removeprefix(before)
        if slot and rest != tail and rest:
            return row, unquote(rest)
    return None, ""
