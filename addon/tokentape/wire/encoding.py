"""Content codings: the compressed bytes of a message's body back to the plain ones, whole or piece by piece.

The rule: what comes out is exactly what was compressed, or ``UndecodableBody`` is raised; nothing is guessed, and
nothing that was damaged or cut short passes as whole. Names are those of the HTTP content coding registry (RFC 9110,
8.4.1): ``gzip`` and ``x-gzip`` (several members in a row too), ``deflate`` (zlib as the RFC says, and raw as some
servers send it), ``br``, ``zstd``, ``identity``, and lists of these, which are undone from the last to the first.

The libraries for ``br`` and ``zstd`` are imported when a body is coded so: cassettes hold decoded bodies, and whoever
only reads those (``tokentape.Cassette``) does without them.
"""

import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from tokentape.errors import TokentapeError

if TYPE_CHECKING:
    import zstandard

# More codings on top of each other than anybody sends in earnest; curl stops at five as well.
MOST_CODINGS = 5
# With a limit, input goes in small pieces, so that one call can't make more than some tens of megabytes of output:
# zstd's worst is 128 KiB out of 4 bytes.
_STEP = 1024
# Windows of more than this need not be supported for ``zstd`` over HTTP (RFC 9659).
_ZSTD_WINDOW = 8 * 1024 * 1024


class UndecodableBody(TokentapeError):
    """A body that is not what its Content-Encoding says: unknown coding, damaged, cut short, or above the limit."""


class BodyTooLarge(UndecodableBody):
    """More came out than the limit allows."""


class Decoder(Protocol):
    """Undoes a coding piece by piece."""

    def feed(self, data: bytes) -> bytes:
        """The plain bytes that this piece completes. Raises UndecodableBody."""

    def finish(self) -> bytes:
        """Says that the body is over; the plain bytes still held back. Raises UndecodableBody where it ended
        early."""


def codings(content_encoding: str) -> tuple[str, ...]:
    """The names in a Content-Encoding value, lower case, in the order they were applied, less ``identity``."""
    names = (part.strip().lower() for part in content_encoding.split(","))
    return tuple(name for name in names if name not in ("", "identity"))


def can_decode(content_encoding: str) -> bool:
    """Whether every coding of a Content-Encoding value is known here."""
    names = codings(content_encoding)
    return len(names) <= MOST_CODINGS and all(name in _STAGES for name in names)


def decoder(content_encoding: str, limit: int | None = None) -> Decoder:
    """A decoder for a Content-Encoding value. ``limit`` is the most bytes that may come out. Raises
    UndecodableBody."""
    names = codings(content_encoding)
    if len(names) > MOST_CODINGS:
        raise UndecodableBody(f"the body is coded {len(names)} times over, more than {MOST_CODINGS}")
    if unknown := [name for name in names if name not in _STAGES]:
        raise UndecodableBody(f"the content coding {unknown[0][:40]!r} is not known here")
    return _Chain([_Stage(name, _STAGES[name](), limit) for name in reversed(names)])


def decode(body: bytes, content_encoding: str, limit: int | None = None) -> bytes:
    """A whole body without its content codings. ``limit`` is the most bytes that may come out. Raises
    UndecodableBody."""
    whole = decoder(content_encoding, limit)
    return whole.feed(body) + whole.finish()


class _Coding(Protocol):
    """What the libraries are brought to: bytes in, bytes out in pieces, and whether the stream is complete."""

    def pieces(self, data: bytes) -> Iterator[bytes]: ...

    @property
    def complete(self) -> bool: ...

    @property
    def error(self) -> type[Exception]:
        """What its library raises."""


class _Chain:
    """Several stages, the outermost coding first."""

    def __init__(self, stages: "list[_Stage]") -> None:
        self._stages = stages

    def feed(self, data: bytes) -> bytes:
        for stage in self._stages:
            data = stage.feed(data)
        return data

    def finish(self) -> bytes:
        data = b""
        for stage in self._stages:
            data = stage.feed(data) + stage.finish()
        return data


