"""Take the secrets out of an interaction before anything is compared or written.

What happens where:

    request    credential and trace headers, credential pairs of the query, user info   removed
               URLs in other headers; JSON, forms, multipart, XML, URLs in the body     plain placeholder
    response   credential headers, each cookie; JSON, forms, XML, URLs                  placeholder in the old shape

Rules kept here: by place and role, never by value, so that a request made with another key, with none, or with a
placeholder that a replayed login gave comes out the same; a role is numbered within its interaction, request first, by
first appearance, so nothing depends on earlier interactions; doing it twice is doing it once; what is no secret stays
to the byte, and the sizes of the chunks go on adding up; what fails, fails closed and says nothing of what it saw.

Secrets found in other ways (values seen on the wire, patterns) are further sources of ``Span`` for ``_replaced``.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from tokentape.errors import TokentapeError
from tokentape.facts import TRACE_HEADERS
from tokentape.model import Chunk, Headers, Interaction, Request, Response, header
from tokentape.placeholders import dressed, identity, is_placeholder, placeholder
from tokentape.places import SECRET_SUBPROTOCOLS, header_role, secret_members, secret_query_names, without_query
from tokentape.spans import Span, authorization_spans, body_spans, url_alone, urls_in

__all__ = ["Place", "RedactionFailed", "is_placeholder", "places", "redact", "redact_request", "redact_response"]


class RedactionFailed(TokentapeError):
    """An interaction that can't be redacted, and so is not to be compared, written or shown."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret stood, as ``response body``, and what it was for. ``ordinal`` is None where it was removed."""

    where: str
    role: str
    ordinal: int | None = None


def redact(interaction: Interaction) -> Interaction:
    """The interaction without the secrets of the known places; the same object if it has none.

    A changed interaction loses its ``raw`` tree, which would bring them back. Raises RedactionFailed.
    """
    return _failing_closed(lambda: _settled(_interaction, interaction), "an interaction")


def redact_request(request: Request) -> Request:
    """A request as ``redact`` leaves it. Raises RedactionFailed."""
    return _failing_closed(lambda: _settled(_request, request), "a request")


def redact_response(response: Response, url: str = "") -> Response:
    """A response alone, numbered from 1; ``url`` is the request's. Raises RedactionFailed."""
    return _failing_closed(lambda: _settled(lambda one, numbers: _response(one, url, numbers), response), "a response")


def places(interaction: Interaction) -> tuple[Place, ...]:
    """Where ``redact`` finds something to take out, in its order, without any value. Raises RedactionFailed."""
    numbers = _Numbers()
    _failing_closed(lambda: _interaction(interaction, numbers), "an interaction")
    return tuple(numbers.places)


def _failing_closed[T](step: Callable[[], T], what: str) -> T:
    try:
        return step()
    except Exception as error:
        kind = type(error).__name__
    # Raised out here, so that the first error, whose text may quote the secret, does not hang on as the context.
    raise RedactionFailed(f"{what} can't be redacted ({kind})", "it was not recorded; please report this")


def _settled[T](step: Callable[[T, "_Numbers"], T], message: T) -> T:
    """The message after as many passes as it takes until nothing is left to replace.

    That is one where no placeholder was put in, else a second one that checks. Only where a placeholder changes how a
    damaged body reads does it take more.
    """
    for _ in range(_PASSES):
        numbers = _Numbers()
        message = step(message, numbers)
        if not numbers.put_in:
            return message
    raise RedactionFailed("it does not settle")


_PASSES = 8


class _Numbers:
    """What one pass finds. Ordinals are given out within one interaction: equal values of a role get the same."""

    def __init__(self) -> None:
        self._ordinals: dict[tuple[str, str], int] = {}
        self._last: dict[str, int] = {}
        self.places: list[Place] = []
        self.put_in = False

    def of(self, span: Span, where: str) -> int:
        key = (span.role, identity(span.value))
        ordinal = self._ordinals.get(key)
        if ordinal is None:
            ordinal = self._last[span.role] = self._last.get(span.role, 0) + 1
            self._ordinals[key] = ordinal
        self.places.append(Place(where, span.role, ordinal))
        return ordinal

    def removed(self, where: str, role: str) -> None:
        self.places.append(Place(where, role))


