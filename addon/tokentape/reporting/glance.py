"""What happened to a request, at a glance: a few words that start with the cassette and the position, and a marker.

The rule: mitmweb's rows, the console's and the line in mitmdump's log say it in the same words, and all of them come
from the table below. The markers are names of emoji as mitmproxy knows them, so ``~marker rewind`` finds what was
replayed and ``~comment chat-basic`` what belongs to a cassette.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tokentape.refusal import Refusal

# By the first word of an outcome.
MARKERS: Mapping[str, str] = {
    "replayed": ":rewind:",
    "recording": ":record_button:",
    "recorded": ":record_button:",
    "generated": ":sparkles:",
    "simulated": ":zap:",
    "forwarded": ":fast_forward:",
    "refused": ":x:",
    "control": ":gear:",
    "held": ":hourglass:",
    "lost": ":warning:",
}


@dataclass(frozen=True, slots=True)
class Glance:
    """A comment and a marker; ``outcome`` is the same for filters, as an answer's is."""

    comment: str
    marker: str
    outcome: str


def recording(cassette: str) -> Glance:
    """A request that was forwarded and whose answer is being recorded."""
    return glance(f"recording {cassette}")


def glance(outcome: str, refusal: Refusal | None = None) -> Glance:
    """What an answer's ``outcome`` (``replayed chat-basic#3``) is shown as: ``chat-basic #3 replayed``."""
    word, _, place = outcome.partition(" ")
    if refusal is not None:
        return _refused(word, refusal)
    if word == "ignored":
        return Glance(f"forwarded ({outcome})", MARKERS["forwarded"], outcome)
    if word not in MARKERS:
        return Glance(outcome, "", outcome)
    return Glance(f"{_spaced(place)} {word}".lstrip(), MARKERS[word], outcome)


def recorded(cassette: str, position: int) -> Glance:
    """A recording that has found its place."""
    return glance(f"recorded {cassette}#{position}")


def lost(cassette: str, why: str) -> Glance:
    """An answer that went to the client and into no cassette."""
    return Glance(f"{cassette} not recorded: {why}", MARKERS["lost"], f"lost {cassette}")


def held(refusal: Refusal) -> Glance:
    """A miss that waits for a person to decide."""
    return _refused("held", refusal)


def _refused(word: str, refusal: Refusal) -> Glance:
    near = refusal.nearest
    if refusal.cassette and near.startswith(f"{refusal.cassette}#"):
        near = near.removeprefix(refusal.cassette)
    told = [f"{refusal.cassette} {word} ({refusal.code})".lstrip(), f"nearest {near}" if near else "", refusal.differs]
    return Glance(", ".join(part for part in told if part), MARKERS[word], f"{word} {refusal.code}")


def _spaced(place: str) -> str:
    """``chat-basic #3`` for ``chat-basic#3``: of a narrow column the name is seen before the number is cut off."""
    cassette, hash_sign, position = place.rpartition("#")
    return f"{cassette} #{position}" if hash_sign else place