class _Stage:
    """One coding, with the limit on what comes out and the errors of all libraries as one."""

    def __init__(self, name: str, coding: _Coding, limit: int | None) -> None:
        self._name = name
        self._coding = coding
        self._limit = limit
        self._fed = False
        self._made = 0

    def feed(self, data: bytes) -> bytes:
        if not data:
            return b""
        self._fed = True
        if self._limit is None:
            return self._decompress(data)
        return b"".join(self._decompress(data[at : at + _STEP]) for at in range(0, len(data), _STEP))

    def finish(self) -> bytes:
        # No bytes at all are an empty body: answers to HEAD, 304 and 204 name a coding and have none.
        if self._fed and not self._coding.complete:
            raise UndecodableBody(f"the body can't be decoded as {self._name}: it ends early")
        return b""

    def _decompress(self, data: bytes) -> bytes:
        plain = []
        try:
            for piece in self._coding.pieces(data):
                plain.append(piece)
                self._made += len(piece)
                if self._limit is not None and self._made > self._limit:
                    raise BodyTooLarge(f"the body is more than {self._limit} bytes when decoded as {self._name}")
        except (self._coding.error, _Trailing) as error:
            raise UndecodableBody(f"the body can't be decoded as {self._name}: {error}") from None
        return b"".join(plain)


class _Trailing(Exception):
    """Bytes after the end of a compressed stream that don't belong to it."""


class _Members:
    """Streams that may stand one behind the other: gzip members, zstd frames."""

    def __init__(
        self,
        start: Callable[[], "zlib._Decompress | zstandard.ZstdDecompressionObj"],
        padding: bytes,
        error: type[Exception],
    ) -> None:
        self.error = error
        self._start = start
        self._padding = padding
        self._member = start()

    @property
    def complete(self) -> bool:
        return self._member.eof

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._member.eof:
                data = data.lstrip(self._padding)
                if not data:
                    break
                self._member = self._start()
            yield self._member.decompress(data)
            data = self._member.unused_data


class _Deflate:
    """zlib's format (RFC 1950), or raw deflate data (RFC 1951): the first bytes tell, and where they mislead, the
    error."""

    error = zlib.error

    def __init__(self) -> None:
        self._held = b""
        self._inner: zlib._Decompress | None = None

    @property
    def complete(self) -> bool:
        return self._inner is not None and self._inner.eof

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if self._inner is not None and not self._held:
            yield self._go_on(self._inner, data)
            return
        self._held += data
        if len(self._held) < 2:
            return
        try:
            self._inner = zlib.decompressobj()
            plain = self._go_on(self._inner, self._held)
        except zlib.error:
            self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
            plain = self._go_on(self._inner, self._held)
        # Until something came out, what came in is kept: raw data may look like a zlib header for two bytes.
        if plain or self._inner.eof:
            self._held = b""
        yield plain

    @staticmethod
    def _go_on(inner: "zlib._Decompress", data: bytes) -> bytes:
        if inner.eof and data:
            raise _Trailing("there are bytes behind its end")
        plain = inner.decompress(data)
        if inner.unused_data:
            raise _Trailing("there are bytes behind its end")
        return plain


class _Brotli:
    """Brotli (RFC 7932): one stream, nothing behind it. Its output has no bound, so it is taken in pieces."""

    _PIECE = 1024 * 1024

    def __init__(self) -> None:
        import brotli  # type: ignore[import-untyped]  # it ships no types

        self.error: type[Exception] = brotli.error
        self._inner = brotli.Decompressor()

    @property
    def complete(self) -> bool:
        return bool(self._inner.is_finished())

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if self._inner.is_finished():
            raise _Trailing("there are bytes behind its end")
        piece: bytes = self._inner.process(data, output_buffer_limit=self._PIECE)
        while piece:
            yield piece
            piece = b"" if self._inner.is_finished() else self._inner.process(b"", output_buffer_limit=self._PIECE)


def _gzip() -> _Coding:
    # gzip files are padded with zeros on some systems; gzip(1) and Python pass over them too.
    return _Members(lambda: zlib.decompressobj(16 + zlib.MAX_WBITS), b"\0", zlib.error)


def _zstd() -> _Coding:
    import zstandard

    def frame() -> "zstandard.ZstdDecompressionObj":
        return zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()

    return _Members(frame, b"", zstandard.ZstdError)


_STAGES: dict[str, Callable[[], _Coding]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _zstd,
}
