"""What a run, a session and a cassette have to tell at the end: plain numbers and names, frozen.

The rule: what is told of a run is the sum of what its sessions did, and a session's that of its cassettes, so the
figures always agree. Everything in here is redacted and can be shown to anybody.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

# The form of the tree below. It changes when a name goes or means another thing; names may be added at any time.
FORM = 1


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens as the answers' own usage counts them: what was asked, and what was answered."""

    input: int = 0
    output: int = 0

    def __add__(self, other: Self) -> "Tokens":
        return Tokens(self.input + other.input, self.output + other.output)


NO_TOKENS = Tokens()


@dataclass(frozen=True, slots=True)
class Carried:
    """What an answer carried: the tokens it speaks of, and whether it came in pieces."""

    tokens: Tokens = NO_TOKENS
    streamed: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal and how often it was given. ``url`` and ``message`` are redacted; ``cassette`` is "" for none."""

    method: str
    url: str
    code: str
    message: str
    times: int
    session: str = ""
    cassette: str = ""


@dataclass(frozen=True, slots=True)
class CassetteReport:
    """What was done with one cassette. ``refused`` counts every refusal, repeats too; ``unused`` are positions never
    played; ``streams`` counts the answers that came in pieces. Requests that belong to no cassette have the name ""."""

    cassette: str
    replayed: int = 0
    recorded: int = 0
    generated: int = 0
    forwarded: int = 0
    refused: int = 0
    unused: tuple[int, ...] = ()
    tokens: Tokens = NO_TOKENS
    streams: int = 0
    simulated: int = 0


@dataclass(frozen=True, slots=True)
class SessionReport:
    """What one session did, cassette by cassette. The proxy's own session has the id ""."""

    session: str
    cassettes: tuple[CassetteReport, ...] = ()


@dataclass(frozen=True, slots=True)
class Unplayed:
    """A recording that nobody asked for: where it is, and the fingerprint that it can be known again by."""

    cassette: str
    position: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a run (or one session of it) did.

    ``unused`` lists (cassette, positions never replayed) of the cassettes that were used at all; ``published`` the
    files that were written; ``kept`` the takes left in the journal; ``problems`` what could not be recorded, and why;
    ``cassettes`` what all sessions did together, ``sessions`` those that have not ended; ``unplayed`` is ``unused``
    with what is needed to find a recording again.
    """

    replayed: int = 0
    recorded: int = 0
    forwarded: int = 0
    refused: tuple[Refused, ...] = ()
    unused: tuple[tuple[str, tuple[int, ...]], ...] = ()
    published: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    generated: int = 0
    tokens: Tokens = NO_TOKENS
    streams: int = 0
    cassettes: tuple[CassetteReport, ...] = ()
    sessions: tuple[SessionReport, ...] = ()
    unplayed: tuple[Unplayed, ...] = ()
    simulated: int = 0
    """Errors of a simulation that took the place of an answer: limits, keys, faults."""


def sum_of(tokens: Iterable[Tokens]) -> Tokens:
    """All of them together."""
    return sum(tokens, start=NO_TOKENS)


def tree_of(report: Report) -> dict[str, Any]:
    """A report as plain data for JSON: the form that scripts hold on to (docs/sessions.md tells it name by name)."""
    tree = {"form": FORM, **asdict(report)}
    del tree["unplayed"]
    marks: dict[str, list[str]] = {}
    for one in report.unplayed:
        marks.setdefault(one.cassette, []).append(one.fingerprint)
    tree["unused"] = [
        {"cassette": name, "positions": list(positions), "fingerprints": marks.get(name, [])}
        for name, positions in report.unused
    ]
    return tree


def report_trees(text: str) -> Iterator[dict[str, Any]]:
    """What looks like a report's tree in a text, the last first: a run prints its report behind what its command
    said."""
    for line in (text, *reversed(text.splitlines())):
        try:
            tree = json.loads(line) if line.lstrip().startswith("{") else None
        except (ValueError, RecursionError):
            continue
        if isinstance(tree, dict) and "form" in tree:
            yield tree


def report_from(tree: Mapping[str, Any]) -> Report:
    """A report read back from its tree, as another process wrote it; names of a later form are passed over."""
    unused = tree["unused"]
    return Report(
        replayed=tree["replayed"],
        recorded=tree["recorded"],
        generated=tree["generated"],
        forwarded=tree["forwarded"],
        streams=tree["streams"],
        simulated=tree.get("simulated", 0),
        published=tuple(tree["published"]),
        kept=tuple(tree["kept"]),
        problems=tuple(tree["problems"]),
        refused=tuple(_made(Refused, one) for one in tree["refused"]),
        unused=tuple((one["cassette"], tuple(one["positions"])) for one in unused),
        tokens=_made(Tokens, tree["tokens"]),
        cassettes=_cassettes(tree["cassettes"]),
        sessions=tuple(SessionReport(one["session"], _cassettes(one["cassettes"])) for one in tree["sessions"]),
        unplayed=tuple(
            Unplayed(one["cassette"], position, fingerprint)
            for one in unused
            for position, fingerprint in zip(one["positions"], one["fingerprints"], strict=True)
        ),
    )


def _cassettes(trees: Iterable[Mapping[str, Any]]) -> tuple[CassetteReport, ...]:
    return tuple(
        _made(CassetteReport, {**one, "unused": tuple(one["unused"]), "tokens": _made(Tokens, one["tokens"])})
        for one in trees
    )


def _made[T](kind: type[T], tree: Mapping[str, Any]) -> T:
    known = getattr(kind, "__slots__", ())
    return kind(**{name: value for name, value in tree.items() if name in known})