def _interaction(interaction: Interaction, numbers: _Numbers) -> Interaction:
    request = _request(interaction.request, numbers)
    response = _response(interaction.response, interaction.request.url, numbers)
    if request is interaction.request and response is interaction.response:
        return interaction
    return replace(interaction, request=request, response=response, raw=None)


# --- requests


def _request(request: Request, numbers: _Numbers) -> Request:
    url = _request_url(request.url, numbers)
    headers = tuple(_request_headers(request.headers, numbers))
    members = secret_members(request.url, of_request=True)
    found = body_spans(request.body, header(request.headers, "content-type") or "", members)
    edits = _edits(request.body, found, numbers, "request body", in_shape=False)
    if not edits and url == request.url and headers == request.headers:
        return request
    return replace(request, url=url, headers=headers, body=_replaced(request.body, edits))


def _request_url(url: str, numbers: _Numbers) -> str:
    scheme, _, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0] if "@" in rest else ""
    if "@" in authority:
        numbers.removed("request URL", "user-info")
        url = f"{scheme}://{rest[authority.rindex('@') + 1 :]}"
    if "?" in url and (names := secret_query_names(url)):
        for name, role in sorted(names.items()):
            numbers.removed(f"request query {name}", role)
        url = without_query(url, names)
    return url


def _request_headers(headers: Headers, numbers: _Numbers) -> Iterator[tuple[str, str]]:
    for name, value in headers:
        lower = name.lower()
        role = header_role(lower)
        if role is not None and role != "subprotocol":
            numbers.removed(f"request header {lower}", role)
        elif lower not in TRACE_HEADERS:
            yield name, _header_value(lower, role, value, numbers, in_shape=False)


# --- responses


def _response(response: Response, url: str, numbers: _Numbers) -> Response:
    headers = _response_headers(response.headers, numbers)
    members = secret_members(url, of_request=False)
    found = body_spans(response.body, header(response.headers, "content-type") or "", members)
    edits = _edits(response.body, found, numbers, "response body", in_shape=True)
    trailers = _response_headers(response.trailers, numbers)
    if not edits and headers == response.headers and trailers == response.trailers:
        return response
    return replace(
        response,
        headers=headers,
        body=_replaced(response.body, edits),
        trailers=trailers,
        chunks=_resized(response.chunks, edits),
    )


def _response_headers(headers: Headers, numbers: _Numbers) -> Headers:
    return tuple(
        (name, _header_value(lower := name.lower(), header_role(lower), value, numbers, in_shape=True))
        for name, value in headers
    )


# --- header values

# NAME=VALUE at the start of Set-Cookie, and where recorders joined several with commas: there after an attribute.
_COOKIE_VALUE = rb'\s*+((?:"[^"]*+"|[^;])++)'
_COOKIE = re.compile(rb"\s*+(?:[^=;]*+=)?+" + _COOKIE_VALUE)
_JOINED_COOKIE = re.compile(rb";[^;,]*+(?:,(?!\s*+[^\s;,=]++=)[^;,]*+)*+,\s*+[^\s;,=]++=" + _COOKIE_VALUE)


def _header_value(name: str, role: str | None, value: str, numbers: _Numbers, *, in_shape: bool) -> str:
    """A header's value less its secrets; ``name`` in lower case, ``role`` its ``header_role``."""
    if role is None and "://" not in value and name not in _URL_HEADERS:
        return value
    data = value.encode("utf-8", "surrogateescape")
    where = f"{'response' if in_shape else 'request'} header {name}"
    edits = _edits(data, _spans_of_header(name, role, data), numbers, where, in_shape=in_shape)
    return _replaced(data, edits).decode("utf-8", "surrogateescape") if edits else value


