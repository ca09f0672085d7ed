"""Write answers to a connection: exact bytes, each piece at its time, and the ends that ASGI has no words for.

The one place below ASGI. uvicorn would lower the names of headers, set its own reason, and can't break off a stream,
send trailers or reset a connection; so a response is written here, to the transport of uvicorn's own cycle of request
and response, which is then told that it is complete. What of uvicorn is used is listed in ``missing``.

The rule: times are offsets from one moment, so a piece that leaves late does not make the next one later.
"""

import asyncio
import socket
import struct

from uvicorn.protocols.http import httptools_impl

from tokentape.doors.serve import translate
from tokentape.model import is_bodyless
from tokentape.wire.answers import Answer, Ends
from tokentape.wire.pace import TICK, Plan

# How long what is left of a request that we did not read may go on: closing earlier would take the answer with it.
_LINGER = 2.0  # seconds
_LINGER_NOT = struct.pack("ii", 1, 0)


class Wire:
    """The way back for one request. ``began`` is when it was whole, on the loop's clock."""

    __slots__ = ("_began", "_cycle", "_loop", "_method", "_version")

    def __init__(self, cycle: httptools_impl.RequestResponseCycle, began: float) -> None:
        self._cycle = cycle
        self._began = began
        self._method: str = cycle.scope["method"]
        self._version: str = cycle.scope["http_version"]
        self._loop = asyncio.get_running_loop()

    def _whole(self, data: bytes) -> None:
        """Send a whole response: head and body."""
        cycle = self._cycle
        if not cycle.disconnected:
            cycle.response_started = True
            cycle.transport.write(data)
        self._end()

    async def send(self, answer: Answer) -> None:
        """Send an answer, at once or by its plan; but nothing more to a client that does not read."""
        if self._cycle.flow.write_paused:
            await self._cycle.flow.drain()
        if answer.plan is None and answer.ends is Ends.AS_PLANNED:
            self._whole(self._head(answer) + self._body(answer))
            return
        if answer.plan is not None and not await self._by_plan(answer, answer.plan):
            return  # the client has gone
        match answer.ends:
            case Ends.RESET:
                await self._reset()
            case Ends.HANG:
                await self._hang()
            case _ if answer.plan is not None and answer.plan.truncated:
                self._break_off()
            case _:
                self._end()

    def _break_off(self) -> None:
        """End the connection where the body does not end; what was sent still arrives."""
        self._cycle.response_complete = True
        self._cycle.transport.close()

    async def _reset(self) -> None:
        """End the connection as a crash would: with a reset."""
        self._cycle.response_started = self._cycle.response_complete = True
        # An event loop may keep what is written until its next turn.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        connection: socket.socket = self._cycle.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._cycle.transport.abort()

    async def _hang(self) -> None:
        """Send nothing, until the client goes away."""
        cycle = self._cycle
        cycle.response_started = True
        while not cycle.disconnected:
            cycle.message_event.clear()
            await cycle.message_event.wait()

    def refuse_the_rest(self, answer: Answer) -> None:
        """Answer a request whose body is not read to its end; the connection is of no use after it."""
        cycle = self._cycle
        cycle.keep_alive = False
        if not cycle.disconnected:
            cycle.response_started = cycle.response_complete = True
            cycle.transport.write(self._head(answer) + self._body(answer))
            cycle.flow.resume_reading()  # what still comes is thrown away
            self._loop.call_later(_LINGER, cycle.transport.close)

    # --- pieces

    async def _by_plan(self, answer: Answer, plan: Plan) -> bool:
        """Send each piece when it is due; whether the client is still there."""
        cycle = self._cycle
        await self._until(plan.wait)
        cycle.response_started = True
        pending = self._head(answer)
        chunked = b"\r\nTransfer-Encoding: chunked\r\n" in pending
        position = 0
        for step in () if is_bodyless(self._method, answer.status) else plan.steps:
            if step.at > self._loop.time() - self._began + TICK:
                self._write(pending)
                pending = b""
                await self._until(step.at)
            piece = answer.body[position : position + step.size]
            position += step.size
            if cycle.flow.write_paused:
                await cycle.flow.drain()
            if cycle.disconnected:
                return False
            self._write(pending + (b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece))
            pending = b""
        breaks = plan.truncated or answer.ends is not Ends.AS_PLANNED
        self._write(pending + (translate.trailers_of(answer) if chunked and not breaks else b""))
        return not cycle.disconnected

    def _write(self, data: bytes) -> None:
        if data and not self._cycle.disconnected:
            self._cycle.transport.write(data)

    async def _until(self, at: float) -> None:
        wait = at - (self._loop.time() - self._began)
        if wait > TICK:
            await asyncio.sleep(wait)

    def _head(self, answer: Answer) -> bytes:
        return translate.head_of(answer, self._version, keep_alive=self._cycle.keep_alive)

    def _body(self, answer: Answer) -> bytes:
        return translate.body_of(answer, self._method)

    def _end(self) -> None:
        """The response is complete: what uvicorn does at the end of its own."""
        cycle = self._cycle
        cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()


# What a cycle has that we build on.
_NEEDED = (
    *("disconnected", "flow", "keep_alive", "message_event", "on_response", "response_complete", "response_started"),
    *("scope", "transport"),
)


def missing() -> str:
    """The first of the names we build on that uvicorn no longer has; empty where all are there."""
    code = httptools_impl.RequestResponseCycle.__init__.__code__
    return next((name for name in _NEEDED if name not in code.co_names), "")
