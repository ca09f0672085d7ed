"""``ls``, ``show`` and ``diff``: what is in the recordings."""

from pathlib import Path
from typing import Any

import click

from tokentape.cli.completing import CASSETTE
from tokentape.cli.flags import json_flag, together
from tokentape.cli.options import LIBRARY_ALONE, read_settings, settings_flags

_LIBRARY = settings_flags(without=LIBRARY_ALONE)


@click.command()
@together(
    _LIBRARY,
    json_flag("Print the list as JSON."),
    click.argument("words", nargs=-1, metavar="[NAME|PATTERN|FOLDER]...", shell_complete=CASSETTE),
)
def ls(**given: Any) -> int:
    """List the cassettes.

    How many interactions each has, with which hosts and models, its size, and how long ago its newest answer was made.
    Exits with 1 if one can't be read.
    """
    from tokentape.cli.listing import ls as list_cassettes

    words, as_json = given.pop("words"), given.pop("as_json")
    return list_cassettes(words, Path(read_settings(given).library), as_json=as_json)


@click.command()
@together(
    _LIBRARY,
    click.option("--raw", is_flag=True, help="Print requests and answers as they were recorded."),
    json_flag("Print the conversation as JSON."),
    click.argument("words", nargs=-1, required=True, metavar="NAME[#N]...", shell_complete=CASSETTE),
)
def show(**given: Any) -> int:
    """Read a cassette in the terminal.

    Who says what, the tools that are called, the streamed text joined, the tokens it took. NAME#0 is the first
    interaction of NAME alone.
    """
    from tokentape.cli.conversing import show as show_recordings

    words, raw, as_json = given.pop("words"), given.pop("raw"), given.pop("as_json")
    return show_recordings(words, Path(read_settings(given).library), raw=raw, as_json=as_json)


@click.command()
@together(
    _LIBRARY,
    json_flag("Print the differences as JSON."),
    click.argument("old", metavar="NAME[#N]", shell_complete=CASSETTE),
    click.argument("new", metavar="NAME[#N]", shell_complete=CASSETTE),
)
def diff(**given: Any) -> int:
    """Say in what two cassettes, or two interactions, differ.

    By meaning: requests as a replay compares them, answers by what they say. Exits with 1 if there is a difference.
    """
    from tokentape.cli.comparing import diff as compare

    old, new, as_json = given.pop("old"), given.pop("new"), given.pop("as_json")
    return compare(old, new, Path(read_settings(given).library), as_json=as_json)


@click.command()
@together(
    _LIBRARY,
    click.option(
        "--out",
        type=click.Path(dir_okay=False, path_type=Path),
        default=None,
        metavar="FILE",
        help="Where to write the page. [default: stdout]",
    ),
    click.option(
        "--run",
        type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
        default=None,
        metavar="FILE",
        help="Also tell what a run did: what its --json printed, - for stdin.",
    ),
    click.argument("words", nargs=-1, metavar="[NAME[#N]]...", shell_complete=CASSETTE),
)
def report(**given: Any) -> int:
    """Write cassettes, or a run, as one page of HTML.

    Conversations, when the chunks of streams came, tokens; of a run also what was used and what differed. The page
    loads nothing, so it can be opened anywhere and sent to anybody who may read the recordings.
    """
    from tokentape.cli.reporting import report as write_report

    words, out, run = given.pop("words"), given.pop("out"), given.pop("run")
    return write_report(words, Path(read_settings(given).library), out, run)
