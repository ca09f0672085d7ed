"""What a person can decide about a request that nothing answers, and how it is carried out: what each verdict needs,
what it writes, and where.

The rule: nothing is done that was not decided, and what is done is written where the next run finds it: an answer in
the cassette, a rule in ``library.toml``. What turns out to be impossible is an error, and the request is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tokentape.deck.decisions import READ_ONLY, Question
from tokentape.deck.nearest import Near
from tokentape.engine.holding import Missed, Verdict
from tokentape.errors import CantDecide
from tokentape.library.rulestext import rules_text
from tokentape.library.store import Library
from tokentape.matching.accepting import Pair, Proposal, proposal, with_rule
from tokentape.model import Interaction, Request
from tokentape.redaction.redact import redact_request
from tokentape.refusal import Refusal
from tokentape.rules.profile import DEFAULT_MATCH_ON
from tokentape.settings import Settings


@dataclass(frozen=True, slots=True)
class Case:
    """A miss, and what acting on it needs. ``request`` is redacted; ``obstacle`` says why it can't be recorded."""

    question: Question
    request: Request
    refusal: Refusal
    near: tuple[Near, ...]
    obstacle: str
    host_known: bool


@dataclass(frozen=True, slots=True)
class Decidable:
    """A case as a person sees it, and the recording that comes nearest to its request."""

    case: Case
    missed: Missed
    nearest: Interaction | None


def look(case: Case, library: Library, settings: Settings) -> Decidable:
    """What can be decided about a case. Blocks. Raises TokentapeError."""
    nearest = library.fetch(case.near[0].cassette, case.near[0].position) if case.near else None
    rule = _proposal(case, nearest, library, settings) if nearest is not None else None
    obstacles = _obstacles(case, rule, library)
    return Decidable(
        case, Missed(case.request, case.refusal, case.question.cassette, case.near, rule, obstacles), nearest
    )


def as_recorded(decidable: Decidable) -> Interaction:
    """The nearest recording as that of this request. Raises CantDecide."""
    decidable.missed.check(Verdict.NEAREST)
    assert decidable.nearest is not None
    return replace(decidable.nearest, request=decidable.case.request, raw=None)


def write_rule(decidable: Decidable, library: Library) -> Proposal:
    """Write the proposed rule into ``library.toml``. Blocks. Raises TokentapeError."""
    decidable.missed.check(Verdict.ACCEPT)
    rule = decidable.missed.proposal
    assert rule is not None
    library.edit_rules(lambda toml: with_rule(toml, rule))
    return rule


def check_writable(cassette: str, library: Library) -> None:
    """Raises CantDecide for a cassette that is never written."""
    if library.is_read_only(cassette):
        raise CantDecide(f"{cassette}: {READ_ONLY}", "name another cassette")


def _obstacles(case: Case, rule: Proposal | None, library: Library) -> Mapping[Verdict, str]:
    read_only = READ_ONLY if library.is_read_only(case.question.cassette) else ""
    found = {
        Verdict.RECORD: read_only or case.obstacle,
        Verdict.NEAREST: read_only or ("" if case.near else "there is no recording that comes near"),
        Verdict.ACCEPT: "" if rule is not None else "no rule can say what differs",
    }
    return {verdict: why for verdict, why in found.items() if why}


def _proposal(case: Case, nearest: Interaction, library: Library, settings: Settings) -> Proposal | None:
    override = settings.match_on if settings.match_on != DEFAULT_MATCH_ON else None
    recorded = redact_request(nearest.request, library.search)
    pair = Pair(recorded, case.request, case.near[0].cassette, rules_text(library.root), case.host_known, override)
    return proposal(pair, case.near[0].differences)
