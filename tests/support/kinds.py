"""Every kind of stream that an API sends: its pieces as they were said, and as they are on the wire.

The rule: nothing in here comes from the code under test; frames and codings are built by hand.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import brotli
import zstandard

Pairs = tuple[tuple[str, str], ...]

SSE = "text/event-stream; charset=utf-8"
NDJSON = "application/x-ndjson"
EVENTSTREAM = "application/vnd.amazon.eventstream"


class _Squeeze(Protocol):
    def add(self, data: bytes) -> bytes:
        """The wire's bytes for a piece, flushed."""

    def end(self) -> bytes:
        """The wire's last bytes."""


class _Zlib:
    def __init__(self, bits: int, *, flush: bool = True) -> None:
        self._inner = zlib.compressobj(wbits=bits)
        self._flush = flush

    def add(self, data: bytes) -> bytes:
        return self._inner.compress(data) + (self._inner.flush(zlib.Z_SYNC_FLUSH) if self._flush else b"")

    def end(self) -> bytes:
        return self._inner.flush()


class _Brotli:
    def __init__(self) -> None:
        self._inner = brotli.Compressor()

    def add(self, data: bytes) -> bytes:
        return bytes(self._inner.process(data) + self._inner.flush())

    def end(self) -> bytes:
        return bytes(self._inner.finish())


class _Zstd:
    def __init__(self) -> None:
        self._inner = zstandard.ZstdCompressor().compressobj()

    def add(self, data: bytes) -> bytes:
        return self._inner.compress(data) + self._inner.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def end(self) -> bytes:
        return self._inner.flush()


_SQUEEZES: dict[str, Callable[[], _Squeeze]] = {
    "gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "deflate": lambda: _Zlib(zlib.MAX_WBITS),
    "raw deflate": lambda: _Zlib(-zlib.MAX_WBITS),
    "br": _Brotli,
    "zstd": _Zstd,
    # A server that never flushes: the wire has a header, then everything with the last piece.
    "gzip, unflushed": lambda: _Zlib(zlib.MAX_WBITS | 16, flush=False),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A stream: what is said piece by piece, how it is coded, and what follows it."""

    content_type: str
    said: tuple[bytes, ...]
    coding: str = ""
    trailers: Pairs = ()
    more: Pairs = ()

    @property
    def headers(self) -> Pairs:
        """Its headers but for the type."""
        named = self.coding.split(",")[0].removeprefix("raw ")
        return (*((("Content-Encoding", named),) if named else ()), *self.more)

    @property
    def wire(self) -> tuple[bytes, ...]:
        """The pieces as they are sent."""
        if not self.coding:
            return self.said
        squeeze = _SQUEEZES[self.coding]()
        pieces = [squeeze.add(piece) for piece in self.said]
        pieces[-1] += squeeze.end()
        return tuple(piece for piece in pieces if piece)

    @property
    def body(self) -> bytes:
        """All that is said."""
        return b"".join(self.said)

    @property
    def sizes(self) -> list[int]:
        """The sizes of its pieces, decoded; a server that does not flush has said it all with its last."""
        return [len(self.body)] if "unflushed" in self.coding else [len(piece) for piece in self.said]


def frame(event: str, payload: bytes) -> bytes:
    """One message of an AWS event stream, with headers as Bedrock's and its checksums."""
    named = {":event-type": event, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + len(value.encode()).to_bytes(2) + value.encode()
        for name, value in named.items()
    )
    prelude = (16 + len(headers) + len(payload)).to_bytes(4) + len(headers).to_bytes(4)
    message = prelude + zlib.crc32(prelude).to_bytes(4) + headers + payload
    return message + zlib.crc32(message).to_bytes(4)


_EVENTS = (b'data: {"n":1}\n\n', b'data: {"n":2,"said":"caf\xc3\xa9"}\n\n', b"data: [DONE]\n\n")
_LINES = (b'{"n":1,"done":false}\n', b'{"n":2,"done":false}\n', b'{"done":true}\n')
_FRAMES = tuple(frame("contentBlockDelta", b'{"n":%d,"\xff\x00":1}' % number) for number in range(3))
_NOISE = tuple(bytes((number * 7 + at * at) % 256 for at in range(400)) for number in range(4))

KINDS: dict[str, Kind] = {
    "usual": Kind(SSE, _EVENTS),
    "one-event": Kind(SSE, (b"data: [DONE]\n\n",)),
    "comments": Kind(SSE, (b": hello\n\n", b"data: one\n\n", b":\n\n", b": bye\n\n")),
    "fields": Kind(SSE, (b"id: 1\nevent: message\nretry: 3000\ndata: one\ndata: more\n\n", b"id\ndata\n\n")),
    "crlf": Kind(SSE, (b"data: one\r\n\r\n", b"event: x\r\ndata: two\r\n\r\n")),
    "cr": Kind(SSE, (b"data: one\r\r", b"data: two\r\r")),
    "no-last-newline": Kind(SSE, (b"data: one\n\n", b"data: two")),
    "three-newlines": Kind(SSE, (b"data: one\n\n\n", b"\n\ndata: two\n\n\n")),
    "cut-anywhere": Kind(SSE, (b"da", b"ta: caf\xc3", b"\xa9\n", b"\ndata: two\n\nda", b"ta: three\n\n")),
    "spaces": Kind(SSE, (b"data:  two spaces \n\n", b"data: tab\t\ndata: \n\n")),
    "ndjson": Kind(NDJSON, _LINES),
    "ndjson-no-end": Kind(NDJSON, (b'{"n": 1}\r\n', b'{"n": 1e2}')),
    "json-in-pieces": Kind("application/json", (b'{"a": 1.0,\n', b' "a": 1e2, "b"', b":[ ]}\n")),
    "eventstream": Kind(EVENTSTREAM, _FRAMES),
    "audio": Kind("audio/mpeg", _NOISE),
    "gzip": Kind(SSE, _EVENTS, "gzip"),
    "deflate": Kind(SSE, _EVENTS, "deflate"),
    "raw-deflate": Kind(SSE, _EVENTS, "raw deflate"),
    "br": Kind(SSE, _EVENTS, "br"),
    "zstd": Kind(SSE, _EVENTS, "zstd"),
    "gzip-unflushed": Kind(SSE, _EVENTS, "gzip, unflushed"),
    "gzip-ndjson": Kind(NDJSON, _LINES, "gzip"),
    "trailers": Kind(SSE, _EVENTS, trailers=(("X-Checksum", "abc"), ("X-Checksum", "def"), ("X-Cost", "0.5"))),
    "gzip-trailers": Kind(NDJSON, _LINES, "gzip", trailers=(("X-Checksum", "abc"),)),
    "late-end": Kind(SSE, (*_EVENTS[1:], b": the API takes its time to end\n\n")),
    "many": Kind(SSE, tuple(b"data: %d\n\n" % number for number in range(300))),
}
