"""``mv``, ``prune``, ``scrub`` and ``recover``: what is done to the recordings themselves."""

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
    json_flag("Print the paths as JSON."),
    click.argument("old", metavar="OLD", shell_complete=CASSETTE),
    click.argument("new", metavar="NEW"),
)
def mv(**given: Any) -> int:
    """Give a cassette another name.

    Nothing is overwritten. Rules of library.toml that stop or start to apply to it are named.
    """
    from tokentape.cli.moving import mv as move

    old, new, as_json = given.pop("old"), given.pop("new"), given.pop("as_json")
    return move(old, new, Path(read_settings(given).library), as_json=as_json)


@click.command()
@together(
    _LIBRARY,
    click.option(
        "--report",
        "reports",
        multiple=True,
        required=True,
        metavar="FILE",
        help="The report of a run (tokentape replay --report FILE), - for stdin. Of several runs, what none used.",
    ),
    click.option("--cassettes", is_flag=True, help="Also remove cassettes that no run touched."),
    click.option("--dry-run", is_flag=True, help="Only list what would go."),
    click.option("-y", "--yes", is_flag=True, help="Do not ask."),
    json_flag("Print the list as JSON."),
)
def prune(**given: Any) -> int:
    """Remove interactions that runs never used.

    Listed first, then asked about. What is left of a cassette keeps its bytes; what can't be read is not touched.
    """
    from tokentape.cli.pruning import Wish
    from tokentape.cli.pruning import prune as remove_unused

    reports = given.pop("reports")
    wish = Wish(given.pop("cassettes"), given.pop("yes"), given.pop("dry_run"), given.pop("as_json"))
    return remove_unused(reports, Path(read_settings(given).library), wish)


@click.command()
@click.option("--discard", is_flag=True, help="Throw the takes away instead.")
def recover(discard: bool) -> int:
    """Publish takes that runs left.

    A run leaves its takes when its command fails, or when it is cut short. Each goes into the library it was recorded
    for, after what is there.
    """
    from tokentape.cli.recovering import recover as bring_back

    return bring_back(discard=discard)


@click.command()
@together(
    _LIBRARY,
    click.option("--dry-run", is_flag=True, help="Only list what would change."),
    json_flag("Print the files as JSON."),
    click.argument("targets", nargs=-1, metavar="[FILE|NAME|FOLDER]...", shell_complete=CASSETTE),
)
def scrub(**given: Any) -> int:
    """Take what is left of secrets out of cassettes.

    All of the library, or the files, cassettes and folders you name. A placeholder comes in the place of each secret
    that check finds; a file is rewritten whole or not at all, and only if it goes on answering the same requests.
    """
    from tokentape.cli.scrubbing import scrub as take_out

    targets, dry_run, as_json = given.pop("targets"), given.pop("dry_run"), given.pop("as_json")
    return take_out(targets, read_settings(given).library, dry_run=dry_run, as_json=as_json)
