"""Two recordings, or two cassettes of them, side by side: which belong together, and in what they differ.

The rule: a difference is said in the words of a miss. Requests are compared as replay compares them, by their forms;
answers by what they mean: what a model says and asks for, not the ids and dates around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tokentape import transcript
from tokentape.errors import BadBody
from tokentape.matching.canonical import Value
from tokentape.matching.content import content_of
from tokentape.matching.differ import compare_contents, differences
from tokentape.matching.findings import Difference, Findings
from tokentape.matching.form import Form
from tokentape.matching.sketch import distance
from tokentape.matching.treediff import compare_trees
from tokentape.model import Interaction, Response, header
from tokentape.wire import framing

# Beyond so many that have no equal, recordings are paired by their place: nearness takes quadratic time.
_NEAREST = 200
# What an answer says besides the turns that is no meaning of its own.
_NOT_COMPARED = ("events", "unread", "usage")


@dataclass(frozen=True, slots=True)
class Pair:
    """Positions that belong together; None where the other has no counterpart."""

    recorded: int | None
    incoming: int | None


def pairs(recorded: Sequence[Form], incoming: Sequence[Form]) -> list[Pair]:
    """Which belongs to which: equal requests in their order, then the nearest of one method and path."""
    equal = _equal(recorded, incoming)
    left = [place for place in range(len(recorded)) if place not in equal]
    new = [place for place in range(len(incoming)) if place not in equal.values()]
    found = equal | _near(recorded, incoming, left, new)
    alone = [Pair(None, place) for place in range(len(incoming)) if place not in found.values()]
    return [*(Pair(place, found.get(place)) for place in range(len(recorded))), *alone]


def answer_differences(recorded: Interaction, incoming: Interaction) -> tuple[Difference, ...]:
    """What tells two answers apart; their times are no difference."""
    found = Findings()
    found.texts("status", _status(recorded.response), _status(incoming.response))
    found.texts("content-type", _kind(recorded.response), _kind(incoming.response))
    found.texts("ending", _ending(recorded.response), _ending(incoming.response))
    before, now = _meaning(recorded), _meaning(incoming)
    if before is not None and now is not None:
        compare_trees(before, now, found, root="answer")
    elif recorded.response.body != incoming.response.body:
        _bodies(recorded.response, incoming.response, found)
    return found.told()


def _equal(recorded: Sequence[Form], incoming: Sequence[Form]) -> dict[int, int]:
    """For each place of a recorded form that of its equal, each taken once."""
    waiting: dict[tuple[str, bytes], list[int]] = {}
    for place, form in reversed(list(enumerate(incoming))):
        waiting.setdefault((form.path, form.digest), []).append(place)
    found = {}
    for place, form in enumerate(recorded):
        candidates = waiting.get((form.path, form.digest), [])
        if candidates and not differences(form, incoming[candidates[-1]]):
            found[place] = candidates.pop()
    return found


def _near(recorded: Sequence[Form], incoming: Sequence[Form], left: list[int], new: list[int]) -> dict[int, int]:
    """Pairs of what has no equal, the nearest first."""
    if len(left) > _NEAREST or len(new) > _NEAREST:
        return dict(zip(left, new, strict=False))
    ranked = sorted(
        (distance(recorded[old], incoming[place]), old, place)
        for old in left
        for place in new
        if _alike(recorded[old], incoming[place])
    )
    found: dict[int, int] = {}
    for _, old, place in ranked:
        if old not in found and place not in found.values():
            found[old] = place
    return found


def _alike(recorded: Form, incoming: Form) -> bool:
    return (recorded.method, recorded.path) == (incoming.method, incoming.path)


def _meaning(interaction: Interaction) -> Value:
    """What a model's answer says, as a tree; None for another answer."""
    reply = transcript.read_response(interaction.request, interaction.response)
    if reply is None:
        return None
    tree: Value = {key: value for key, value in transcript.plain(reply).items() if key not in _NOT_COMPARED}
    return tree


def _bodies(recorded: Response, incoming: Response, found: Findings) -> None:
    try:
        before, now = content_of(recorded.body, recorded.headers), content_of(incoming.body, incoming.headers)
    except BadBody as error:
        found.add("body", f"{len(recorded.body):,} bytes", f"{len(incoming.body):,} bytes ({error})")
        return
    compare_contents(before, now, found)


def _status(response: Response) -> str:
    return f"{response.status} {response.reason}".rstrip()


def _kind(response: Response) -> str:
    return framing.media_type(header(response.headers, "content-type") or "")


def _ending(response: Response) -> str:
    return "broken off" if response.truncated else "whole"
