"""The one place that reaches into mitmproxy's HTTP layer: answering when the API can't be reached.

mitmproxy answers a failed upstream connection with an HTML page of its own, which no hook can change. Its per-request
layer, ``HttpStream``, is replaced by a subclass that asks us first. If mitmproxy's insides change, ``install`` says so
and leaves its page in place; a canary test says it sooner.
"""

import logging
from collections.abc import Callable

from mitmproxy import flow, http
from mitmproxy.proxy import layer
from mitmproxy.proxy.layers import http as http_layer
from mitmproxy.proxy.layers.http._events import ErrorCode, RequestProtocolError, ResponseProtocolError
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook

log = logging.getLogger("tokentape")

# What to answer for a flow whose upstream failed for this reason; None leaves mitmproxy's own answer.
Answering = Callable[[http.HTTPFlow, str], http.Response | None]

_FAILURES = (ErrorCode.CONNECT_FAILED, ErrorCode.GENERIC_SERVER_ERROR)
_answering: Answering | None = None


class Stream(http_layer.HttpStream):
    """mitmproxy's stream of one request, with our answer to an API that can't be reached."""

    def handle_protocol_error(
        self, event: RequestProtocolError | ResponseProtocolError
    ) -> layer.CommandGenerator[None]:
        """As mitmproxy's, but a failure before any response becomes a response."""
        answer = None
        if isinstance(event, ResponseProtocolError) and event.code in _FAILURES:
            waiting = self.server_state == self.state_wait_for_response_headers
            if waiting and self.flow.response is None and _answering is not None:
                answer = _answering(self.flow, event.message)
        if answer is None:
            yield from super().handle_protocol_error(event)
            return
        self.flow.error = flow.Error(event.message)
        yield HttpErrorHook(self.flow)
        self.flow.response = answer
        yield from self.send_response()


def install(answering: Answering) -> None:
    """Have new requests answered by us when their upstream fails."""
    global _answering  # noqa: PLW0603  mitmproxy has one HTTP layer a process
    _answering = answering
    if fits():
        http_layer.HttpStream = Stream  # type: ignore[misc]
    else:
        log.warning("this mitmproxy's HTTP layer is unknown: a failed upstream is answered by mitmproxy's own page")


def fits() -> bool:
    """Whether mitmproxy's insides are as this module knows them."""
    needed = ("handle_protocol_error", "send_response", "state_wait_for_response_headers")
    return all(callable(getattr(http_layer.HttpStream, name, None)) for name in needed)
