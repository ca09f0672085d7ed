"""Have mitmdump print no secrets: of each flow it writes a line with its URL, and a log of that is a file.

The rule: only what is printed changes; a flow stays what it is, for whoever inspects it. It rests on two methods of
mitmproxy's own addon; where it has none of these, nothing is changed.
"""

from collections.abc import Callable
from typing import Any

from mitmproxy import http

from tokentape.doors.mitm import translate
from tokentape.model import Request
from tokentape.redaction.redact import RedactionFailed, redact_request

_METHODS = ("echo", "echo_flow")


def hush(dumper: Any, says: Callable[[str], str]) -> None:
    """Make mitmproxy's ``dumper`` discreet; ``says`` takes the secrets of the run out of a text."""
    if dumper is None or not all(callable(getattr(dumper, name, None)) for name in _METHODS):
        return
    echo, echo_flow = dumper.echo, dumper.echo_flow

    def echo_discreetly(text: str, ident: int | None = None, **style: Any) -> None:
        echo(says(text), ident, **style)

    def echo_flow_discreetly(flow: http.HTTPFlow) -> None:
        echo_flow(_shown(flow))

    dumper.echo, dumper.echo_flow = echo_discreetly, echo_flow_discreetly


def _shown(flow: http.HTTPFlow) -> http.HTTPFlow:
    """The flow as it may be printed. The URL is cut to the width of a terminal: what is left of a key is told by its
    place alone."""
    request = Request(flow.request.method, translate.url_of(flow.request))
    try:
        url = redact_request(request).url
    except RedactionFailed:
        url = request.url.partition("?")[0]
    if url == request.url:
        return flow
    shown: http.HTTPFlow = flow.copy()
    shown.request.url = url
    return shown
