"""A response being recorded: pieces of it in, a whole response out.

The rule: the tape never alters, delays or judges what the client gets; it only remembers. Times come in as arguments
(seconds of any steady clock). A stream's pieces are remembered by their sizes in the *decoded* body: a compressed
stream is undone piece by piece as it comes, and the body is held once.
"""

from array import array
from dataclasses import dataclass, field

from tokentape.model import Chunk, Headers, Request, Response, header, without
from tokentape.wire import encoding, framing, sse

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
    """The recording of one response. ``request`` is what was asked, as the client sent it; ``limit`` is the most bytes
    that a compressed body may unfold to."""

    request: Request
    started: float
    limit: int | None = None
    status: int = 0
    reason: str = ""
    proto: str = "HTTP/1.1"
    headers: Headers = ()
    answered: float = 0.0
    size: int = 0
    """Bytes of the body so far, as on the wire."""
    _body: bytearray = field(default_factory=bytearray)
    _coding: str = ""
    """What the body held here is still coded with: a body that comes with its length is decoded when it is whole."""
    _decoder: encoding.Decoder | None = None
    _streamed: bool = False
    _sizes: "array[int]" = field(default_factory=lambda: array("Q"))
    _times: "array[float]" = field(default_factory=lambda: array("d"))

    def head(self, status: int, reason: str, headers: Headers, proto: str, at: float) -> None:
        """Status and headers have arrived. Raises encoding.UndecodableBody for a stream in an unknown coding."""
        self.status, self.reason, self.headers, self.proto, self.answered = status, reason, headers, proto, at
        coding = ", ".join(value for name, value in headers if name.lower() == "content-encoding")
        is_stream = framing.is_stream(self._content_type)
        self._streamed = is_stream or header(headers, "content-length") is None
        if not encoding.codings(coding):
            return
        if self._streamed:
            self._decoder = encoding.decoder(coding, self.limit)
        else:
            self._coding = coding

    def data(self, piece: bytes, at: float) -> None:
        """A piece of the body has arrived, content-encoded as on the wire. Raises encoding.UndecodableBody."""
        self.size += len(piece)
        self._keep(piece if self._decoder is None else self._decoder.feed(piece), at)

    def forget(self) -> None:
        """Let go of the body."""
        self._body = bytearray()
        self._sizes, self._times = array("Q"), array("d")

    def events(self) -> int | None:
        """How many whole events have come; None where the response is no stream of events."""
        if self._coding:
            return None
        ends = framing.event_ends(self._body, self._content_type)
        return None if ends is None else len(ends)

    def is_whole_though_cut(self) -> bool:
        """Whether a response whose connection broke off had said all it had to say."""
        if not self._coding and (header(self.headers, "content-length") or "") == str(self.size):
            return True
        return "text/event-stream" in self._content_type and sse.said_its_last(self._body)

    def duration(self) -> float:
        """Seconds from the request to the response's headers (go-vcr's meaning of ``duration``)."""
        return max(0.0, self.answered - self.started)

    def response(self, trailers: Headers = (), *, cut: bool = False, truncated: bool = False) -> Response:
        """The response, content-decoded. Raises encoding.UndecodableBody when the body is damaged.

        ``cut``: the end of the body has not come, so a compression that wants one is forgiven; ``truncated``: and the
        response is to break off there on replay too.
        """
        headers = without(self.headers, HOP_HEADERS | {"content-encoding"})
        body = self._decoded(cut=cut or truncated)
        return Response(
            self.status, self.reason, headers, body, self.proto, trailers, self._chunks(), truncated=truncated
        )

    @property
    def _content_type(self) -> str:
        return header(self.headers, "content-type") or ""

    def _keep(self, plain: bytes, at: float) -> None:
        if not plain:
            return  # its time is not lost: the next piece counts from the last one that made something
        self._body += plain
        if self._streamed:
            self._sizes.append(len(plain))
            self._times.append(at)

    def _decoded(self, *, cut: bool) -> bytes:
        if self._decoder is not None and not cut:
            self._keep(self._decoder.finish(), self._times[-1] if self._times else self.answered)
        if not self._coding:
            return bytes(self._body)
        whole = encoding.decoder(self._coding, self.limit)
        plain = whole.feed(bytes(self._body))
        return plain if cut else plain + whole.finish()

    def _chunks(self) -> tuple[Chunk, ...]:
        if len(self._sizes) < 2 and not framing.is_stream(self._content_type):
            return ()
        before = [self.answered, *self._times]
        return tuple(
            Chunk(size, max(0.0, at - last)) for size, at, last in zip(self._sizes, self._times, before, strict=False)
        )
