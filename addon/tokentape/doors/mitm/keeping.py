"""Keep the newest flows in view and let the oldest go, so that a proxy can be watched for days.

The rule: a flow that is under way, or that a person has marked, commented on or changed, is never dropped.
"""

from collections import OrderedDict

from mitmproxy import ctx
from mitmproxy.flow import Flow

from tokentape.doors.mitm.watching import is_touched

# mitmproxy's views keep every flow for ever. So many can still be scrolled through; with small bodies they take 30 MB.
MOST_FLOWS = 5_000
# Their bodies together. A view is no store: what is recorded is in the library.
MOST_BYTES = 256 * 1024 * 1024
# About what mitmproxy needs for a flow besides its bodies.
_FLOW = 7 * 1024  # bytes


class KeepNewest:
    """Counts the flows that are over, and removes the oldest from the view."""

    name = "tokentape-keep-newest"

    def __init__(self, most: int = MOST_FLOWS, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._over: OrderedDict[str, tuple[Flow, int]] = OrderedDict()
        self._bytes = 0

    def response(self, flow: Flow) -> None:
        """A flow is over, or its answer is about to leave."""
        self._count(flow)

    error = tcp_end = tcp_error = udp_end = udp_error = dns_response = dns_error = response

    def _count(self, flow: Flow) -> None:
        self._forget(flow.id)
        size = _size(flow)
        self._over[flow.id] = (flow, size)
        self._bytes += size
        # Each is looked at once: what has to stay goes to the end of the row.
        for _ in range(len(self._over)):
            if len(self._over) <= self._most and self._bytes <= self._most_bytes:
                return
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        flow, _ = next(iter(self._over.values()))
        if flow.live or flow.intercepted:
            self._over.move_to_end(flow.id)
            return
        self._forget(flow.id)
        if not is_touched(flow):  # else it is the person's from now on
            ctx.master.addons.get("view").remove([flow])

    def _forget(self, flow_id: str) -> None:
        _, size = self._over.pop(flow_id, (None, 0))
        self._bytes -= size


def _size(flow: Flow) -> int:
    messages = [getattr(flow, "request", None), getattr(flow, "response", None), *getattr(flow, "messages", ())]
    return _FLOW + sum(len(_content(message)) for message in messages)


def _content(message: object) -> bytes:
    content: bytes | None = getattr(message, "raw_content", None) or getattr(message, "content", None)
    return content or b""
