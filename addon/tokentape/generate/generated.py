"""What a generator hands back: an answer made up whole, with what latency, limits and metrics want to know about it.

The rule: data only. When the pieces of a stream leave is said by whoever sends them; here are just their sizes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tokentape.model import Headers


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a request (``prompt``) and of its answer (``completion``), as the answer itself says them."""

    prompt: int = 0
    completion: int = 0

    @property
    def total(self) -> int:
        """Both together."""
        return self.prompt + self.completion


@dataclass(frozen=True, slots=True)
class Generated:
    """An answer, with identity encoding and no length header.

    ``events`` holds the size in bytes of each event of a stream, in order; they add up to ``body``. It is empty where
    the answer is no stream.
    """

    status: int
    body: bytes
    headers: Headers = ()
    reason: str = ""
    events: tuple[int, ...] = ()
    usage: Usage = field(default_factory=Usage)


JSON_TYPE = ("content-type", "application/json")
STREAM_TYPE = ("content-type", "text/event-stream; charset=utf-8")


def encoded(text: str) -> bytes:
    """Text of JSON as bytes. Half a surrogate pair, which UTF-8 can't hold, becomes the JSON escape that it is."""
    return text.encode("utf-8", "backslashreplace")


def joined(events: Iterable[str]) -> tuple[bytes, tuple[int, ...]]:
    """The events of a stream as its body and their sizes."""
    texts = list(events)
    body = "".join(texts)
    if body.isascii():  # then a size in bytes is a length, and one encoding does for all
        return body.encode("ascii"), tuple(map(len, texts))
    pieces = [encoded(text) for text in texts]
    return b"".join(pieces), tuple(map(len, pieces))


def redated(made: Generated, before: int, now: int) -> Generated:
    """The answer that was made at one time (seconds since 1970) as it is made at another.

    In the text of a string the quotes around such a key would be escaped, so this is none that anybody said.
    """
    body = made.body
    for key in (b'"created":%d', b'"created_at":%d'):
        body = body.replace(key % before, key % now)
    return replace(made, body=body)
