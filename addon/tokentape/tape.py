"""A response being recorded: pieces of it in, a whole response out.

The rule: the tape never alters, delays or judges what the client gets; it only remembers. Times come in as arguments
(seconds of any steady clock).
"""

from dataclasses import dataclass, field

from tokentape import encoding, sse
from tokentape.model import Headers, Request, Response, header, without

# They speak of one connection or of the wire form, not of the message; a replay computes its own.
HOP_HEADERS = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)


@dataclass(slots=True)
class Tape:
    """The recording of one response. ``request`` is what was asked, as the client sent it."""

    request: Request
    started: float
    status: int = 0
    reason: str = ""
    proto: str = "HTTP/1.1"
    headers: Headers = ()
    answered: float = 0.0
    _wire: bytearray = field(default_factory=bytearray)

    def head(self, status: int, reason: str, headers: Headers, proto: str, at: float) -> None:
        """Status and headers have arrived."""
        self.status, self.reason, self.headers, self.proto, self.answered = status, reason, headers, proto, at

    def data(self, piece: bytes) -> None:
        """A piece of the body has arrived, content-encoded as on the wire."""
        self._wire += piece

    @property
    def size(self) -> int:
        """Bytes of the body so far, as on the wire."""
        return len(self._wire)

    def forget(self) -> None:
        """Let go of the body."""
        self._wire = bytearray()

    def is_whole_though_cut(self) -> bool:
        """Whether a response whose connection broke off had said all it had to say."""
        if "text/event-stream" not in (header(self.headers, "content-type") or ""):
            return False
        try:
            decoded = encoding.decoder(header(self.headers, "content-encoding") or "identity").feed(bytes(self._wire))
        except encoding.UndecodableBody:
            return False
        return sse.said_its_last(decoded)

    def duration(self) -> float:
        """Seconds from the request to the response's headers (go-vcr's meaning of ``duration``)."""
        return max(0.0, self.answered - self.started)

    def response(self, trailers: Headers = ()) -> Response:
        """The whole response, content-decoded. Raises encoding.UndecodableBody when the body is damaged."""
        headers = without(self.headers, HOP_HEADERS | {"content-encoding"})
        return Response(self.status, self.reason, headers, self._decoded(), self.proto, trailers)

    def _decoded(self) -> bytes:
        return encoding.decode(bytes(self._wire), header(self.headers, "content-encoding") or "identity")
