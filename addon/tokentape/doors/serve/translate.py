"""HTTP/1.1 to our words and back. Pure.

The rule: bytes as recorded. Names of headers keep their case, which ASGI would lower; only what frames the body on
this very connection is added.
"""

import http
import re
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import urlsplit

from tokentape import names
from tokentape.deck.memo import is_left_out
from tokentape.engine.exchange import Incoming
from tokentape.forwarding.upstream import is_loopback
from tokentape.model import Headers, header
from tokentape.wire.answers import Answer, framing
from tokentape.wire.received import credentials, received

# Pairs of bytes, as ASGI has them: names in lower case.
Fields = list[tuple[bytes, bytes]]

_HOST = re.compile(r"[A-Za-z0-9._\[\]:-]{1,300}")
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


def incoming_of(method: str, target: bytes, fields: Fields, body: bytes, way: Way, limit: int) -> Incoming:
    """A request of a connection. ``limit`` is the most bytes that a coded body is decoded to.

    Raises ValueError, encoding.BodyTooLarge.
    """
    headers = headers_from(fields)
    url, prefix, host_known = _place(_text(target), header(headers, "host") or "", way)
    user, password = way.user, way.password
    if not way.base and (given := credentials(header(headers, "proxy-authorization") or "")):
        user, password = given
    request = received(method, url, headers, body, "HTTP/1.1", limit)
    return Incoming(request, user, password, prefix, host_known, way.local)


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
    return name.startswith(_OURS) or not is_left_out(_text(name))


def headers_from(fields: Fields) -> Headers:
    """Header fields as pairs of text; what is not UTF-8 travels as surrogates."""
    return tuple((_text(name), _text(value)) for name, value in fields)


def _place(target: str, host: str, way: Way) -> tuple[str, str, bool]:
    """The URL that is asked for, the name and session in front of its path, and whether its host is known."""
    if way.base:
        return way.base + _path(target), "", True
    if "://" in target[:8]:
        where = urlsplit(target)
        if not (where.scheme == "http" and way.is_ours(where.hostname or "", where.port or 80)):
            return target, "", True
        host, target = where.netloc, where._replace(scheme="", netloc="").geturl()
    prefix, path = names.split_prefix(_path(target))
    ours = host if _HOST.fullmatch(host) else f"{way.ours[0]}:{way.ours[1]}"
    return f"http://{ours}{path}", prefix, False


def _path(target: str) -> str:
    return target if target.startswith("/") else f"/{target}"


def head_of(answer: Answer, http_version: str, *, keep_alive: bool) -> bytes:
    """The status line and the headers of an answer, with the empty line behind them."""
    reason = answer.reason or _PHRASES.get(answer.status, "")
    framed = framing(answer, "HTTP/1.1" if http_version == "1.1" else "HTTP/1.0")
    close = () if keep_alive else (("Connection", "close"),)
    lines = [f"HTTP/1.1 {answer.status} {_line(reason)}"]
    lines += [f"{_line(name)}: {_line(value)}" for name, value in (*answer.headers, *framed, *close)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def trailers_of(answer: Answer) -> bytes:
    """The end of a chunked body: the last chunk, the trailers, the empty line."""
    fields = "".join(f"{_line(name)}: {_line(value)}\r\n" for name, value in answer.trailers)
    return b"0\r\n" + fields.encode("utf-8", "surrogateescape") + b"\r\n"


def _line(text: str) -> str:
    """A text that can't end its line: a cassette that was edited by hand must not make headers of its own."""
    return text if text.isprintable() else text.replace("\r", " ").replace("\n", " ").replace("\0", " ")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
