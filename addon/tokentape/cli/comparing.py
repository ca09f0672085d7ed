"""``diff``: in what two interactions, or two cassettes, differ, by meaning."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from tokentape.cli import targets
from tokentape.cli.paint import print_lines
from tokentape.cli.talk import FAILED, say
from tokentape.cli.targets import Target
from tokentape.errors import BadSetting
from tokentape.library.rulestext import load_rules
from tokentape.matching.differ import differences
from tokentape.matching.findings import Difference, sentence
from tokentape.matching.form import Form, form_of
from tokentape.matching.showing import printable
from tokentape.model import Interaction
from tokentape.redaction.redact import redact_request
from tokentape.reporting.comparison import Pair, answer_differences, pairs
from tokentape.reporting.telling import Line

# An interaction and its position.
type Placed = tuple[int, Interaction]


@dataclass(frozen=True, slots=True)
class Compared:
    """Two interactions and what tells them apart; one place is empty where the other has no counterpart."""

    recorded: str
    incoming: str
    request: str
    asked: tuple[Difference, ...] = ()
    answered: tuple[Difference, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether nothing tells them apart."""
        return bool(self.recorded and self.incoming) and not (self.asked or self.answered)


def diff(old: str, new: str, library: Path, *, as_json: bool) -> int:
    """Compare two cassettes or two interactions; the exit code: 1 if they differ. Raises TokentapeError."""
    recorded, incoming = targets.find(old, library), targets.find(new, library)
    if (recorded.position is None) != (incoming.position is None):
        raise BadSetting(
            "a cassette and an interaction can't be compared",
            f"tokentape diff {recorded.name} {incoming.name}",
        )
    compared = list(_compared(recorded, incoming, library))
    if as_json:
        click.echo(json.dumps([asdict(one) | {"equal": one.equal} for one in compared], indent=2))
    else:
        print_lines(line for one in compared if not one.equal for line in _lines(one))
    unequal = sum(not one.equal for one in compared)
    say(f"{len(compared) - unequal} of {len(compared)} equal")
    return FAILED if unequal else 0


def _compared(recorded: Target, incoming: Target, library: Path) -> Iterator[Compared]:
    """The pairs in the order of the first cassette, and what only the second has behind them."""
    old, new = recorded.interactions(), incoming.interactions()
    before, now = _forms(old, recorded, library), _forms(new, recorded, library)
    # Two interactions that were named are compared, however little they have in common.
    together = pairs(before, now) if recorded.position is None else [Pair(0, 0)]
    for pair in together:
        first = None if pair.recorded is None else old[pair.recorded]
        second = None if pair.incoming is None else new[pair.incoming]
        places = (_place(recorded, first), _place(incoming, second))
        if first is None or second is None:
            yield Compared(*places, _request(first or second))
        else:
            asked = differences(before[pair.recorded or 0], now[pair.incoming or 0])
            yield Compared(*places, _request(first), asked, answer_differences(first[1], second[1]))


def _place(target: Target, found: Placed | None) -> str:
    return "" if found is None else f"{target.name}#{found[0]}"


def _request(found: Placed | None) -> str:
    return "" if found is None else f"{found[1].request.method} {found[1].request.url}"


def _forms(interactions: Sequence[Placed], target: Target, library: Path) -> list[Form]:
    """The forms under the rules of the first cassette: two that are compared need the same."""
    profile = load_rules(library).profile_for(target.name)
    return [form_of(redact_request(interaction.request), profile) for _, interaction in interactions]


def _lines(one: Compared) -> Iterator[Line]:
    places = [place for place in (one.recorded, one.incoming) if place]
    alone = f"only {places[0]}" if len(places) == 1 else " and ".join(places)
    yield Line(printable(f"{alone}: {one.request}"), "bold")
    for what, found in (("request", one.asked), ("answer", one.answered)):
        for difference in found:
            yield Line(f"{what}: {printable(sentence(difference))}", "", 2)
