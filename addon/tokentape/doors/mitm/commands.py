"""The commands ``vcr.…``, for mitmproxy's console and mitmweb's command bar.

The rule: a command does what an option or a request could do too, says what it did in the log (mitmproxy shows that),
and raises mitmproxy's own error, with our hint, for what can't be done. mitmweb knows no focus, so a command that is
about one flow takes the newest that fits where none is named.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from mitmproxy import command, ctx, exceptions, flow, http, types
from mitmproxy.log import ALERT

from tokentape import names
from tokentape.doors.mitm import translate
from tokentape.doors.mitm.guard import Guard
from tokentape.doors.mitm.waiting import Waiting
from tokentape.doors.mitm.watching import CASSETTE, CHOICES, OUTCOME, REFUSAL, label, redraw
from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming
from tokentape.engine.holding import Verdict
from tokentape.errors import CantDecide, TokentapeError
from tokentape.forwarding import upstream
from tokentape.model import Interaction, without
from tokentape.modes import MODES
from tokentape.reporting.glance import glance
from tokentape.wire.answers import OUTCOME_HEADER
from tokentape.wire.tape import Tape

log = logging.getLogger("tokentape")

Flows = Sequence[flow.Flow]
Method = TypeVar("Method", bound=Callable[..., Any])


def _command(path: str) -> Callable[[Method], Method]:
    """mitmproxy's decorator, which has no types."""
    return cast(Callable[[Method], Method], command.command(path))


def _choice(argument: str, options: str) -> Callable[[Method], Method]:
    """An argument that is one of what another command returns."""
    return cast(Callable[[Method], Method], command.argument(argument, type=types.Choice(options)))


