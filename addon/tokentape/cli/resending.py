"""``send``: recorded requests once more, and what is answered now."""

import json
import logging
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import click

from tokentape.cli import targets
from tokentape.cli.asking import Line, Unanswered, live, through
from tokentape.cli.conversing import print_raw, tree_of
from tokentape.cli.filling import Secrets, tell_what_is_left
from tokentape.cli.paint import print_lines
from tokentape.cli.talk import FAILED, log_to_stderr, report_trouble
from tokentape.matching.showing import printable
from tokentape.model import Interaction
from tokentape.reporting.telling import Line as Shown
from tokentape.reporting.telling import answer_lines
from tokentape.settings import Settings


@dataclass(frozen=True, slots=True)
class Way:
    """Where requests go: to the live API, or through the proxy at a URL; whom to trust upstream, and what to put in the
    place of placeholders."""

    live: bool
    proxy: str
    upstream_ca: Path | None = None
    secrets: Secrets = field(default_factory=dict)


async def send(words: Sequence[str], settings: Settings, way: Way, *, raw: bool, as_json: bool) -> int:
    """Send what the words name, one after the other; the exit code: 1 if the API or the proxy refuses one."""
    log_to_stderr(logging.CRITICAL)
    library = Path(settings.library)
    named = [targets.find(word, library) for word in words]
    found = [(target.name, *one) for target in named for one in target.interactions()]
    line: AbstractAsyncContextManager[Line]
    if way.live:
        tell_what_is_left([(f"{name}#{position}", one.request) for name, position, one in found], way.secrets)
        line = live(settings, way.upstream_ca, way.secrets)
    else:
        line = nullcontext(await through(way.proxy))
    trees, codes = [], [0]
    async with line as open_line:
        for name, position, interaction in found:
            try:
                answer = await _answer(open_line, "" if way.live else name, interaction)
            except Unanswered as error:
                codes.append(report_trouble(error))
                continue
            codes.append(FAILED if answer.response.status >= 400 else 0)
            place = f"{name}#{position}"
            if as_json:
                trees.append(tree_of(place, answer))
            elif raw:
                print_raw(answer)
            else:
                head = printable(f"{place}  {answer.request.method} {answer.request.url}")
                print_lines([Shown(head, "bold"), *answer_lines(answer)])
    if as_json:
        click.echo(json.dumps(trees, indent=2))
    return max(codes)


async def _answer(line: Line, name: str, interaction: Interaction) -> Interaction:
    began = time.monotonic()
    response = await line.ask(interaction.request, name)
    return Interaction(interaction.request, response, time.monotonic() - began)
