"""Secrets for recorded requests that are sent once more: the values of variables in the place of placeholders.

The rules: only what a person named is put in, where its placeholder stands and as that place writes it; a value is
never said, nor is what was typed in place of a variable's name; and what goes out with a placeholder is told before.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote, quote_plus, urlsplit

from tokentape.cli.talk import say
from tokentape.errors import BadBody, BadSetting
from tokentape.facts.shapes import AZURE_RESOURCE
from tokentape.forwarding.upstream import is_loopback
from tokentape.matching.content import FieldsBody, JsonBody, content_of
from tokentape.model import Request
from tokentape.redaction.placeholders import ANYWHERE, identity, is_placeholder, placeholder

# The value for each placeholder, in its plain shape.
Secrets = Mapping[str, str]

_EXAMPLE = "--secret tokentape-redacted-client-secret-1=VARIABLE"
_RESOURCE = placeholder("resource", 1)


def secrets_from(given: Iterable[str], environ: Mapping[str, str]) -> Secrets:
    """The values of what was given as ``PLACEHOLDER=VARIABLE``, and the Azure resource of the environment. Raises
    BadSetting."""
    found = AZURE_RESOURCE.search(environ.get("AZURE_OPENAI_ENDPOINT", "").encode())
    values = {_RESOURCE: found[1].decode()} if found is not None else {}
    for one in given:
        name, _, variable = one.partition("=")
        if not is_placeholder(name):
            raise BadSetting("--secret takes a placeholder, as it stands in the cassette, and a variable", _EXAMPLE)
        value = environ.get(variable, "").strip()
        if not value:
            raise BadSetting(f"--secret {name} names no variable that is set", f"--secret {name}=VARIABLE")
        values[identity(name)] = value
    return values


def to_be_looked_for(secrets: Secrets) -> tuple[str, ...]:
    """Those that are not to be written wherever else they come up, in the answer for one. A resource is told by its
    place alone, and keeps its own placeholder."""
    return tuple(value for name, value in secrets.items() if not name.startswith(_RESOURCE.rstrip("1")))


def filled(request: Request, secrets: Secrets) -> Request:
    """The request with the secrets in it."""
    headers = tuple((name, _text(_put(_bytes(value), secrets, str))) for name, value in request.headers)
    url = _text(_put(_bytes(request.url), secrets, _in_url))
    return replace(request, url=url, headers=headers, body=_put(request.body, secrets, _spelling(request)))


def is_safe(url: str) -> bool:
    """Whether a secret may go there: over https, or to this machine."""
    where = urlsplit(url)
    return where.scheme == "https" or is_loopback(where.hostname or "")


def tell_what_is_left(requests: Sequence[tuple[str, Request]], secrets: Secrets) -> None:
    """Say which placeholders will go out as they are, and the first place of each, before anything does."""
    places: dict[str, list[str]] = {}
    for place, request in requests:
        for name in dict.fromkeys(_placeholders(request)):
            if name not in secrets:
                places.setdefault(name, []).append(place)
    for name, (first, *more) in places.items():
        where = f"{first} and {len(more)} more" if more else first
        say(f"{where}: sent with {name} where a secret stood\n  hint: --secret {name}=VARIABLE puts its value there")


def _placeholders(request: Request) -> Iterator[str]:
    for data in (_bytes(request.url), *(_bytes(value) for _, value in request.headers), request.body):
        yield from (identity(found[0].decode()) for found in ANYWHERE.finditer(data))


def _put(data: bytes, secrets: Secrets, spell: Callable[[str], str]) -> bytes:
    def secret(found: re.Match[bytes]) -> bytes:
        value = secrets.get(identity(found[0].decode()))
        return found[0] if value is None else spell(value).encode()

    return ANYWHERE.sub(secret, data)


def _spelling(request: Request) -> Callable[[str], str]:
    """How a body writes a value."""
    try:
        content = content_of(request.body, request.headers)
    except BadBody:
        return str
    match content:
        case JsonBody():
            return lambda value: json.dumps(value)[1:-1]
        case FieldsBody():
            return quote_plus
        case _:
            return str


def _in_url(value: str) -> str:
    return quote(value, safe="")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
