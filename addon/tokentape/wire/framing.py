"""Which responses are streams, and where the events in them end.

The rule: a stream is known by its Content-Type alone; cutting it never loses a byte.
"""

import re
from collections.abc import Callable

from tokentape.wire import eventstream, sse

_LINE_END = re.compile(rb"\n")


def _line_ends(body: bytes | bytearray) -> list[int]:
    return [found.end() for found in _LINE_END.finditer(body)]


# What carries events, and how they are told apart.
_EVENTS: dict[str, Callable[[bytes | bytearray], list[int]]] = {
    "text/event-stream": sse.event_ends,
    "application/x-ndjson": _line_ends,
    "application/ndjson": _line_ends,
    "application/jsonl": _line_ends,
    "application/x-jsonlines": _line_ends,
    "application/json-seq": _line_ends,
    "application/stream+json": _line_ends,
    "application/vnd.amazon.eventstream": eventstream.message_ends,
}


def is_stream(content_type: str) -> bool:
    """Whether a body of this type is a stream of events, which a client reads one by one."""
    return media_type(content_type) in _EVENTS


def event_ends(body: bytes | bytearray, content_type: str) -> list[int] | None:
    """Where the events of a stream end, as ascending offsets; None for a body that is none."""
    ends_of = _EVENTS.get(media_type(content_type))
    return None if ends_of is None else ends_of(body)


def sizes(body: bytes, content_type: str) -> list[int]:
    """The sizes of a stream's events, which add up to the body; a rest without an end comes last. A body that is no
    stream is one piece."""
    ends = event_ends(body, content_type) or []
    if body and (not ends or ends[-1] < len(body)):
        ends.append(len(body))
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def media_type(content_type: str) -> str:
    """``text/event-stream`` for ``Text/Event-Stream; charset=utf-8``."""
    return content_type.partition(";")[0].strip().lower()
