"""The content view ``Conversation``: a request and its answer as a person reads them, in mitmweb and the console.

The rule: pure text, made safe by ``telling``; on top of a refused or held flow stands why, and what can be done. What
is no conversation is left to mitmproxy's own views. A view only shows: nothing here changes a flow.
"""

from collections.abc import Iterator
from textwrap import wrap

from mitmproxy import http
from mitmproxy.contentviews import Contentview, Metadata, SyntaxHighlight

from tokentape import transcript
from tokentape.doors.mitm import translate
from tokentape.doors.mitm.watching import CHOICES, CHUNKS, REFUSAL
from tokentape.matching.showing import safe_lines
from tokentape.model import Chunk, Interaction, Request, Response
from tokentape.reporting import telling, timeline

# A body of this size is not parsed for every look at it (bytes); the Raw view shows it.
_TOO_LARGE = 8 * 1024 * 1024
# Above mitmproxy's own views, which give 2 at most (GraphQL).
_FIRST = 3.0
# mitmweb wraps no lines, and shows no empty ones; half of a window of 1,180 pixels is so wide.
_WIDTH = 68
_RULE = "─" * 24


class Conversation(Contentview):
    """What was said, in words."""

    @property
    def name(self) -> str:
        """As the views' menu shows it."""
        return "Conversation"

    @property
    def syntax_highlight(self) -> SyntaxHighlight:
        """These are words, not code."""
        return "none"

    def prettify(self, data: bytes, metadata: Metadata) -> str:
        """The text to show."""
        flow = metadata.flow
        if not isinstance(flow, http.HTTPFlow) or metadata.http_message is None:
            raise ValueError("no HTTP message")
        lines = _lines(flow, data, is_request=metadata.http_message is flow.request)
        return "\n".join(piece for line in lines for piece in _wrapped(line))

    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        """First where there is a conversation or a refusal to read."""
        flow = metadata.flow
        if not isinstance(flow, http.HTTPFlow) or metadata.http_message is None or len(data) > _TOO_LARGE:
            return -1
        if REFUSAL in flow.metadata:
            return _FIRST
        path = Request(flow.request.method, translate.url_of(flow.request))
        return _FIRST if data and transcript.api_of(path) is not None else -1


def _lines(flow: http.HTTPFlow, data: bytes, *, is_request: bool) -> Iterator[str]:
    refusal = flow.metadata.get(REFUSAL)
    if refusal is not None:
        yield from safe_lines(refusal)
        yield _RULE
        if CHOICES in flow.metadata:
            yield from safe_lines(flow.metadata[CHOICES])
            yield _RULE
        if not is_request:
            return  # the body says the same
    request = translate.request_from(flow.request, _TOO_LARGE)
    if is_request:
        yield from map(str, telling.request_lines(request))
    elif flow.response is not None:
        interaction = _interaction(flow, flow.response, request, data)
        yield from map(str, telling.answer_lines(interaction))
        chunks = list(timeline.rows(interaction))
        yield from [_RULE, *chunks] if chunks else []


def _wrapped(line: str) -> list[str]:
    """A line in pieces that are seen without scrolling, the later ones below its start."""
    if len(line) <= _WIDTH:
        return [line]
    margin = " " * min(len(line) - len(line.lstrip()) + 2, _WIDTH // 2)
    return wrap(line, _WIDTH, subsequent_indent=margin, replace_whitespace=False, break_on_hyphens=False)


def _interaction(flow: http.HTTPFlow, response: http.Response, request: Request, data: bytes) -> Interaction:
    wait, chunks = flow.metadata.get(CHUNKS) or (_wait(flow, response), ())
    said = Response(
        response.status_code,
        response.reason or "",
        translate.headers_from(response.headers),
        data,
        chunks=tuple(Chunk(size, delay) for size, delay in chunks),
    )
    return Interaction(request, said, wait)


def _wait(flow: http.HTTPFlow, response: http.Response) -> float:
    return max(response.timestamp_start - (flow.request.timestamp_end or flow.request.timestamp_start), 0.0)
