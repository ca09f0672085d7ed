"""Say at each flow what happened to it, where somebody looks: in mitmweb's and the console's rows, in mitmdump's log.

The rule: the words are ``glance``'s, the same everywhere. What is read out of a request is redacted before it is shown.
Where nobody looks (our own commands, ``mitmdump -q``) none of this runs.
"""

import asyncio
import logging
from itertools import pairwise
from typing import Protocol

from mitmproxy import ctx, http
from mitmproxy.flow import Flow
from mitmproxy.hooks import UpdateHook

from tokentape.engine.holding import Show
from tokentape.engine.recorder import Recorder
from tokentape.engine.recording import Recording
from tokentape.matching.showing import printable
from tokentape.reporting import glance
from tokentape.reporting.glance import Glance
from tokentape.wire.answers import Answer

log = logging.getLogger("tokentape")

# Where a flow says what happened to it: mitmproxy's filter ~meta finds it, and saved flows keep it.
OUTCOME = "tokentape"
# Why it was refused, in full.
REFUSAL = "tokentape-refusal"
# The cassette that was searched for it.
CASSETTE = "tokentape-cassette"
# When the pieces of its answer came or leave: seconds to the first, then (size, seconds since the one before) of each.
CHUNKS = "tokentape-chunks"
# What can be decided about it while it is held.
CHOICES = "tokentape-choices"
# The comment and marker that we gave it: what a person has changed can be told from it.
LABEL = "tokentape-label"

# A flow that is looked at has room for so many; a picture of more tells nothing new.
_MOST_CHUNKS = 2_000


class Watcher(Protocol):
    """Whoever is told what happens to flows."""

    def answered(self, flow: http.HTTPFlow, answer: Answer) -> None:
        """A flow got an answer of ours."""

    def forwarded(self, flow: http.HTTPFlow, outcome: str, recording: Recording | None) -> None:
        """A flow goes upstream, and is recorded or not."""

    def ended(self, flow: http.HTTPFlow, recording: Recording | None, recorder: Recorder) -> None:
        """A flow is over, by an answer or an error."""

    def show_for(self, flow: http.HTTPFlow) -> Show | None:
        """What shows a flow to a person who may decide about it; None where nobody can."""


class Labels:
    """Gives flows their comment and marker."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def answered(self, flow: http.HTTPFlow, answer: Answer) -> None:
        """Label it; a refusal is kept for those who want to read all of it."""
        refusal = answer.refusal
        if refusal is not None:
            flow.metadata[REFUSAL] = refusal.text
            flow.metadata[CASSETTE] = refusal.cassette
        elif answer.plan is not None:
            starts = (answer.plan.wait, *(step.at for step in answer.plan.steps))
            sizes = (step.size for step in answer.plan.steps)
            _keep_chunks(
                flow, answer.plan.wait, [(size, b - a) for size, (a, b) in zip(sizes, pairwise(starts), strict=True)]
            )
        label(flow, glance.glance(answer.outcome, refusal))

    def forwarded(self, flow: http.HTTPFlow, outcome: str, recording: Recording | None) -> None:
        """Label it; where it is recorded, that is not over yet."""
        label(flow, glance.glance(outcome) if recording is None else glance.recording(recording.cassette))

    def ended(self, flow: http.HTTPFlow, recording: Recording | None, recorder: Recorder) -> None:
        """A recording gets its position, or the reason why it has none, as soon as that is known."""
        if recording is not None:
            task = asyncio.get_running_loop().create_task(self._placed(flow, recording, recorder))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _placed(self, flow: http.HTTPFlow, recording: Recording, recorder: Recorder) -> None:
        await recorder.settled(recording.take)
        seen = fate(recording)
        flow.metadata[OUTCOME] = seen.outcome
        _keep_chunks(flow, recording.waited, [(chunk.size, chunk.delay) for chunk in recording.chunks])
        label(flow, seen)
        redraw(flow)

    def show_for(self, _flow: http.HTTPFlow) -> Show | None:
        """Labels are for reading."""
        return None


class LogLines(Labels):
    """Labels, and a line in the log of mitmdump just above the one with the URL."""

    def ended(self, flow: http.HTTPFlow, recording: Recording | None, recorder: Recorder) -> None:
        """Say it when it is over, as mitmdump does."""
        super().ended(flow, recording, recorder)
        if recording is None and flow.comment:
            log.info(flow.comment)

    async def _placed(self, flow: http.HTTPFlow, recording: Recording, recorder: Recorder) -> None:
        await super()._placed(flow, recording, recorder)
        log.info(flow.comment)


def log_watcher() -> Watcher | None:
    """Who watches in mitmdump, unless it is to be quiet."""
    return LogLines() if "flow_detail" in ctx.options and ctx.options.flow_detail > 0 else None


def has_view() -> bool:
    """Whether there is a list of flows that somebody looks at: mitmweb's or the console's."""
    return "web_columns" in ctx.options or "console_palette" in ctx.options


def fate(recording: Recording) -> Glance:
    """What has become of a recording that is over."""
    if recording.position >= 0:
        return glance.recorded(recording.cassette, recording.position)
    return glance.lost(recording.cassette, recording.lost or "it broke off")


def _keep_chunks(flow: http.HTTPFlow, wait: float, chunks: list[tuple[int, float]]) -> None:
    if 1 < len(chunks) <= _MOST_CHUNKS:
        flow.metadata[CHUNKS] = [wait, [list(chunk) for chunk in chunks]]


def label(flow: http.HTTPFlow, seen: Glance) -> None:
    """Put the words and the marker on a flow."""
    flow.comment, flow.marked = printable(seen.comment), seen.marker
    flow.metadata[LABEL] = _label(flow)


def is_touched(flow: Flow) -> bool:
    """Whether a person has commented on it, marked it or changed it."""
    changed: bool = flow.modified()
    return changed or flow.metadata.get(LABEL, _label(flow)) != _label(flow)


def _label(flow: Flow) -> str:
    return f"{flow.marked} {flow.comment}"


def redraw(flow: http.HTTPFlow) -> None:
    """Have a flow that changed outside of any event shown anew."""
    ctx.master.addons.trigger(UpdateHook([flow]))
