"""Which recordings come nearest to a request that none matches, and in what they differ.

The work is bounded whatever the size of the library: recordings that share a feature with the request (words of its
newest text, its history, its kind) are found by a text search over all features at once; the few dozen with most in
common are ranked by their sketches, or all of them where there are no more; the best three are compared in full.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import accumulate

from tokentape.deck.marks import FEATURES, WIDTH, features_of
from tokentape.deck.shelf import Shelved
from tokentape.matching.differ import differences
from tokentape.matching.findings import Difference
from tokentape.matching.form import Form, form_of
from tokentape.matching.sketch import sketch, sketch_distance
from tokentape.model import Request
from tokentape.redaction.redact import redact_request
from tokentape.rules.profile import Profile

COMPARED = 3
SKETCHED = 48
# Of a feature that many recordings share, so many of them are looked at: it tells little then.
_HITS = 64
_NOTHING = b"\0" * WIDTH

# Reads the request of a recording, by cassette and position.
Fetch = Callable[[Shelved, int], Request]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A recording: its cassette and position."""

    shelved: Shelved
    position: int


@dataclass(frozen=True, slots=True)
class Near:
    """A near miss: ``chat-basic#3`` and what differs, the telling things first."""

    cassette: str
    position: int
    differences: tuple[Difference, ...]

    @property
    def place(self) -> str:
        """``chat-basic#3``."""
        return f"{self.cassette}#{self.position}"


class Features:
    """The features of several cassettes as one text, in the order of the cassettes."""

    def __init__(self, cassettes: Sequence[Shelved]) -> None:
        self._cassettes = [shelved for shelved in cassettes if shelved.count]
        self._starts = list(accumulate((shelved.count for shelved in self._cassettes), initial=0))
        self._text = b"".join([shelved.features for shelved in self._cassettes])

    def sharing(self, features: bytes) -> list[Place]:
        """The places that share most features, most first; at most ``SKETCHED``. A rare feature says more. Of so few
        all are told, whatever they share."""
        if self._starts[-1] <= SKETCHED:
            return [self._place(number) for number in range(self._starts[-1])]
        votes: defaultdict[int, float] = defaultdict(float)
        for start in range(0, FEATURES, WIDTH):
            feature = features[start : start + WIDTH]
            found = self._holding(feature) if feature != _NOTHING else set()
            for number in found:
                votes[number] += 1 / len(found)
        best = nsmallest(SKETCHED, votes.items(), key=lambda vote: (-vote[1], vote[0]))
        return [self._place(number) for number, _ in best]

    def _holding(self, feature: bytes) -> set[int]:
        found: set[int] = set()
        at = self._text.find(feature)
        while at >= 0 and len(found) < _HITS:
            if at % WIDTH == 0:
                found.add(at // FEATURES)
            at = self._text.find(feature, at + 1)
        return found

    def _place(self, number: int) -> Place:
        cassette = bisect_right(self._starts, number) - 1
        return Place(self._cassettes[cassette], number - self._starts[cassette])


def nearest(
    features: Features, incoming: Request, profiles: Sequence[Profile], fetch: Fetch, *, host_known: bool = True
) -> tuple[Near, ...]:
    """The few recordings nearest to a redacted request, nearest first.

    ``profiles`` are those of the cassettes; ``fetch`` reads a recorded request. Raises TokentapeError when it can't.
    """
    forms = {profile: form_of(incoming, profile, host_known=host_known) for profile in profiles}
    sketches = {profile: sketch(form) for profile, form in forms.items()}
    found = [place for drawn in sketches.values() for place in features.sharing(features_of(drawn))]
    shared = {(place.shelved.name, place.position): place for place in found}

    def rank(place: Place) -> tuple[float, str, int]:
        far = sketch_distance(place.shelved.mark(place.position).sketch, sketches[place.shelved.profile])
        return far, place.shelved.name, place.position

    return tuple(_near(place, forms, fetch) for place in sorted(shared.values(), key=rank)[:COMPARED])


def _near(place: Place, forms: dict[Profile, Form], fetch: Fetch) -> Near:
    shelved, position = place.shelved, place.position
    recorded = form_of(redact_request(fetch(shelved, position), shelved.profile.search), shelved.profile)
    return Near(shelved.name, position, differences(recorded, forms[shelved.profile]))
