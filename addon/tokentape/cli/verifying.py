"""``verify``: does the live API still answer in the shape that was recorded?"""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from tokentape.cli import targets
from tokentape.cli.asking import Line, Unanswered, live
from tokentape.cli.filling import Secrets, tell_what_is_left
from tokentape.cli.paint import print_lines
from tokentape.cli.progress import progress
from tokentape.cli.talk import FAILED, log_to_stderr, say
from tokentape.matching.showing import printable
from tokentape.model import Interaction
from tokentape.reporting.shape import Drift, drift
from tokentape.reporting.telling import Line as Shown
from tokentape.settings import Settings


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of one interaction: what drifted, or why there was no answer."""

    interaction: str
    request: str
    drift: tuple[Drift, ...] = ()
    trouble: str = ""
    hint: str = ""

    @property
    def holds(self) -> bool:
        """Whether the answer has the recorded shape."""
        return not (self.drift or self.trouble)


async def verify(
    words: Sequence[str], settings: Settings, upstream_ca: Path | None, secrets: Secrets, *, as_json: bool
) -> int:
    """Compare what the words name (all, without any) with live answers; the exit code: 1 if something drifted or was
    not answered. Raises TokentapeError."""
    log_to_stderr(logging.CRITICAL)
    library = Path(settings.library)
    named = [targets.find(word, library) for word in words or targets.names(library)]
    asked = [(f"{target.name}#{position}", one) for target in named for position, one in target.interactions()]
    found: list[Verified] = []
    tell_what_is_left([(place, one.request) for place, one in asked], secrets)
    async with live(settings, upstream_ca, secrets) as line:
        with progress(len(asked), "requests") as show:
            for number, (place, interaction) in enumerate(asked, 1):
                found.append(await _verify(line, place, interaction))
                if as_json:
                    show(number)  # else the lines say it
                else:
                    print_lines(_lines(found[-1]))
    if as_json:
        click.echo(json.dumps([asdict(one) | {"holds": one.holds} for one in found], indent=2))
    failed = sum(not one.holds for one in found)
    say(f"{len(found) - failed} of {len(found)} answered in the recorded shape")
    return FAILED if failed else 0


async def _verify(line: Line, place: str, interaction: Interaction) -> Verified:
    shown = printable(f"{interaction.request.method} {interaction.request.url}")
    try:
        return Verified(place, shown, drift(interaction.response, await line.ask(interaction.request)))
    except Unanswered as error:
        return Verified(place, shown, (), printable(str(error).splitlines()[0]), error.hint)


def _lines(one: Verified) -> list[Shown]:
    verdict = "holds  " if one.holds else "no answer" if one.trouble else "drifted"
    rows = [Shown(f"{verdict} {one.interaction} {one.request}", "green" if one.holds else "red")]
    rows += [Shown(str(row), "", 2) for row in one.drift]
    if one.trouble:
        rows.append(Shown(one.trouble, "", 2))
        rows += [Shown(f"hint: {printable(one.hint)}", "", 2)] if one.hint else []
    return rows
