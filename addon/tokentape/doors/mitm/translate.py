"""mitmproxy's messages to ours and back. Headers keep their bytes: what is not UTF-8 travels as surrogates."""

import time
from urllib.parse import urlsplit

from mitmproxy import http

from tokentape import encoding
from tokentape.answers import Answer
from tokentape.model import Headers, Request, header, without


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
    host = f"[{request.host}]" if ":" in request.host else request.host
    default = 443 if request.scheme == "https" else 80
    port = "" if request.port == default else f":{request.port}"
    path = request.path if request.path.startswith("/") else f"/{request.path}"
    return f"{request.scheme}://{host}{port}{path}"


def request_from(request: http.Request) -> Request:
    """The request as sent; a body in a coding we know is decoded, and the header that names it dropped."""
    headers = headers_from(request.headers)
    body = request.raw_content or b""
    coding = header(headers, "content-encoding")
    if coding and body:
        try:
            body = encoding.decode(body, coding)
            headers = without(headers, ("content-encoding",))
        except encoding.UndecodableBody:
            pass  # then it is compared, and kept, as the bytes it is
    return Request(request.method, url_of(request), headers, body, request.http_version)


def response_to(answer: Answer, http_version: str) -> http.Response:
    """An answer as mitmproxy sends it: bytes as they are, nothing encoded again."""
    now = time.time()
    multiplexed = not http_version.startswith("HTTP/1")
    headers = answer.headers
    if multiplexed:
        headers = tuple((name.lower(), value) for name, value in headers)  # RFC 9113, 8.2.1
    return http.Response(
        http_version.encode(),
        answer.status,
        b"" if multiplexed else answer.reason.encode("utf-8", "surrogateescape"),
        headers_to(headers),
        answer.body,
        # mitmproxy can't send trailers over HTTP/1.
        headers_to(answer.trailers) if answer.trailers and multiplexed else None,
        now,
        now,
    )


def retarget(request: http.Request, url: str, headers: Headers) -> tuple[str, int]:
    """Send a request to a URL with these headers; the address it goes to."""
    where = urlsplit(url)
    port = where.port or (443 if where.scheme == "https" else 80)
    request.headers = headers_to(headers)
    if (where.scheme, where.hostname, port) != (request.scheme, request.host.lower(), request.port):
        request.scheme = where.scheme
        request.port = port
        request.host = where.hostname or ""
    request.path = (where.path or "/") + (f"?{where.query}" if where.query else "")
    return request.host, request.port
