"""``refresh``: record a cassette again, by sending its requests to the live API.

The rule: the old cassette stays as it is unless every request was answered as before: with a status of the same kind,
to its end. Then the new one takes its place at once, whole.
"""

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from tokentape import formats
from tokentape.cli import targets
from tokentape.cli.asking import Line, Unanswered, publish, recording
from tokentape.cli.filling import Secrets, tell_what_is_left
from tokentape.cli.progress import progress
from tokentape.cli.talk import FAILED, log_to_stderr, report_trouble, say
from tokentape.cli.targets import Target
from tokentape.errors import LibraryTrouble, TokentapeError
from tokentape.model import Cassette, Response
from tokentape.settings import FAILURES, Settings


async def refresh(
    words: Sequence[str], settings: Settings, upstream_ca: Path | None, secrets: Secrets, *, as_json: bool
) -> int:
    """Record the cassettes that the words name again; the exit code: 1 if one could not be, which stays as it is."""
    log_to_stderr(logging.CRITICAL)
    library = Path(settings.library)
    found = [targets.find_cassette(word, library) for word in words]
    rows: list[dict[str, object]] = []
    for target in found:
        count, trouble = 0, ""
        try:
            count = await _refresh(target, settings, upstream_ca, secrets)
            say(f"recorded {count} anew into {target.path}")
        except TokentapeError as error:
            trouble = str(error)
            report_trouble(error)
            say(f"{target.path} is as it was")
        rows.append({"cassette": target.name, "path": os.fspath(target.path), "recorded": count, "trouble": trouble})
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    return FAILED if any(row["trouble"] for row in rows) else 0


async def _refresh(target: Target, settings: Settings, upstream_ca: Path | None, secrets: Secrets) -> int:
    cassette = target.load()
    _check(target, cassette)
    # An answer that is recorded may be recorded again, whatever it says.
    statuses = {str(one.response.status) for one in cassette.interactions} & set(_KEEPABLE)
    cut = {"truncated"} if any(one.response.truncated for one in cassette.interactions) else set()
    settings = replace(settings, save_errors=tuple(sorted(statuses | cut)))
    count = len(cassette.interactions)
    requests = [(f"{target.name}#{position}", one.request) for position, one in enumerate(cassette.interactions)]
    tell_what_is_left(requests, secrets)
    async with recording(settings, upstream_ca, secrets) as line:
        with progress(count, "requests") as show:
            for position, interaction in enumerate(cassette.interactions):
                response = await _ask(line, target, position, cassette)
                _compare(f"{target.name}#{position}", interaction.response, response)
                show(position + 1)
        return await publish(line, count)


async def _ask(line: Line, target: Target, position: int, cassette: Cassette) -> Response:
    try:
        return await line.ask(cassette.interactions[position].request, target.name)
    except Unanswered as error:
        raise Unanswered(f"{target.name}#{position}: {error}", error.hint) from error


def _check(target: Target, cassette: Cassette) -> None:
    if not cassette.interactions:
        raise LibraryTrouble(f"{target.path} has no interactions to record again", "tokentape ls")
    if formats.read_only(cassette):
        raise LibraryTrouble(
            f"{os.fspath(target.path)} is in another tool's format, which is read and never written",
            "tokentape record -- YOUR COMMAND",
        )
    if any(formats.missing_body(one) is not None for one in cassette.interactions):
        raise LibraryTrouble(
            f"{target.path} does not hold the bodies of its requests", "tokentape record -- YOUR COMMAND"
        )


def _compare(place: str, recorded: Response, live: Response) -> None:
    """Raises Unanswered for an answer that should not take the place of the recorded one."""
    if live.status // 100 != recorded.status // 100:
        raise Unanswered(
            f"{place}: answered {live.status}, recorded {recorded.status}", f"tokentape send --live '{place}'"
        )
    if live.truncated and not recorded.truncated:
        raise Unanswered(f"{place}: the answer broke off", f"tokentape refresh {place.partition('#')[0]}")


_KEEPABLE = (*FAILURES, *(str(status) for status in range(500, 600)))
