"""Server-sent events, as far as recording needs them: where an event ends, and whether a stream said it is finished.

Line ends are LF, CRLF or CR; an event ends at an empty line (WHATWG HTML, section 9.2.5).
"""

import re
from itertools import pairwise

_LINE = re.compile(rb"\r\n|\n|\r")
_END_OF_EVENT = re.compile(rb"\r\n\r\n|\n\n|\r\r|\r\n\n|\n\r\n")

# The last event of a whole stream: OpenAI and Azure chat and completions; Anthropic messages; OpenAI responses.
_LAST_EVENT = re.compile(
    rb"(?:^|[\r\n])(?:data: ?\[DONE\]"
    rb"|event: ?(?:message_stop|response\.(?:completed|failed|incomplete))[\r\n]+data:[^\r\n]*)[\r\n]*$"
)


def event_ends(body: bytes | bytearray) -> list[int]:
    """Where in a stream its events end, as offsets; a rest without an end is not counted."""
    return [found.end() for found in _END_OF_EVENT.finditer(body)]


def split_events(body: bytes) -> list[bytes]:
    """The events of a stream with their line ends (joined they are the body); a rest without an end comes last."""
    edges = [0, *event_ends(body), len(body)]
    return [body[start:end] for start, end in pairwise(edges) if end > start]


def said_its_last(body: bytes | bytearray) -> bool:
    """Whether a stream's last event says that nothing follows.

    A client may hang up right after it (the OpenAI Python SDK does), before the end of the body has reached it.
    """
    return _LAST_EVENT.search(body[-65536:]) is not None


def read_event(event: bytes) -> tuple[str, bytes]:
    """The name and the data of one event, as ``split_events`` gives it. Both are empty for a comment.

    Lines of data are joined by a line feed; a byte order mark and one space behind the colon are not part of them
    (WHATWG HTML, section 9.2.6).
    """
    name, data = "", []
    for line in _LINE.split(event.removeprefix(b"\xef\xbb\xbf")):
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ").decode(errors="replace")
    return name, b"\n".join(data)
