"""The events of a streamed answer, each as a name and JSON, whatever carries them: SSE, lines, AWS event streams.

The rule: an event that makes no sense is counted, never a reason to stop.
"""

import base64
from dataclasses import dataclass, field

from tokentape.errors import BadBody
from tokentape.matching import canonical
from tokentape.matching.canonical import Value
from tokentape.transcript.trees import Tree, text
from tokentape.wire import eventstream, framing, sse

_END = b"[DONE]"


@dataclass(slots=True)
class Events:
    """The events that are JSON objects, in order, with their names; how many there are in all, and made no sense."""

    read: list[tuple[str, Tree]] = field(default_factory=list)
    count: int = 0
    unread: int = 0

    def add(self, name: str, data: bytes) -> None:
        """An event; one that only says that the stream ends is counted, and no more."""
        self.count += 1
        if data.strip() == _END:
            return
        tree = parsed(data)
        if isinstance(tree, dict):
            self.read.append((name, tree))
        else:
            self.unread += 1


def events_of(body: bytes, content_type: str) -> Events:
    """The events of a body of this type. A body in JSON is one, or, a list, one for each item."""
    found = Events()
    kind = framing.media_type(content_type)
    if kind == "text/event-stream":
        for event in sse.split_events(body):
            name, data = sse.read_event(event)
            if data:
                found.add(name, data)
    elif kind == "application/vnd.amazon.eventstream":
        _add_messages(found, body)
    else:
        start = 0
        for length in framing.sizes(body, content_type):
            found.add("", body[start : start + length].lstrip(b"\x1e"))
            start += length
    return found


def parsed(data: bytes) -> Value:
    """A text as JSON; None where it is no object or list, or too deep to be looked at."""
    try:
        return canonical.parse(data)
    except BadBody:
        return None


def _add_messages(found: Events, body: bytes) -> None:
    start = 0
    for end in eventstream.message_ends(body):
        headers, payload = eventstream.read_message(body[start:end])
        start = end
        found.add(headers.get(":event-type") or headers.get(":exception-type", ""), _unwrapped(payload))


def _unwrapped(payload: bytes) -> bytes:
    """What a model's own event is, where Bedrock passes it on in base64 (InvokeModelWithResponseStream)."""
    tree = parsed(payload) if payload.startswith(b'{"bytes"') else None
    if not isinstance(tree, dict):
        return payload
    try:
        return base64.b64decode(text(tree.get("bytes")))
    except ValueError:  # binascii.Error is one, and so is what letters beyond ASCII are
        return payload
