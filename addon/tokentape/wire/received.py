"""A request as a door received it, made into ours. Pure.

The rule: a body in a coding we know is decoded, and the header that names the coding is dropped; one that we can't
decode is compared, and kept, as the bytes it is.
"""

import base64

from tokentape.model import Headers, Request, header, without
from tokentape.wire import encoding


def received(method: str, url: str, headers: Headers, body: bytes, proto: str, limit: int | None = None) -> Request:
    """The request. ``limit`` is the most bytes that its decoded body may have. Raises encoding.BodyTooLarge."""
    coding = header(headers, "content-encoding")
    if coding and body:
        try:
            body = encoding.decode(body, coding, limit)
            headers = without(headers, ("content-encoding",))
        except encoding.BodyTooLarge:
            raise
        except encoding.UndecodableBody:
            pass
    return Request(method, url, headers, body, proto)


def credentials(value: str) -> tuple[str, str] | None:
    """User and password of a Proxy-Authorization header; None where it has none that we can read (RFC 7617)."""
    scheme, _, encoded = value.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:  # no base64, or no text
        return None
    return user, password
