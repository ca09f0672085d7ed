"""Record a table of talks, unplug the upstream, replay them by another process: first and again, side by side.

The rule: what a client could see is all that is compared: status, headers, decoded body, parsed objects. A talk that
fails is kept as its exception and raised in the test that asks for it, so one broken client does not hide the others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from recordings import comparable
from running import Mitmdump, Starter
from upstream import Gate, Upstream

# What redaction may take out of an answer, so it may differ on replay.
REDACTED = frozenset({"set-cookie", "openai-organization", "openai-project"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a client saw. ``objects`` are what an SDK made of it."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    objects: tuple[object, ...] = ()

    @property
    def comparable(self) -> tuple[object, ...]:
        """All that has to be equal on replay."""
        kept = [pair for pair in comparable(self.headers) if pair[0] not in REDACTED]
        return self.status, kept, self.body, self.objects

    def values(self, name: str) -> list[str]:
        """All values of a header."""
        return [value for key, value in self.headers if key.lower() == name]


class Stage:
    """Where a talk takes place: the proxy's URL with the talk's own cassette, and what to trust.

    While recording, a held stream sends a piece for each ``cue``; ``heard`` checks that what came was sent just now.
    """

    def __init__(self, proxy: str, ca_file: Path, gate: Gate | None = None) -> None:
        self.proxy, self.ca_file, self._gate = proxy, ca_file, gate
        self._pieces = 0

    def cue(self) -> None:
        """Let the upstream send the next piece."""
        if self._gate:
            self._pieces += 1
            self._gate.release()

    def heard(self) -> None:
        """An event has arrived: the upstream can't have sent more than it was let to, so nothing was held back."""
        if self._gate:
            assert self._gate.sent == self._pieces, f"{self._gate.sent} sent of {self._pieces}"
        self.cue()


Talk = Callable[[Stage], Outcome]


@dataclass(frozen=True, slots=True)
class Pair:
    """A talk while recording and the same one on replay."""

    _first: Outcome | Exception
    _again: Outcome | Exception

    @property
    def first(self) -> Outcome:
        """What was said while recording."""
        return _or_raise(self._first)

    @property
    def again(self) -> Outcome:
        """What was said on replay."""
        return _or_raise(self._again)


def rehearse(
    talks: Mapping[str, Talk],
    start: Starter,
    library: Path,
    upstream: Upstream,
    *,
    hold: Callable[[str], bool] = lambda _name: False,
    **options: object,
) -> dict[str, Pair]:
    """Record each talk in a cassette of its name, then replay all in a second process with the upstream stopped.

    ``hold`` says for which talks the upstream's streams wait for cues.
    """
    library.mkdir(parents=True, exist_ok=True)
    recorder = start(library, **options)
    first = {name: _record(talk, recorder, name, upstream, hold(name)) for name, talk in talks.items()}
    recorder.stop()
    with upstream.unplugged():
        player = start(library, vcr_mode="replay", **options)
        again = {name: _attempt(talk, Stage(player.proxy(slug(name)), player.ca_file)) for name, talk in talks.items()}
        player.stop()
    return {name: Pair(first[name], again[name]) for name in talks}


def slug(name: str) -> str:
    """A talk's name as a cassette's."""
    return "".join(letter if letter.isalnum() or letter in "-." else "-" for letter in name.lower())


def _record(talk: Talk, recorder: Mitmdump, name: str, upstream: Upstream, held: bool) -> Outcome | Exception:
    proxy = recorder.proxy(slug(name))
    if not held:
        return _attempt(talk, Stage(proxy, recorder.ca_file))
    with upstream.held() as gate:
        return _attempt(talk, Stage(proxy, recorder.ca_file, gate))


def _attempt(talk: Talk, stage: Stage) -> Outcome | Exception:
    try:
        return talk(stage)
    except Exception as failed:
        return failed


def _or_raise(outcome: Outcome | Exception) -> Outcome:
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