class Commands:
    """The commands, as an addon."""

    name = "tokentape-commands"

    def __init__(self, guard: Guard, waiting: Waiting) -> None:
        self._guard = guard
        self._waiting = waiting
        self._tasks: set[asyncio.Task[None]] = set()

    # --- what arguments can be

    @_command("vcr.modes")
    def modes(self) -> Sequence[str]:
        """The modes there are."""
        return list(MODES)

    @_command("vcr.cassettes")
    def cassettes(self) -> Sequence[str]:
        """The cassettes of the library, as far as they were looked at."""
        return [shelved.name for shelved in self._engine().shelf]

    @_command("vcr.verdicts")
    def verdicts(self) -> Sequence[str]:
        """What can be decided about a held request."""
        return list(Verdict)

    # --- settings

    @_command("vcr.mode")
    @_choice("mode", "vcr.modes")
    def mode(self, mode: str) -> None:
        """Go on in another mode."""
        ctx.options.update(vcr_mode=mode)
        log.log(ALERT, "mode %s", mode)

    @_command("vcr.cassette")
    @_choice("cassette", "vcr.cassettes")
    def cassette(self, cassette: str) -> None:
        """Have requests that name no cassette belong to this one. For one that is not there yet: set vcr_cassette."""
        ctx.options.update(vcr_cassette=cassette)
        log.log(ALERT, "requests that name no cassette belong to %s", cassette)

    @_command("vcr.rewind")
    def rewind(self) -> None:
        """Play the recordings from their start again, in every session."""
        for session in self._engine().deck.open:
            self._engine().deck.rewind(session)
        log.log(ALERT, "rewound")

    @_command("vcr.reload")
    def reload(self) -> None:
        """Read library.toml and all cassettes anew."""
        self._start(self._reload())

    # --- flows

    @_command("vcr.explain")
    def explain(self, flows: Flows = ()) -> str:
        """Say why a flow was refused or what answered it. Without a flow: the newest that was refused."""
        one = self._one(flows, (found for found in self._newest() if REFUSAL in found.metadata))
        told = [one.metadata.get(REFUSAL, ""), one.metadata.get(CHOICES, "")]
        return "\n\n".join(text for text in told if text) or one.comment or "nothing was decided about it"

    @_command("vcr.decide")
    @_choice("verdict", "vcr.verdicts")
    def decide(self, verdict: str, flows: Flows = ()) -> None:
        """Decide about held flows: record, nearest, accept or refuse. Without a flow: about the one that is held."""
        ids = [found.id for found in flows] or list(self._waiting.ids())
        if not flows and len(ids) > 1:
            raise exceptions.CommandError(f"{len(ids)} flows are held: say which, as in vcr.decide {verdict} @{ids[0]}")
        held = [found for found in map(self._waiting.held, ids) if found is not None]
        if not held:
            raise exceptions.CommandError("no such flow is held")
        for one in held:
            try:
                one.decide(Verdict(verdict))
            except CantDecide as error:
                raise _command_error(error) from error

    @_command("vcr.accept")
    def accept(self, flows: Flows = ()) -> None:
        """Write the difference to the nearest recording into library.toml, as a rule. Without a flow: of the newest
        that was refused."""
        one = self._one(flows, (found for found in self._newest() if REFUSAL in found.metadata))
        held = self._waiting.held(one.id)
        if held is not None:
            self.decide(Verdict.ACCEPT, [one])
            return
        self._start(self._accept(one))

    @_command("vcr.record")
    def record(self, cassette: str, flows: Flows = ()) -> None:
        """Send a flow's request to the API once more and record the answer into a cassette. Without a flow: the
        newest."""
        name = _name(cassette)
        again = self._one(flows, self._newest()).copy()
        again.comment, again.marked, again.metadata = "", "", {}
        ctx.master.addons.get("view").add([again])
        self._guard.wanted[again.id] = name
        try:
            ctx.master.commands.call("replay.client", [again])
        except exceptions.CommandError:
            del self._guard.wanted[again.id]
            raise

    @_command("vcr.save")
    def save(self, cassette: str, flows: Flows = ()) -> None:
        """Put flows that were seen, in passthrough for one, into a cassette. Without a flow: the newest that was
        forwarded."""
        name = _name(cassette)
        chosen = list(flows) or [
            self._one((), (found for found in self._newest() if found.metadata.get(OUTCOME) == "forwarded"))
        ]
        self._start(self._save(name, [_http(one) for one in chosen]))

    # --- their work

    def _engine(self) -> Engine:
        # No property: mitmproxy looks at every attribute of an addon as it loads it.
        if self._guard.engine is None:
            raise exceptions.CommandError("tokentape has not started")
        return self._guard.engine

    def _newest(self) -> Iterator[http.HTTPFlow]:
        flows = reversed(list(ctx.master.addons.get("view")))
        return (found for found in flows if isinstance(found, http.HTTPFlow))

    def _one(self, flows: Flows, fitting: Iterator[http.HTTPFlow]) -> http.HTTPFlow:
        if len(flows) > 1:
            raise exceptions.CommandError(f"one flow at a time: {len(flows)} were named")
        found = _http(flows[0]) if flows else next(fitting, None)
        if found is None:
            raise exceptions.CommandError("there is no such flow")
        return found

    def _start(self, work: Coroutine[Any, Any, str]) -> None:
        task = asyncio.get_running_loop().create_task(_told(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reload(self) -> str:
        return f"reloaded: {await self._engine().by_hand.reload()} cassettes"

    async def _accept(self, one: http.HTTPFlow) -> str:
        engine = self._engine()
        decidable = await engine.by_hand.examine(_incoming(one, engine.settings.max_body))
        return f"accepted: {(await engine.by_hand.accept(decidable)).summary}"

    async def _save(self, cassette: str, flows: Sequence[http.HTTPFlow]) -> str:
        for one in flows:
            interaction = await asyncio.to_thread(_interaction, one, self._engine().settings.max_body)
            position = await self._engine().keep(cassette, interaction)
            seen = glance(f"recorded {cassette}#{position}")
            one.metadata[OUTCOME] = seen.outcome
            label(one, seen)
            redraw(one)
        return f"saved {len(flows)} into {cassette}"


async def _told(work: Coroutine[Any, Any, str]) -> None:
    """Do it, and say how it went."""
    try:
        log.log(ALERT, await work)
    except TokentapeError as error:
        log.error("error: %s", _command_error(error))
    except Exception as error:  # in a task of its own nobody else would hear of it
        log.error("error: internal fault (%s)", type(error).__name__)


def _http(one: flow.Flow) -> http.HTTPFlow:
    if not isinstance(one, http.HTTPFlow):
        raise exceptions.CommandError("that is no HTTP")
    return one


def _name(cassette: str) -> str:
    try:
        return names.parse_name(cassette)
    except TokentapeError as error:
        raise _command_error(error) from error


def _command_error(error: TokentapeError) -> exceptions.CommandError:
    return exceptions.CommandError(f"{error} (hint: {error.hint})" if error.hint else str(error))


def _incoming(one: http.HTTPFlow, limit: int) -> Incoming:
    """A flow's request as it came; by whatever way it named its cassette, the flow remembers it."""
    return Incoming(translate.request_from(one.request, limit), prefix=one.metadata.get(CASSETTE, ""))


def _interaction(one: http.HTTPFlow, limit: int) -> Interaction:
    """A flow that is over, as a recording. Raises CantDecide where its body was not kept, or we refused it."""
    response = one.response
    if REFUSAL in one.metadata:
        raise CantDecide("its answer is a refusal of ours", "have the API asked: vcr.record CASSETTE")
    if response is None or response.raw_content is None:
        raise CantDecide("the flow has no answer that could be saved", "pick one whose body can be seen")
    request = translate.request_from(one.request, limit)
    tape = Tape(request, one.request.timestamp_start, limit)
    head = without(translate.headers_from(response.headers), (OUTCOME_HEADER,))
    tape.head(response.status_code, response.reason or "", head, response.http_version, response.timestamp_start)
    tape.data(response.raw_content, response.timestamp_end or time.time())
    trailers = translate.headers_from(response.trailers) if response.trailers is not None else ()
    request = replace(request, headers=upstream.cleaned(request.headers))
    return Interaction(request, tape.response(trailers), tape.duration())