def _spans_of_header(name: str, role: str | None, data: bytes) -> Iterable[Span]:
    if role is None:
        return url_alone(data) if name in _URL_HEADERS else urls_in(data)
    if role == "cookie":
        return _cookie_spans(data)
    if role == "authorization":
        return authorization_spans(data, 0, len(data))
    if role == "subprotocol":
        return _subprotocol_spans(data)
    return [Span(0, len(data), role, data.decode("utf-8", "surrogateescape"))] if data else ()


# The whole value is one URL, maybe a relative one.
_URL_HEADERS = frozenset({"location", "content-location"})


def _cookie_spans(data: bytes) -> Iterator[Span]:
    first = _COOKIE.match(data)
    joined = _JOINED_COOKIE.finditer(data)
    for match in (first, *joined) if first else joined:
        yield Span(match.start(1), match.end(1), "cookie", match[1].decode("utf-8", "surrogateescape"))


def _subprotocol_spans(data: bytes) -> Iterator[Span]:
    for part in re.finditer(rb"[^,\s]++", data):
        for start, role in SECRET_SUBPROTOCOLS.items():
            if part[0].startswith(start.encode()) and len(part[0]) > len(start):
                value = part[0][len(start) :].decode("utf-8", "surrogateescape")
                yield Span(part.start() + len(start), part.end(), role, value)


# --- replacing


@dataclass(frozen=True, slots=True)
class _Edit:
    """``data[start:end]`` becomes ``text``."""

    start: int
    end: int
    text: bytes


def _edits(data: bytes, spans: Iterable[Span], numbers: _Numbers, where: str, *, in_shape: bool) -> tuple[_Edit, ...]:
    """What to put where the spans are; a place that already says so is left out."""
    edits: list[_Edit] = []
    for span in spans:
        ordinal = numbers.of(span, where)
        text = dressed(span.role, ordinal, span.value) if in_shape else placeholder(span.role, ordinal)
        edits.append(_Edit(span.start, span.end, text.encode()))
    changes = tuple(edit for edit in edits if data[edit.start : edit.end] != edit.text)
    numbers.put_in |= bool(changes)
    return changes


def _replaced(data: bytes, edits: Sequence[_Edit]) -> bytes:
    pieces: list[bytes] = []
    position = 0
    for edit in edits:
        pieces += data[position : edit.start], edit.text
        position = edit.end
    return b"".join((*pieces, data[position:]))


def _resized(chunks: tuple[Chunk, ...], edits: Sequence[_Edit]) -> tuple[Chunk, ...]:
    """The chunks of the body after the edits; their sizes add up to its length as they did before.

    A border within a secret stays as many bytes behind its start, or moves to the placeholder's end if that is shorter.
    A chunk that this leaves empty is dropped, and its delay goes to the next one.
    """
    if not edits or not chunks:
        return chunks
    resized: list[Chunk] = []
    position = 0
    waited = 0.0
    for chunk, border in zip(chunks, _moved(accumulate(chunk.size for chunk in chunks), edits), strict=True):
        waited += chunk.delay
        if border > position or chunk.size == 0:
            resized.append(Chunk(border - position, waited))
            position, waited = border, 0.0
    return tuple(resized)


def _moved(borders: Iterable[int], edits: Sequence[_Edit]) -> Iterator[int]:
    """Where the borders (ascending offsets) are after the edits."""
    shift = 0
    index = 0
    for border in borders:
        while index < len(edits) and edits[index].end <= border:
            shift += len(edits[index].text) - (edits[index].end - edits[index].start)
            index += 1
        if index < len(edits) and edits[index].start < border:
            yield edits[index].start + shift + min(border - edits[index].start, len(edits[index].text))
        else:
            yield border + shift
