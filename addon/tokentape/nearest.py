"""Which recordings come nearest to a request that none matches, and in what they differ.

Work is bounded: a cheap sketch of each recording ranks them, and only the best few are compared in full.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nsmallest

from tokentape.differ import Difference, differences, sketch, sketch_distance
from tokentape.errors import TokentapeError
from tokentape.form import Form, form_of
from tokentape.model import Request
from tokentape.profile import Profile
from tokentape.redact import redact_request

COMPARED = 3
# Recordings that are not even sketched beyond this: an explanation must not take longer than an answer is worth.
SKETCHED = 2_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recorded request and where it stands."""

    cassette: str
    position: int
    request: Request
    profile: Profile


@dataclass(frozen=True, slots=True)
class Near:
    """A near miss: ``chat-basic#3`` and what differs, nearest first."""

    cassette: str
    position: int
    differences: tuple[Difference, ...]

    @property
    def place(self) -> str:
        """``chat-basic#3``."""
        return f"{self.cassette}#{self.position}"


def nearest(candidates: Iterable[Candidate], incoming: Request, *, host_known: bool = True) -> tuple[Near, ...]:
    """The few recordings nearest to a redacted request, nearest first."""
    forms: dict[Profile, Form] = {}
    ranked = []
    for number, candidate in zip(range(SKETCHED), candidates, strict=False):
        if candidate.profile not in forms:
            forms[candidate.profile] = form_of(incoming, candidate.profile, host_known=host_known)
        recorded = _recorded_form(candidate)
        if recorded is not None:
            far = sketch_distance(sketch(recorded), sketch(forms[candidate.profile]))
            ranked.append((far, number, candidate, recorded))
    best = nsmallest(COMPARED, ranked, key=lambda row: row[:2])
    return tuple(
        Near(candidate.cassette, candidate.position, differences(recorded, forms[candidate.profile]))
        for _, _, candidate, recorded in best
    )


def _recorded_form(candidate: Candidate) -> Form | None:
    try:
        return form_of(redact_request(candidate.request), candidate.profile)
    except TokentapeError:
        return None
