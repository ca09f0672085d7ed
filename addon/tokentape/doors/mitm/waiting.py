"""Show a held request to the person in mitmweb or the console, and carry their word to the engine.

A held flow is one that mitmproxy calls intercepted, so its own buttons work: *Resume* does what stands in the flow's
comment (``record``, ``nearest``, ``accept``; anything else refuses), *Abort* refuses and hangs up. The command
``vcr.decide`` does the same.

The rule: while it waits nothing of it goes anywhere; whoever hangs up is not waited for.
"""

import asyncio
import logging

from mitmproxy import http

from tokentape.doors.mitm import watching
from tokentape.engine.holding import Held, Show, Verdict
from tokentape.errors import CantDecide
from tokentape.reporting import glance

log = logging.getLogger("tokentape")

# mitmproxy tells nobody that a client hangs up while a flow is intercepted: it is looked for so often (seconds).
_LOOK = 0.25


class Waiting:
    """The flows that wait for a decision."""

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def show_for(self, flow: http.HTTPFlow) -> Show:
        """What shows this flow to a person."""
        return lambda held: self._show(flow, held)

    def held(self, flow_id: str) -> Held | None:
        """What is held under a flow, if it is."""
        return self._held.get(flow_id)

    def ids(self) -> tuple[str, ...]:
        """The flows that are held, oldest first."""
        return tuple(self._held)

    def _show(self, flow: http.HTTPFlow, held: Held) -> None:
        self._held[flow.id] = held
        seen = glance.held(held.missed.refusal)
        flow.metadata[watching.OUTCOME] = seen.outcome
        flow.metadata[watching.REFUSAL] = held.missed.refusal.text
        flow.metadata[watching.CHOICES] = _choices(flow, held)
        watching.label(flow, seen)
        flow.intercept()
        watching.redraw(flow)
        log.info("held: %s (%s)", held.missed.refusal.summary, flow.comment)
        task = asyncio.get_running_loop().create_task(self._watch(flow, held))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self, flow: http.HTTPFlow, held: Held) -> None:
        decided = asyncio.ensure_future(held.decided())
        try:
            while held.waits:
                await asyncio.wait([decided], timeout=_LOOK)
                if held.waits and (flow.error is not None or not flow.client_conn.connected):
                    held.decide(Verdict.REFUSE)
                elif held.waits and not flow.intercepted:
                    _resumed(flow, held)
        finally:
            decided.cancel()
            self._held.pop(flow.id, None)
            flow.metadata.pop(watching.CHOICES, None)
            flow.resume()


def _resumed(flow: http.HTTPFlow, held: Held) -> None:
    """Somebody pressed Resume: what stands in the comment is done."""
    try:
        held.decide(verdict_in(flow.comment))
    except CantDecide as error:
        flow.comment = f"{error}; {error.hint}"
        flow.intercept()
        watching.redraw(flow)


def verdict_in(comment: str) -> Verdict:
    """The verdict that a comment is; what is none refuses."""
    word = comment.strip().partition(" ")[0].lower()
    return Verdict(word) if word in set(Verdict) else Verdict.REFUSE


def _choices(flow: http.HTTPFlow, held: Held) -> str:
    lines = [f"  {verdict}: {held.missed.told(verdict)}" for verdict in Verdict]
    return "\n".join(
        ("held: write one of these words into its comment and press Resume, or", f"vcr.decide WORD @{flow.id}", *lines)
    )
