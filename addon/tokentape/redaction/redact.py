"""Take the secrets out of an interaction before anything is compared or written.

What happens where:

    request    credential and trace headers, credential pairs of the query, user info   removed
               URLs in other headers; JSON, forms, multipart, XML, URLs in the body     plain placeholder
    response   credential headers, each cookie; JSON, forms, XML, URLs                  placeholder in the old shape
    anywhere   the same values again in any disguise, keys told by their shape, and     placeholder, encoded as the
               what a library asks for (``hidden``)                                     secret was

Rules kept here: by place and role, never by value, so that a request made with another key, with none, or with a
placeholder that a replayed login gave comes out the same; a role is numbered within its interaction, request first, by
first appearance, so nothing depends on earlier interactions; doing it twice is doing it once; what is no secret stays
to the byte, and the sizes of the chunks go on adding up; what fails, fails closed and says nothing of what it saw.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat

from tokentape.errors import TokentapeError
from tokentape.facts.places import (
    header_role,
    query_pairs,
    secret_members,
    secret_query_names,
    user_info,
    without_query,
)
from tokentape.facts.providers import TRACE_HEADERS
from tokentape.model import Headers, Interaction, Request, Response, header
from tokentape.redaction.edits import Edit, replaced, resized
from tokentape.redaction.headerspans import header_spans, may_hold_secret, values_in
from tokentape.redaction.hidden import STANDARD, Search
from tokentape.redaction.onepass import Pass, Place
from tokentape.redaction.placeholders import is_placeholder
from tokentape.redaction.spans import Span, apart, body_spans
from tokentape.redaction.spelled import GONE

__all__ = [
    "STANDARD",
    "Cleaned",
    "Place",
    "RedactionFailed",
    "Search",
    "cleaned",
    "holds",
    "is_placeholder",
    "places",
    "redact",
    "redact_request",
    "redact_text",
    "replacements",
]


class RedactionFailed(TokentapeError):
    """An interaction that can't be redacted, and so is not to be compared, written or shown."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A request less its secrets. ``hidden`` says that one stood where none is expected; ``values`` are those of its
    known places that are looked for everywhere, ``plain`` those too short or too plain for it."""

    request: Request
    hidden: bool = False
    values: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()


def redact(interaction: Interaction, search: Search = STANDARD) -> Interaction:
    """The interaction without its secrets; the same object if it has none.

    A changed interaction loses its ``raw`` tree, which would bring them back. Raises RedactionFailed.
    """
    return _failing_closed(lambda: _settled(_interaction, interaction, search), "an interaction")


def redact_request(request: Request, search: Search = STANDARD) -> Request:
    """A request as ``redact`` leaves it. Raises RedactionFailed."""
    return _failing_closed(lambda: _settled(_request, request, search), "a request")


def cleaned(request: Request, search: Search = STANDARD) -> Cleaned:
    """As ``redact_request``, with what there is to know about it. Raises RedactionFailed."""
    first = Pass(search)

    def step() -> Cleaned:
        message = _request(request, first)
        if first.put_in or first.late:
            message = _settled(_request, message, first.search)
        return Cleaned(message, first.found_hidden, tuple(first.values), tuple(first.plain))

    return _failing_closed(step, "a request")


def redact_text(text: str, search: Search = STANDARD) -> str:
    """A text for people (a log line, an error) without the secrets that a search finds in it; each becomes a word.

    Raises RedactionFailed.
    """

    def without() -> str:
        data = text.encode("utf-8", "surrogateescape")
        edits = [Edit(span.start, span.end, _word_for(span)) for span in search.spans(data)]
        return replaced(data, edits).decode("utf-8", "surrogateescape") if edits else text

    return _failing_closed(without, "a text")


def _word_for(span: Span) -> bytes:
    return b"" if span.role == GONE else f"[{span.role}]".encode()


def places(interaction: Interaction, search: Search = STANDARD) -> tuple[Place, ...]:
    """Where ``redact`` finds something to take out, in its order, without any value. Raises RedactionFailed."""
    going = Pass(search)
    _failing_closed(lambda: _interaction(interaction, going), "an interaction")
    return tuple(going.places)


def holds(interaction: Interaction, search: Search) -> bool:
    """Whether a search finds something in any text of an interaction. Raises RedactionFailed."""

    def texts() -> Iterator[bytes]:
        request, response = interaction.request, interaction.response
        words = [request.method, request.url, request.proto, response.reason, response.proto]
        pairs = (*request.headers, *response.headers, *response.trailers)
        words += [word for pair in pairs for word in pair]
        yield "\n".join(words).encode("utf-8", "surrogateescape")
        yield from (request.body, response.body)

    return _failing_closed(lambda: any(search.spans(text) for text in texts()), "an interaction")


def replacements(interaction: Interaction, search: Search = STANDARD) -> tuple[tuple[bytes, bytes], ...]:
    """What stands where ``redact`` puts a placeholder, with what it puts there. Raises RedactionFailed."""
    going = Pass(search)
    _failing_closed(lambda: _interaction(interaction, going), "an interaction")
    return tuple(going.changes)


def _failing_closed[T](step: Callable[[], T], what: str) -> T:
    try:
        return step()
    except Exception as error:
        kind = type(error).__name__
    # Raised out here, so that the first error, whose text may quote the secret, does not hang on as the context.
    raise RedactionFailed(f"{what} can't be redacted ({kind})", "it was not recorded; please report this")


def _settled[T](step: Callable[[T, "Pass"], T], message: T, search: Search) -> T:
    """The message after as many passes as it takes until nothing is left to replace.

    That is one where no placeholder was put in and no taint was found too late to be looked for, else a second one that
    checks. Only where a placeholder changes how a text reads does it take more.
    """
    for _ in range(_PASSES):
        going = Pass(search)
        message = step(message, going)
        if not going.put_in and not going.late:
            return message
        search = going.search
    raise RedactionFailed("it does not settle")


_PASSES = 20


def _interaction(interaction: Interaction, going: Pass) -> Interaction:
    request = _request(interaction.request, going)
    response = _response(interaction.response, interaction.request.url, going)
    _no_names_with_secrets(request, response, going)
    if request is interaction.request and response is interaction.response:
        return interaction
    return replace(interaction, request=request, response=response, raw=None)


# --- requests


def _request(request: Request, going: Pass) -> Request:
    url, known_in_url = _request_url(request.url, going)
    headers, known_in_headers = _request_headers(request.headers, going)
    members = secret_members(request.url, of_request=True)
    found = body_spans(request.body, header(request.headers, "content-type") or "", members)
    known = going.known(request.body, _with_names(found, request.body, going), "request body", in_shape=False)
    body = replaced(request.body, known) if known else request.body
    going.look_for_taints()
    # Nearly always there is nothing in any of them, so they are looked at together first.
    if going.search.spans(_together((url,), headers), placeholders=True):
        url = _text_less_hidden(url, "request URL", going, in_shape=False, known=known_in_url)
        headers = _headers_less_hidden(headers, "request header", going, in_shape=False, known=known_in_headers)
    if hidden := going.hidden(body, "request body", in_shape=False, known=known):
        body = replaced(body, hidden)
    if url == request.url and headers == request.headers and body == request.body:
        return request
    headers = _with_length(headers, request.body, body)
    return replace(request, url=url, headers=headers, body=body)


def _request_url(url: str, going: Pass) -> tuple[str, Sequence[Edit]]:
    """The URL less what stands in known places, and the edits where something was put in."""
    user = user_info(url)
    if user is not None:
        going.removed("request URL", "user-info", [("user-info", user)])
        url = url.replace(f"{user}@", "", 1)
    if "?" in url and (names := secret_query_names(url)):
        pairs = query_pairs(url)
        for name, role in sorted(names.items()):
            going.removed(f"request query {name}", role, [(role, value) for of, value in pairs if of == name])
        url = without_query(url, names)
    data = url.encode("utf-8", "surrogateescape")
    edits = going.known(data, going.search.wanted.named(data), "request URL", in_shape=False)
    return (replaced(data, edits).decode("utf-8", "surrogateescape") if edits else url), edits


def _request_headers(headers: Headers, going: Pass) -> tuple[Headers, list[Sequence[Edit]]]:
    """The headers that stay, and for each the edits where something was put in."""
    kept: list[tuple[str, str]] = []
    known: list[Sequence[Edit]] = []
    for name, value in headers:
        lower = name.lower()
        role = header_role(lower) or going.search.wanted.role_of_header(lower)
        if role is not None and role != "subprotocol":
            ours = lower == "proxy-authorization"  # a cassette's name and a session
            going.removed(f"request header {lower}", role, () if ours else values_in(role, value))
        elif lower not in TRACE_HEADERS:
            clean, edits = _header_value("request header", lower, role, value, going, in_shape=False)
            kept.append((name, clean))
            known.append(edits)
    return tuple(kept), known


# --- responses


def _response(response: Response, url: str, going: Pass) -> Response:
    headers = _response_headers(response.headers, going)
    trailers = _response_headers(response.trailers, going)
    members = secret_members(url, of_request=False)
    found = body_spans(response.body, header(response.headers, "content-type") or "", members)
    known = going.known(response.body, _with_names(found, response.body, going), "response body", in_shape=True)
    body = replaced(response.body, known) if known else response.body
    going.look_for_taints()
    reason = response.reason
    if going.search.spans(_together((reason,), (*headers, *trailers))):
        reason = _text_less_hidden(reason, "response reason", going, in_shape=True)
        headers = _headers_less_hidden(headers, "response header", going, in_shape=True)
        trailers = _headers_less_hidden(trailers, "response trailer", going, in_shape=True)
    hidden = going.hidden(body, "response body", in_shape=True)
    if hidden:
        body = replaced(body, hidden)
    changed = replace(
        response,
        reason=reason,
        headers=_with_length(headers, response.body, body),
        body=body,
        trailers=trailers,
        chunks=resized(resized(response.chunks, known), hidden),
    )
    return response if changed == response else changed


def _response_headers(headers: Headers, going: Pass) -> Headers:
    clean: list[tuple[str, str]] = []
    for name, value in headers:
        lower = name.lower()
        role = header_role(lower) or going.search.wanted.role_of_header(lower)
        clean.append((name, _header_value("response header", lower, role, value, going, in_shape=True)[0]))
    return tuple(clean)


# --- what both have


def _with_names(found: list[Span], body: bytes, going: Pass) -> list[Span]:
    """The spans of a body, with those by the names that a library asks for."""
    named = list(going.search.wanted.named(body))
    return apart((*found, *named)) if named else found


def _header_value(
    side: str, name: str, role: str | None, value: str, going: Pass, *, in_shape: bool
) -> tuple[str, Sequence[Edit]]:
    """A header's value less its secrets, and the edits where something was put in; ``name`` in lower case."""
    if not may_hold_secret(name, role, value):
        return value, ()
    data = value.encode("utf-8", "surrogateescape")
    edits = going.known(data, header_spans(name, role, data), f"{side} {name}", in_shape=in_shape)
    return (replaced(data, edits).decode("utf-8", "surrogateescape") if edits else value), edits


