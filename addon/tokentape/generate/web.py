"""A request and a response as web frameworks write them, for generators of one's own.

The rule: the few names of FastAPI's ``Request`` and ``Response`` that generators use, so that a file written for those
runs with another import line. What FastAPI awaits may be awaited here, and need not be: nothing is read any more.
"""

import json
from collections.abc import AsyncIterable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from tokentape.model import Headers, header
from tokentape.model import Request as Sent

Content = str | bytes | Mapping[str, Any] | list[Any] | None
Pieces = Iterable[str | bytes] | AsyncIterable[str | bytes]


class Names(Mapping[str, str]):
    """Headers: names compare without case, the first of several counts."""

    def __init__(self, pairs: Headers) -> None:
        self._pairs = pairs

    def __getitem__(self, name: str) -> str:
        value = header(self._pairs, name)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.lower() for name, _ in self._pairs))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Awaited[T]:
    """A value that may be awaited."""

    def __init__(self, value: T) -> None:
        self._value = value

    def __await__(self) -> Generator[None, None, T]:
        return self._value
        yield


class _Bytes(bytes):
    """Bytes that may be awaited, as ``await request.body()`` does."""

    def __await__(self) -> Generator[None, None, bytes]:
        return bytes(self)
        yield


class URL(str):
    """A URL as text, with its parts by name."""

    __slots__ = ()

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self)

    @property
    def path(self) -> str:
        """``/v1/chat/completions``"""
        return self._parts.path

    @property
    def query(self) -> str:
        """What stands behind the question mark."""
        return self._parts.query

    @property
    def hostname(self) -> str | None:
        """The host without its port, in small letters."""
        return self._parts.hostname

    @property
    def scheme(self) -> str:
        """``https``"""
        return self._parts.scheme


class Request:
    """What a generator gets."""

    def __init__(self, sent: Sent) -> None:
        self.method = sent.method
        self.url = URL(sent.url)
        self.headers = Names(sent.headers)
        self._body = sent.body

    @cached_property
    def query_params(self) -> Mapping[str, str]:
        """The query's values by name."""
        return dict(parse_qsl(self.url.query, keep_blank_values=True))

    @cached_property
    def data(self) -> Any:
        """The body read as JSON; None where it is none."""
        try:
            return json.loads(self._body)
        except (ValueError, RecursionError):
            return None

    def body(self) -> _Bytes:
        """The body; may be awaited."""
        return _Bytes(self._body)

    def json(self) -> _Awaited[Any]:
        """The body read as JSON, to be awaited. Raises ValueError for what is none; ``data`` needs no ``await``."""
        return _Awaited(json.loads(self._body))


@dataclass
class Response:
    """What a generator may give back: bytes or text with a status and headers."""

    content: Content = None
    status_code: int = 200
    headers: Mapping[str, str] | None = None
    media_type: str | None = None

    @property
    def body(self) -> bytes:
        """The content as bytes."""
        return self.content if isinstance(self.content, bytes) else str(self.content or "").encode("utf-8", "replace")


@dataclass
class JSONResponse(Response):
    """A response whose content becomes JSON."""

    media_type: str | None = "application/json"

    @property
    def body(self) -> bytes:
        """The content as JSON."""
        return json.dumps(self.content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


@dataclass
class PlainTextResponse(Response):
    """A response of text."""

    media_type: str | None = "text/plain; charset=utf-8"


class StreamingResponse:
    """A response in pieces; each becomes an event of its own."""

    def __init__(
        self,
        content: Pieces,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
    ) -> None:
        self.body_iterator = content
        self.status_code = status_code
        self.headers = headers
        self.media_type = media_type
