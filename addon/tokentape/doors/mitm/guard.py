"""The choke point: nothing goes upstream that no decision of ours allowed.

mitmproxy forwards a request when an addon raises, when a reloaded script is broken, and when the script is gone. The
guard is an addon of its own that outlives the script: it denies every server connection that was not permitted, answers
every request that nobody decided about, and keeps the engine, so that a reload of the script loses no recording.
"""

import asyncio
import logging
import socket
import struct
from collections import defaultdict
from collections.abc import Awaitable
from dataclasses import dataclass

from mitmproxy import connection, ctx, http
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from tokentape.address import authority
from tokentape.doors.launch import Complaints
from tokentape.doors.mitm import translate
from tokentape.doors.mitm.watching import OUTCOME, Watcher
from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming
from tokentape.engine.recording import Recording
from tokentape.model import Headers
from tokentape.refusal import Refusal
from tokentape.wire.answers import Answer, refused

log = logging.getLogger("tokentape")

NAME = "tokentape-guard"
Address = tuple[str, int]

_UNDECIDED = Refusal(
    "internal",
    "the tokentape script is broken or gone, so this request was not forwarded",
    (),
    "look at the proxy's log, mend or restore the script, and restart",
)


@dataclass(slots=True)
class UnderWay:
    """A forwarded flow: what came in, what is recorded of it, and the request as the client sent it."""

    incoming: Incoming
    recording: Recording | None
    original: tuple[str, str, int, str, Headers]
    gone: str = "the connection"
    """Who ended it, where it broke off."""


class Guard:
    """Denies what the engine did not decide; holds the engine and what is under way, which outlive a reload."""

    name = NAME

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.trouble: Refusal | None = None
        self.proxy_users: dict[str, tuple[str, str]] = {}
        self.under_way: dict[str, UnderWay] = {}
        self.paces = False
        """Whether answers can leave by a plan; without it they leave whole."""
        self.keeps_host: bool | None = None
        """Whether mitmproxy was told to leave Host headers alone; None until that was looked at."""
        self.watcher: Watcher | None = None
        """Who is told what happens to flows."""
        self.wanted: dict[str, str] = {}
        """Flows that a person sends again to have them recorded, and into which cassette."""
        self.complaints = Complaints()
        """Of clients that could not be heard."""
        self._planned: dict[str, Answer] = {}
        self._permits: defaultdict[str, set[Address]] = defaultdict(set)
        self._sent_again: defaultdict[str, set[Address]] = defaultdict(set)
        self._decided: set[str] = set()

    def permit(self, client: connection.Client, address: Address) -> None:
        """Let one client connection reach one address."""
        self._permits[client.id].add((address[0].lower(), address[1]))

    def permit_for(self, flow: http.HTTPFlow, address: Address) -> None:
        """Let a flow reach one address. One that is sent again by hand is no connection's: mitmproxy makes a client up
        for it, so it has a permit of its own, for as long as it is under way."""
        if flow.is_replay == "request":
            self._sent_again[flow.id].add((address[0].lower(), address[1]))
        else:
            self.permit(flow.client_conn, address)

    def decided(self, flow: http.HTTPFlow) -> None:
        """A decision about this flow was made."""
        self._decided.add(flow.id)

    def unreachable(self, flow: http.HTTPFlow, why: str) -> http.Response | None:
        """The answer for a flow whose upstream failed."""
        under_way = self.under_way.get(flow.id)
        if under_way is None or self.engine is None:
            return None
        under_way.recording = None  # the refusal says what there is to say
        via = flow.server_conn.via
        if via is not None:
            why = f"through the proxy {authority(*via[1])}, which the environment or --listen names: {why}"
        answer = self.engine.upstream_failed(under_way.incoming, why)
        flow.metadata[OUTCOME] = answer.outcome
        if self.watcher is not None:
            self.watcher.answered(flow, answer)
        return translate.response_to(answer, flow.request.http_version)

    def plan(self, flow: http.HTTPFlow, answer: Answer) -> None:
        """Have a flow's answer sent by its plan."""
        self._planned[flow.id] = answer

    def paced(self, flow: http.HTTPFlow) -> Answer | None:
        """The answer that a flow's plan is for; asked for once."""
        return self._planned.pop(flow.id, None)

    def broken(self, flow: http.HTTPFlow, by_client: bool) -> None:
        """A flow breaks off, and this side began it."""
        under_way = self.under_way.get(flow.id)
        if under_way is not None:
            under_way.gone = "the client" if by_client else "the API"

    def reset(self, client: connection.Client) -> None:
        """Have the end of this connection, which follows, be a TCP reset."""
        handler = ctx.master.addons.get("proxyserver").connections.get(client.id)
        transport = handler.transports.get(client) if handler is not None else None
        sock = transport.writer.get_extra_info("socket") if transport is not None and transport.writer else None
        if sock is not None:
            # To linger for no time: the connection is closed without a goodbye (socket(7)).
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    # --- mitmproxy's events

    def request(self, flow: http.HTTPFlow) -> None:
        """Runs after the script's own hook: what is undecided here would be forwarded."""
        if flow.id in self._decided or flow.response is not None or flow.error is not None:
            return
        log.error("refused: %s", _UNDECIDED.summary)
        answer = refused(self.trouble or _UNDECIDED, translate.refused_from(flow.request))
        flow.response = translate.response_to(answer, flow.request.http_version)

    def response(self, flow: http.HTTPFlow) -> None:
        """The flow is over."""
        self._decided.discard(flow.id)
        self._sent_again.pop(flow.id, None)

    def error(self, flow: http.HTTPFlow) -> None:
        """The flow is over."""
        self._decided.discard(flow.id)
        self._sent_again.pop(flow.id, None)
        self._planned.pop(flow.id, None)

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """Deny a connection that was not permitted for this client, whatever protocol it would carry."""
        address = data.server.address
        if address is None or not self._may_reach(data.client, (address[0].lower(), address[1])):
            data.server.error = "tokentape: no decision allowed this connection"
            log.warning("refused: a connection that is not part of a decided request")

    def _may_reach(self, client: connection.Client, address: Address) -> bool:
        if address in self._permits.get(client.id, ()):
            return True
        if not any(address in addresses for addresses in self._sent_again.values()):
            return False
        # Of a client that is made up the proxy server knows nothing.
        handlers = ctx.master.addons.get("proxyserver").connections.values()
        return all(handler.client.id != client.id for handler in handlers)

    def client_disconnected(self, client: connection.Client) -> None:
        """Its permits and its name go with it."""
        self._permits.pop(client.id, None)
        self.proxy_users.pop(client.id, None)

    def done(self) -> Awaitable[object] | None:
        """The proxy ends: publish what was recorded. (Called without a wait, the task still runs.)"""
        return None if self.engine is None else asyncio.ensure_future(self.engine.close())
