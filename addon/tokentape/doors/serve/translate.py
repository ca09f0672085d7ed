"""HTTP/1.1 to our words and back. Pure.

The rule: bytes as recorded. Names of headers keep their case, which ASGI would lower; only what frames the body on
this very connection is added.
"""

import http
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

from tokentape.deck.memo import is_left_out
from tokentape.forwarding.upstream import is_loopback
from tokentape.model import is_bodyless
from tokentape.wire.answers import Answer, Ends, framing

# Pairs of bytes, as ASGI has them: names in lower case.
Fields = list[tuple[bytes, bytes]]

_OURS = (b"x-cassette-", b"proxy-", b"x-tokentape")
_PHRASES = {status.value: status.phrase for status in http.HTTPStatus}


@dataclass(frozen=True, slots=True)
class Way:
    """How the requests of a connection reach us.

    ``base`` is what a tunnel was opened to, as ``https://api.openai.com``, or empty outside of a tunnel. ``user`` and
    ``password`` came with CONNECT. ``ours`` is the address the client reached, ``local`` says that it is on this
    machine.
    """

    base: str = ""
    user: str = ""
    password: str = ""
    ours: tuple[str, int] = ("", 0)
    local: bool = True
    key: bytes = field(init=False, repr=False)
    """All of it, as a part of a request's key."""

    def __post_init__(self) -> None:
        told = (self.base, self.user, self.password, self.ours, self.local)
        object.__setattr__(self, "key", repr(told).encode())

    def is_ours(self, host: str, port: int) -> bool:
        """Whether an address is the one we listen on, so that the client takes us for the API."""
        return port == self.ours[1] and (host == self.ours[0] or is_loopback(host))


@lru_cache(maxsize=1024)
def way(base: str, user: str, password: str, ours: tuple[str, int], local: bool) -> Way:
    """A way, made once for all the connections that come by it."""
    return Way(base, user, password, ours, local)


def key_of(method: bytes, target: bytes, fields: Fields, body: bytes, way: Way) -> bytes:
    """A digest of all that came over the wire and may count: equal keys are one request, in the same session."""
    parts = [way.key, method, target]
    for pair in fields:
        if _counts(pair[0]) or b"://" in pair[1]:
            parts += pair
    # No part but the body can hold a NUL, or be empty at a name's place.
    parts += (b"", body)
    return blake2b(b"\0".join(parts), digest_size=16).digest()


@lru_cache(maxsize=1024)
def _counts(name: bytes) -> bool:
    """Whether a header may decide about the answer: ours, the proxy's, and all that is compared."""
    return name.startswith(_OURS) or not is_left_out(text_of(name))


def head_of(answer: Answer, http_version: str, *, keep_alive: bool) -> bytes:
    """The status line and the headers of an answer, with the empty line behind them."""
    reason = answer.reason or _PHRASES.get(answer.status, "")
    framed = framing(answer, "HTTP/1.1" if http_version == "1.1" else "HTTP/1.0")
    close = () if keep_alive else (("Connection", "close"),)
    lines = [f"HTTP/1.1 {answer.status} {reason}"]
    lines += [f"{name}: {value}" for name, value in (*answer.headers, *framed, *close)]
    head = "\r\n".join(lines)
    ends = len(lines) - 1
    if head.count("\n") != ends or head.count("\r") != ends or "\0" in head:
        head = "\r\n".join(map(_line, lines))
    return f"{head}\r\n\r\n".encode("utf-8", "surrogateescape")


def whole(answer: Answer, method: str) -> bytes:
    """The bytes of an answer that leaves whole, for HTTP/1.1 and a connection that stays open; empty for others."""
    if answer.plan is not None or answer.ends is not Ends.AS_PLANNED:
        return b""
    return head_of(answer, "1.1", keep_alive=True) + body_of(answer, method)


def body_of(answer: Answer, method: str) -> bytes:
    """The body that is sent to a request with this method."""
    return b"" if is_bodyless(method, answer.status) else answer.body


def trailers_of(answer: Answer) -> bytes:
    """The end of a chunked body: the last chunk, the trailers, the empty line."""
    fields = "".join(f"{_line(name)}: {_line(value)}\r\n" for name, value in answer.trailers)
    return b"0\r\n" + fields.encode("utf-8", "surrogateescape") + b"\r\n"


def _line(text: str) -> str:
    """A text that can't end its line: a cassette that was edited by hand must not make headers of its own."""
    return text if text.isprintable() else text.replace("\r", " ").replace("\n", " ").replace("\0", " ")


def text_of(value: bytes) -> str:
    """The text of a header; what is not UTF-8 travels as surrogates."""
    return value.decode("utf-8", "surrogateescape")
