"""What a door hands to the engine, and the answer that is not one yet: forward this."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from tokentape.engine.holding import Show
from tokentape.engine.recording import Recording
from tokentape.model import Headers, Request, header
from tokentape.refusal import Refusal, speaks_grpc


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


def unsupported(request: Request) -> Refusal | None:
    """Why a request can't be recorded, whatever is asked; None where it can.

    WebSocket and gRPC are more than one request and its response.
    """
    if (header(request.headers, "upgrade") or "").lower() == "websocket":
        kind = "WebSocket connections"
    elif speaks_grpc(request):
        kind = "gRPC calls"
    else:
        return None
    host = urlsplit(request.url).hostname or "HOST"
    return Refusal("unsupported", f"{kind} can't be recorded yet", (), f"forward them: vcr_ignore_hosts={host}")
