"""The data everything else speaks of: Request, Response, Interaction, Cassette.

Rules kept here: frozen, no behaviour beyond looking at oneself, no knowledge of any file format or proxy.

Bodies are the *content-decoded* bytes of the message (identity encoding; transfer encoding removed). Headers are
ordered ``(name, value)`` pairs; names keep the case they came with and compare without case; values are text with
``surrogateescape`` for what is not UTF-8.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was sent. ``url`` is absolute: scheme, host, path and query."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    proto: str = "HTTP/1.1"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a streamed response: ``size`` bytes of the decoded body, ``delay`` seconds after the piece before."""

    size: int
    delay: float


@dataclass(frozen=True, slots=True)
class Response:
    """A response as it was answered. ``reason`` is the text behind the status code, as ``OK``; may be empty.

    ``chunks`` is empty when no boundaries are known. ``truncated`` means the stream broke after these bytes.
    """

    status: int
    reason: str = ""
    headers: Headers = ()
    body: bytes = b""
    proto: str = "HTTP/1.1"
    trailers: Headers = ()
    chunks: tuple[Chunk, ...] = ()
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Interaction:
    """A request and its response; ``duration`` is the time to the response's headers, in seconds.

    ``raw`` is the tree this interaction was loaded from (None for one that was never in a file): a save writes it
    back, so that what we have no field for is kept. It takes no part in equality.
    """

    request: Request
    response: Response
    duration: float = 0.0
    raw: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)

    @property
    def took(self) -> float:
        """Seconds from the request to the last byte of the answer, as far as it is known."""
        return self.duration + sum(chunk.delay for chunk in self.response.chunks)

    @property
    def arrivals(self) -> tuple[float, ...]:
        """Seconds from the request to each chunk."""
        delays = (chunk.delay for chunk in self.response.chunks)
        return tuple(accumulate(delays, initial=self.duration))[1:]


@dataclass(frozen=True, slots=True)
class Cassette:
    """Interactions in the order they were recorded. ``raw`` holds the unknown keys of the file's top level."""

    interactions: tuple[Interaction, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


def header_values(headers: Headers, name: str) -> Iterator[str]:
    """All values of one header, in order; the name compares without case."""
    wanted, length = name.lower(), len(name)
    # The length first: most names differ in it, and a request is searched a dozen times.
    return (value for key, value in headers if len(key) == length and key.lower() == wanted)


def header(headers: Headers, name: str) -> str | None:
    """The first value of one header, or None."""
    wanted, length = name.lower(), len(name)
    for key, value in headers:
        if len(key) == length and key.lower() == wanted:
            return value
    return None


def without(headers: Headers, names: Iterable[str]) -> Headers:
    """The headers less those named; names compare without case."""
    gone = {name.lower() for name in names}
    return tuple((key, value) for key, value in headers if key.lower() not in gone)


def is_bodyless(method: str, status: int) -> bool:
    """Whether an answer has no body, whatever length it tells (RFC 9110, 6.4.1). ``head`` is another method than HEAD
    (9.1): who asks so waits for a body."""
    return method == "HEAD" or status < 200 or status in (204, 304)
