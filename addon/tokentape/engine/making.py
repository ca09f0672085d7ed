"""Answers that are made up: joins the generators, the simulator and its file with the clock and the disk.

The rule: this is the one place that knows what time it is for a generated answer. What was made before is not made
again: whoever sends one request a thousand times a second does not need it written a thousand times.
"""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic, perf_counter
from time import time as time_of_day

from tokentape.engine.kept import Kept
from tokentape.errors import BadSetting
from tokentape.generate import Generated, Played, prepare
from tokentape.generate.answering import answered
from tokentape.generate.canned import Canned
from tokentape.generate.yours.own import Given, OwnGenerators
from tokentape.model import Request
from tokentape.reporting.reports import NO_TOKENS, Carried, Tokens
from tokentape.rules.spots import Spot
from tokentape.simulation import seedvariables, simulationfile
from tokentape.simulation.parts import Simulation
from tokentape.simulation.simulator import Begun, Simulator
from tokentape.wire.answers import Answer

log = logging.getLogger("tokentape")

_OPENED = 0.5  # seconds, by when a door is open


class Making:
    """Makes answers for one engine."""

    def __init__(self, path: str, own: str, environ: Mapping[str, str], *, soon: bool = False) -> None:
        """``path`` is the file of the simulation, ``own`` that of the user's own generators, empty for none; ``soon``
        says that answers will be asked for. Raises BadSetting."""
        if soon:
            # So that the first answer does not wait for the tokenizer's data; nor the door for it, that is to open.
            reading = threading.Timer(_OPENED, prepare)
            reading.daemon = True
            reading.start()
        self._environ = environ
        self.simulator = Simulator(load(path, environ))
        self.own: OwnGenerators | None = None
        self.use_own(own)
        self._played = Played()
        self._kept = Kept()

    def use(self, path: str) -> None:
        """Go on with another simulation. Raises BadSetting, and goes on with the old one."""
        self.simulator.use(load(path, self._environ))

    def use_own(self, path: str) -> None:
        """Go on with other generators of the user's own. Raises BadSetting, and goes on with the old ones."""
        self.own = OwnGenerators(path) if path else None

    def change(self, tree: Mapping[str, object]) -> None:
        """Change the simulation by a tree as JSON has it: what it names is replaced, null takes it out (RFC 7396).
        Raises BadSetting, and goes on with the old one."""
        merged = _merged(self.simulator.simulation.tree, tree)
        self.simulator.use(
            _with_variables(simulationfile.from_tree(merged, Spot("simulation", ""), self._environ), self._environ)
        )

    def concerns(self, request: Request) -> bool:
        """Whether there is anything to simulate for a request that is answered from a recording."""
        return self.simulator.concerns(request)

    def begin(self, request: Request) -> Begun | Answer:
        """Let a request through, or say what it gets instead. Raises BadFault."""
        return self.simulator.begin(request, monotonic(), time_of_day())

    def replayed(self, begun: Begun, answer: Answer, written: int) -> Answer:
        """A recorded answer as it is under the simulation; ``written`` is how many tokens it says it has."""
        return self.simulator.replayed(begun, answer, written, monotonic(), time_of_day())

    async def given(self, request: Request, begun: Begun) -> Given | None:
        """What the user's own generators give; None where there are none, or each passes. Raises GeneratorTrouble."""
        if self.own is None:
            return None
        return await self.own.answer(request, begun.call.route if begun.call is not None else None)

    def answer(
        self, request: Request, begun: Begun, pace: str, given: Given | None = None
    ) -> tuple[Answer, Carried] | None:
        """An answer that is made up, and what it carries; None where nobody knows how. ``given`` is what a generator
        of the user's own has to say."""
        started = perf_counter()
        wall = time_of_day()
        made = given if isinstance(given, Generated) else self._generated(request, begun, wall, given)
        if made is None:
            return None
        own = perf_counter() - started
        answer = self.simulator.generated(begun, made, monotonic(), wall, pace, own)
        if request.method == "HEAD":
            answer = replace(answer, body=b"", plan=None)
        usage = made.usage
        tokens = Tokens(usage.prompt, usage.completion) if usage.total else NO_TOKENS
        return answer, Carried(tokens, streamed=answer.plan is not None and len(answer.plan.steps) > 1)

    def lines(self) -> list[str]:
        """What is counted of these answers, for Prometheus."""
        return self.simulator.lines(monotonic())

    def _generated(self, request: Request, begun: Begun, wall: float, forced: Canned | None) -> Generated | None:
        call = begun.call
        if call is None:
            return None
        setting = self.simulator.setting(begun)
        second = int(wall)
        made = self._kept.find(call, setting, second) if forced is None else None
        if made is None:
            made = answered(
                request,
                call.route,
                seed=setting.seed,
                now=wall,
                setting=setting,
                played=self._played,
                forced=forced,
                tree=call.tree,
            )
            if forced is None:
                self._kept.keep(call, setting, second, made)
        return made


def load(path: str, environ: Mapping[str, str]) -> Simulation:
    """The simulation of a file, with what the variables of the Azure simulator say of latency. Raises BadSetting."""
    if not path:
        return _with_variables(Simulation(), environ)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadSetting(f"the simulation {path} can't be read: {reason}", "--simulation FILE, a TOML file") from None
    if Path(path).suffix.lower() == ".json":
        return _with_variables(simulationfile.from_tree(_json(text, path), Spot(path, ""), environ), environ)
    return _with_variables(simulationfile.read(text, path, environ), environ)


def _json(text: str, path: str) -> Mapping[str, object]:
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadSetting(f"{path}: this is no JSON: {error}", "or write it as TOML") from None
    if not isinstance(tree, dict):
        raise BadSetting(f"{path}: must hold an object", "or write it as TOML")
    return tree


def _with_variables(simulation: Simulation, environ: Mapping[str, str]) -> Simulation:
    """What the file does not say of latency, the variables of the Azure simulator may."""
    names = seedvariables.variables_of_simulator(environ)
    if not names or "latency" in simulation.tree:
        return simulation
    log.info("latency as the Azure OpenAI simulator has it, from %s", ", ".join(names))
    return replace(simulation, latencies=seedvariables.latencies_of_simulator(environ))


def _merged(old: Mapping[str, object], new: Mapping[str, object]) -> dict[str, object]:
    merged = dict(old)
    for key, value in new.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            before = merged.get(key)
            merged[key] = _merged(before if isinstance(before, dict) else {}, value)
        else:
            merged[key] = value
    return merged
