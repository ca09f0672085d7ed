"""What a door hands to the engine, and the answer that is not one yet: forward this."""

from dataclasses import dataclass

from tokentape.engine.holding import Show
from tokentape.engine.recording import Recording
from tokentape.model import Headers, Request

LARGE = 256 * 1024
"""Bytes of a body (a request's to be redacted, an answer's to be searched) from which on it is looked at beside the
event loop: below, it takes a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as a door received it.

    ``request.url`` is where the client wants it to go. ``prefix`` is what a base URL had behind ``/@``, ``host_known``
    is False when the client spoke to us as if we were the API, ``local`` says that it came over loopback.
    """

    request: Request
    proxy_user: str = ""
    proxy_password: str = ""
    prefix: str = ""
    host_known: bool = True
    local: bool = True
    show: Show | None = None
    """Shows the request to a person who may decide about it; None where nobody looks."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Forward to ``url`` with these headers; feed ``recording`` when it is not None."""

    url: str
    headers: Headers
    recording: Recording | None
    outcome: str
