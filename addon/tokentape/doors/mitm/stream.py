"""mitmproxy's layer of one request, ``HttpStream``, with two things no hook offers: an answer of ours when the API
can't be reached, and answers that leave piece by piece, each at its time, or break off, or never end.

The rule: times are offsets from one moment, so a late piece does not delay the next. A client that leaves midway ends
its stream and nothing else.
"""

import time
from dataclasses import replace

from mitmproxy import flow
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers import http as http_layer
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestProtocolError,
    ResponseData,
    ResponseHeaders,
    ResponseProtocolError,
    ResponseTrailers,
)
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook, HttpResponseHook

from tokentape.doors.mitm.insides import Serving
from tokentape.wire.answers import Ends
from tokentape.wire.pace import TICK, Plan, Step

_FAILURES = (ErrorCode.CONNECT_FAILED, ErrorCode.GENERIC_SERVER_ERROR)
# A stream that is to break off waits for what a slow client has not taken yet.
_LOOK_AGAIN = 0.01  # seconds
# A clock that was set in between must not send everything at once.
_LONGEST_DECISION = 1.0  # seconds
# The plan of an answer of which nothing is sent.
_NOTHING = Plan(0.0, ())

_original = http_layer.HttpStream
_serving: Serving | None = None


class Stream(_original):
    """mitmproxy's stream of one request and response."""

    _plan: Plan | None = None
    _body = b""
    _position = 0
    _sent = -1
    """Steps sent; -1 before the headers."""
    _began = 0.0
    _ends = Ends.AS_PLANNED

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Wakeup):
            yield from self._go_on()
        else:
            yield from super()._handle_event(event)

    def handle_protocol_error(
        self, event: RequestProtocolError | ResponseProtocolError
    ) -> layer.CommandGenerator[None]:
        """As mitmproxy's, but a failure before any response becomes a response."""
        self._plan = None
        if _serving is not None and hasattr(self, "flow"):
            _serving.broken(self.flow, isinstance(event, RequestProtocolError))
        answer = None
        if isinstance(event, ResponseProtocolError) and event.code in _FAILURES:
            waiting = self.server_state == self.state_wait_for_response_headers
            if waiting and self.flow.response is None and _serving is not None:
                answer = _serving.unreachable(self.flow, event.message)
        if answer is None:
            yield from super().handle_protocol_error(event)
            return
        self.flow.error = flow.Error(event.message)
        yield HttpErrorHook(self.flow)
        self.flow.response = answer
        yield from self.send_response()

    def send_response(self, already_streamed: bool = False) -> layer.CommandGenerator[None]:
        """As mitmproxy's, but an answer with a plan is sent by it."""
        answer = _serving.paced(self.flow) if _serving is not None and not already_streamed else None
        if answer is None or (answer.plan is None and answer.ends is Ends.AS_PLANNED):
            yield from super().send_response(already_streamed)
            return
        # Times count from the request's end, so that what deciding took is not added to each of them.
        asked = self.flow.request.timestamp_end or time.time()
        self._began = time.monotonic() - min(max(time.time() - asked, 0.0), _LONGEST_DECISION)
        # Before anything is sent, as mitmproxy does: from here on a client that leaves is nobody's error.
        yield HttpResponseHook(self.flow)
        self.server_state = self.state_done
        if (yield from self.check_killed(False)):
            return
        self._ends = answer.ends
        if answer.plan is None:
            yield from self._end(_NOTHING)
            return
        self._plan, self._body = answer.plan, answer.body
        content = self.flow.response.raw_content if self.flow.response is not None else None
        if content is not answer.body:
            # Another addon has changed the body: then what was recorded of its pieces says nothing any more.
            self._body = content or b""
            steps = (Step(len(self._body), answer.plan.wait),) if self._body else ()
            self._plan = replace(answer.plan, steps=steps)
        yield from self._go_on()

    def _go_on(self) -> layer.CommandGenerator[None]:
        """Send what is due, and come back for the rest."""
        plan = self._plan
        if plan is None:
            return  # the client is gone
        now = time.monotonic() - self._began + TICK
        if self._sent < 0:
            if plan.wait > now:
                yield commands.RequestWakeup(plan.wait - now)
                return
            yield from self._send_head(plan)
        while self._sent < len(plan.steps):
            step = plan.steps[self._sent]
            if step.at > now:
                yield commands.RequestWakeup(step.at - now)
                return
            piece = self._body[self._position : self._position + step.size]
            self._position += step.size
            self._sent += 1
            yield http_layer.SendHttp(ResponseData(self.stream_id, piece), self.context.client)
        yield from self._end(plan)

    def _send_head(self, plan: Plan) -> layer.CommandGenerator[None]:
        response = self.flow.response
        assert response is not None
        self._sent = 0
        ends = not (plan.steps or response.trailers or plan.truncated or self._ends is not Ends.AS_PLANNED)
        yield http_layer.SendHttp(ResponseHeaders(self.stream_id, response, ends), self.context.client)

    def _end(self, plan: Plan) -> layer.CommandGenerator[None]:
        if self._ends is Ends.HANG:
            return  # until the client gives up
        if plan.truncated or self._ends is Ends.RESET:
            if self._is_held_back():
                yield commands.RequestWakeup(_LOOK_AGAIN)
                return
            self._plan = None
            yield from self._break_off()
            return
        self._plan = None
        response = self.flow.response
        if response is not None and response.trailers:
            yield http_layer.SendHttp(ResponseTrailers(self.stream_id, response.trailers), self.context.client)
        if self.client_state == self.state_done:
            yield from self.flow_done()

    def _break_off(self) -> layer.CommandGenerator[None]:
        # For an answer that has not begun mitmproxy would make one up, but for a flow that was killed.
        code = ErrorCode.KILL if self._sent < 0 else ErrorCode.GENERIC_SERVER_ERROR
        if self._ends is Ends.RESET and self.flow.request.http_version.startswith("HTTP/1") and _serving is not None:
            _serving.reset(self.context.client)
        broken = ResponseProtocolError(self.stream_id, "broken off, as planned", code)
        yield http_layer.SendHttp(broken, self.context.client)
        self.flow.live = False
        yield http_layer.DropStream(self.stream_id)

    def _is_held_back(self) -> bool:
        """Whether HTTP/2 holds pieces that the client has no room for; a reset would throw them away."""
        above = next((one for one in reversed(self.context.layers) if isinstance(one, http_layer.HttpLayer)), None)
        connection = getattr(above, "connections", {}).get(self.context.client)
        buffers = getattr(getattr(connection, "h2_conn", None), "stream_buffers", {})
        return bool(buffers.get(self.stream_id))


def install(serving: Serving) -> None:
    """Have new requests handled by our layer."""
    global _serving  # noqa: PLW0603  mitmproxy has one HTTP layer a process
    _serving = serving
    http_layer.HttpStream = Stream  # type: ignore[misc]


def missing() -> str:
    """The first of the names we build on that mitmproxy no longer has; empty where all are there."""
    needed: tuple[tuple[object, tuple[str, ...]], ...] = (
        (_original, ("_handle_event", "handle_protocol_error", "send_response", "check_killed", "flow_done")),
        (_original, ("state_wait_for_response_headers", "state_done")),
        (http_layer, ("HttpLayer", "SendHttp", "DropStream")),
        (commands, ("RequestWakeup",)),
        (events, ("Wakeup",)),
    )
    return next((name for place, names in needed for name in names if not hasattr(place, name)), "")
