"""``certify``, ``check`` and ``doctor``: are cassettes in order, do they replay as recorded, is this machine set up?"""

from typing import Any

import click

from tokentape.cli.flags import json_flag, together
from tokentape.cli.options import LIBRARY_ALONE, read_settings, settings_flags

# What a replay from the library alone has no use for.
_NOT_FOR_CERTIFY = (
    "mode",
    "cassette",
    "repeat",
    "upstream",
    "ignore_hosts",
    "format",
    "save_errors",
    "outcome_header",
    "on_miss",
    "simulation",
    "generators",
    "hold",
)


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--http",
    type=click.Choice(("1.1", "2", "both")),
    default="both",
    show_default=True,
    help="The version of HTTP to replay over.",
)
@together(settings_flags(without=_NOT_FOR_CERTIFY), json_flag("Print what was compared as JSON."))
def certify(**given: Any) -> int:
    """Prove that cassettes replay as recorded.

    Each interaction (of the cassettes NAME, or of all) is replayed through the proxy and compared on the wire: bytes,
    chunk boundaries, headers, trailers; and the times of the chunks, at the recorded pace unless --pace says otherwise.
    Exits with 1 where something is not equal that should be.
    """
    import asyncio

    from tokentape.cli.certifying import VERSIONS, certifying

    version, wanted, as_json = given.pop("http"), given.pop("names"), given.pop("as_json")
    given["pace"] = given["pace"] or "recorded"
    settings = read_settings(given, mode="replay")
    return asyncio.run(certifying(wanted, settings, VERSIONS if version == "both" else (version,), as_json=as_json))


@click.command()
@together(
    settings_flags(without=LIBRARY_ALONE),
    json_flag("Print what was found as JSON."),
    click.argument("targets", nargs=-1, metavar="[FILE|NAME|FOLDER]..."),
)
def check(**given: Any) -> int:
    """Look through cassettes and say what is wrong with them.

    All of the library, or the files, cassettes and folders you name. Exits with 1 if there are errors; notes are no
    errors. Nothing is changed.
    """
    from tokentape.cli.checking import check as look_through

    targets, as_json = given.pop("targets"), given.pop("as_json")
    return look_through(targets, read_settings(given).library, as_json=as_json)


@click.command()
@click.argument("names", nargs=-1, metavar="[RUNTIME]...")
@together(settings_flags(without=LIBRARY_ALONE), json_flag("Print what was found as JSON."))
def doctor(**given: Any) -> int:
    """Prove that this machine is set up.

    Each runtime that is here (curl, wget, git, Python's clients, Node, Deno, Bun, Go, Java, Ruby; or those you name)
    asks for a page through a proxy with the variables that record, replay and run set. For what fails the line is shown
    that mends it. Nothing leaves this machine. Exits with 1 if something fails that these variables are to help.
    """
    import asyncio

    from tokentape.cli.doctoring import doctor as examine

    names, as_json = given.pop("names"), given.pop("as_json")
    return asyncio.run(examine(names, read_settings(given).library, as_json=as_json))