def _with_length(headers: Headers, before: bytes, after: bytes) -> Headers:
    """The headers with the length of the body as it is now, if they told the one it had."""
    if len(before) == len(after):
        return headers
    told, tells = str(len(before)), str(len(after))
    return tuple(
        (name, tells if value == told and name.lower() == "content-length" else value) for name, value in headers
    )


def _together(words: Iterable[str], headers: Headers) -> bytes:
    return "\n".join([*words, *(value for _, value in headers)]).encode("utf-8", "surrogateescape")


def _headers_less_hidden(
    headers: Headers, side: str, going: Pass, *, in_shape: bool, known: Iterable[Sequence[Edit] | None] = repeat(None)
) -> Headers:
    return tuple(
        (name, _text_less_hidden(value, f"{side} {name.lower()}", going, in_shape=in_shape, known=edits))
        for (name, value), edits in zip(headers, known, strict=False)
    )


def _text_less_hidden(
    text: str, where: str, going: Pass, *, in_shape: bool, known: Sequence[Edit] | None = None
) -> str:
    if not text:
        return text
    data = text.encode("utf-8", "surrogateescape")
    edits = going.hidden(data, where, in_shape=in_shape, known=known)
    return replaced(data, edits).decode("utf-8", "surrogateescape") if edits else text


def _no_names_with_secrets(request: Request, response: Response, going: Pass) -> None:
    """Raises ValueError for a secret where no placeholder can be put: in a name or a method."""
    pairs = (*request.headers, *response.headers, *response.trailers)
    words = [request.method, request.proto, response.proto, *(name for name, _ in pairs)]
    if going.search.holds_taint(_together(words, ())):
        raise ValueError("a secret in the name of a header")
