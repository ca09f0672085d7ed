"""Publish the takes that runs left in the journal, because their command failed or they were cut short."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tokentape.cli.talk import FAILED, report_trouble, say, say_error
from tokentape.errors import TokentapeError
from tokentape.library import journal, recovery
from tokentape.library.files import state_folder
from tokentape.redaction.hidden import Search
from tokentape.redaction.taints import Needles
from tokentape.rules.rules import Rules


def recover(*, discard: bool = False) -> int:
    """Publish every take of a run that is over, oldest first, or throw it away; the exit code.

    One that can't be published stays where it is, and the others go on.
    """
    state = state_folder()
    codes: list[int] = []
    search_of = _search_of()
    with recovery.left(state) as paths:
        if not discard:
            recovery.go_over(state, search_of)
        for path in paths:
            try:
                codes += _discard(path) if discard else _publish(path, state, search_of)
            except TokentapeError as error:
                codes.append(report_trouble(error))
    if not codes:
        say("there is nothing to recover")
    return max(codes, default=0)


def remind(library: str) -> None:
    """At the start: say what earlier runs left for this library."""
    if left := recovery.notice(state_folder(), Path(library)):
        say(left)


def _search_of() -> Callable[[Rules], Search]:
    """What counts as a secret under a library's rules, in all that was left: what one take tells counts in each."""
    from tokentape.cli.checking import search_of  # what a start, which only reminds, does without

    return partial(search_of, environ=os.environ, taints=Needles())


def _publish(path: Path, state: Path, search_of: Callable[[Rules], Search]) -> list[int]:
    """The exit code that a take deserves; none for one that nothing was recorded into."""
    found = journal.read_take(path)
    if found is None:
        journal.forget(path)
        return []
    if found.lines:
        try:
            published = recovery.publish(found, state, search_of)
        except TokentapeError as error:
            code = report_trouble(error)
            say(f"{found.shown}, recorded for {found.header.library}, stays in the journal")
            return [code]
        say(f"recovered {found.shown} into {published}")
    # Only now: until the cassette holds it, the journal's copy is the only one.
    journal.forget(path, damaged=bool(found.lost))
    if not found.lost:
        return [0]
    aside = path.with_suffix(".damaged")
    say_error(f"{found.lost} more recorded for {found.header.cassette} can't be read; what is left of them: {aside}")
    return [FAILED]


def _discard(path: Path) -> list[int]:
    try:
        found = journal.read_take(path)
        shown = f"{found.shown}, recorded for {found.header.library}" if found is not None else ""
    except TokentapeError as error:
        shown = str(error)
    journal.forget(path)
    if not shown:
        return []
    say(f"discarded {shown}")
    return [0]
