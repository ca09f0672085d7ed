"""mitmproxy's messages to ours and back. Headers keep their bytes: what is not UTF-8 travels as surrogates."""

import time
from copy import copy
from urllib.parse import urlsplit

from mitmproxy import http

from tokentape.address import origin, port_of
from tokentape.model import Headers, Request, header, is_bodyless
from tokentape.wire.answers import Answer, framing
from tokentape.wire.encoding import BodyTooLarge
from tokentape.wire.received import received


def headers_from(fields: http.Headers) -> Headers:
    """mitmproxy's header fields as pairs of text."""
    return tuple(
        (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
        for name, value in fields.fields
    )


def headers_to(headers: Headers) -> http.Headers:
    """Pairs of text as mitmproxy's header fields."""
    return http.Headers(
        tuple(
            (name.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape"))
            for name, value in headers
        )
    )


def url_of(request: http.Request) -> str:
    """The absolute URL that a request goes to, whatever its Host header says."""
    path = request.path if request.path.startswith("/") else f"/{request.path}"
    return origin(request.scheme, request.host, request.port) + path


def request_from(request: http.Request, limit: int) -> Request:
    """The request as sent; a body in a coding we know is decoded, and the header that names it dropped. One that would
    be more than ``limit`` bytes stays coded, as one that can't be decoded."""
    url, headers, body = url_of(request), headers_from(request.headers), request.raw_content or b""
    try:
        return received(request.method, url, headers, body, request.http_version, limit)
    except BodyTooLarge:
        return Request(request.method, url, headers, body, request.http_version)


def refused_from(request: http.Request) -> Request:
    """The request for a refusal of it, its body as it came: a refusal tells none. It may be refused just because it
    can't be read: then only its method is told."""
    try:
        return request_from(request, 0)
    except Exception:
        return Request(request.method, "http://unknown/")


def response_to(answer: Answer, http_version: str, *, in_pieces: bool = False) -> http.Response:
    """An answer as mitmproxy sends it: bytes as they are, nothing encoded again.

    ``in_pieces`` says that its plan will be followed; without that a body always has a length.
    """
    now = time.time()
    multiplexed = not http_version.startswith("HTTP/1")
    headers = (*answer.headers, *(framing(answer, http_version) if in_pieces else _missing_length(answer)))
    chunked = ("Transfer-Encoding", "chunked") in headers
    trailers = answer.trailers
    if multiplexed:
        headers, trailers = _lower(headers), _lower(trailers)
    response = copy(_BLANK)
    response.data = data = copy(_BLANK.data)
    data.http_version = http_version.encode()
    data.status_code = answer.status
    data.reason = b"" if multiplexed else answer.reason.encode("utf-8", "surrogateescape")
    data.headers = headers_to(headers)
    data.content = answer.body
    data.trailers = headers_to(trailers) if trailers and (multiplexed or chunked) else None
    data.timestamp_start = data.timestamp_end = now
    return response


# A response is copied and not made: mitmproxy checks the type of each field of a message that is made, which takes
# longer than all we do to find the answer.
_BLANK = http.Response.make()


def _lower(fields: Headers) -> Headers:
    """Names as HTTP/2 has them (RFC 9113, 8.2.1)."""
    return tuple((name.lower(), value) for name, value in fields)


def _missing_length(answer: Answer) -> Headers:
    """The length of a body that is sent whole though it was meant to come in pieces. One that broke off is told longer
    than it is, so that no client takes it for whole."""
    if answer.plan is None or header(answer.headers, "content-length") is not None:
        return ()
    return (("Content-Length", str(len(answer.body) + answer.plan.truncated)),)


def trailers_of(response: http.Response, request: http.Request) -> Headers:
    """The trailers as the API sent them; those that go on to a client of HTTP/2 are brought to its spelling, which
    mitmproxy does with headers alone."""
    if response.trailers is None:
        return ()
    trailers = headers_from(response.trailers)
    if not request.http_version.startswith("HTTP/1"):
        response.trailers = headers_to(_lower(trailers))
    return trailers


def frame(response: http.Response, request: http.Request) -> None:
    """Give an HTTP/2 answer without a length an end that an HTTP/1.1 client can see; mitmproxy would let the end of
    the connection be it, which looks the same when the answer broke off."""
    # mitmproxy takes `head` for HEAD, and would write no last chunk.
    ended = is_bodyless(request.method.upper(), response.status_code)
    named = "content-length" in response.headers or "transfer-encoding" in response.headers
    if request.http_version == "HTTP/1.1" and not response.http_version.startswith("HTTP/1") and not (ended or named):
        response.headers["Transfer-Encoding"] = "chunked"


def retarget(request: http.Request, url: str, headers: Headers) -> tuple[str, int]:
    """Send a request to a URL with these headers; the address it goes to."""
    where = urlsplit(url)
    port = port_of(where)
    request.headers = headers_to(headers)
    if (where.scheme, where.hostname, port) != (request.scheme, request.host.lower(), request.port):
        request.scheme = where.scheme
        request.port = port
        request.host = where.hostname or ""
    request.path = (where.path or "/") + (f"?{where.query}" if where.query else "")
    return request.host, request.port
