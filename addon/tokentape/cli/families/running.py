"""``record``, ``replay`` and ``run``: a proxy around a command. ``proxy`` and ``script``: a proxy that stays."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import tokentape
from tokentape.cli.flags import COMMIT, DOOR, HOST, LISTEN, REPORT, STRICT, UPSTREAM_CA, json_flag, port, together
from tokentape.cli.options import as_variables, read_settings, settings_flags
from tokentape.cli.talk import TYPED_WRONG, say_error

if TYPE_CHECKING:
    from tokentape.cli.around import Place

# mitmproxy's own defaults.
PROXY_PORT = 8080
WEB_PORT = 8081

_AROUND = together(
    HOST,
    port(0, "Port to listen on. [default: a free one]"),
    UPSTREAM_CA,
    STRICT,
    REPORT,
    json_flag("Print the summary as JSON (on stderr)."),
    click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND..."),
)
# Flags of the command that is run are its own, even without the -- in front of it.
_OWN_FLAGS_FIRST = {"allow_interspersed_args": False}


@click.command(context_settings=_OWN_FLAGS_FIRST)
@together(settings_flags(without=("mode",)), COMMIT, _AROUND)
def record(**given: Any) -> int:
    """Run COMMAND and record what it asks.

    Every answer is recorded anew and replaces what the cassettes held, once COMMAND has succeeded.
    """
    return _around(given, mode="record")


@click.command(context_settings=_OWN_FLAGS_FIRST)
@together(settings_flags(without=("mode",)), DOOR, _AROUND)
def replay(**given: Any) -> int:
    """Run COMMAND on recordings alone.

    The network is never touched: what has no recording is refused, and told at the end.
    """
    return _around(given, mode="replay")


@click.command(context_settings=_OWN_FLAGS_FIRST)
@together(settings_flags(), COMMIT, DOOR, _AROUND)
def run(**given: Any) -> int:
    """Run COMMAND in the mode you choose."""
    return _around(given)


@click.command()
@together(
    LISTEN,
    HOST,
    port(PROXY_PORT, f"Port to listen on, 0 for a free one. [default: {PROXY_PORT}]"),
    settings_flags(),
    UPSTREAM_CA,
    STRICT,
    REPORT,
    json_flag("Print the address, and at the end the summary, as a line of JSON each."),
    click.option("--until-eof", is_flag=True, help="End with stdin too: so it ends with the program that started it."),
)
def proxy(**given: Any) -> int:
    """Run the proxy until Ctrl-C."""
    import asyncio

    from tokentape.cli.around import Ending
    from tokentape.cli.standing import standing

    ending = Ending(
        strict=given.pop("strict"),
        as_json=given.pop("as_json"),
        report=given.pop("report"),
        with_stdin=given.pop("until_eof"),
    )
    place = _place(given)
    return asyncio.run(standing(read_settings(given), place, ending))


@click.command()
@together(
    LISTEN,
    HOST,
    port(PROXY_PORT, f"Port to listen on, 0 for a free one. [default: {PROXY_PORT}]"),
    click.option(
        "--web-port",
        type=click.IntRange(0, 65535),
        default=WEB_PORT,
        metavar="PORT",
        help=f"Port of the page, 0 for a free one. [default: {WEB_PORT}]",
    ),
    click.option("--open", "opened", is_flag=True, help="Open a browser on the page."),
    settings_flags(),
    UPSTREAM_CA,
    STRICT,
    REPORT,
    json_flag("Print the addresses, and at the end the summary, as a line of JSON each."),
)
def web(**given: Any) -> int:
    """Run the proxy in mitmweb until Ctrl-C.

    The page shows every exchange as it happens: which recording answered it, or why none did. Only this machine can
    open it, with the token in its URL.
    """
    import asyncio
    import os

    from tokentape.cli.around import Ending
    from tokentape.cli.standing import Web, standing

    ending = Ending(strict=given.pop("strict"), as_json=given.pop("as_json"), report=given.pop("report"))
    place, page = _place(given), Web("127.0.0.1", given.pop("web_port"), given.pop("opened"))
    settings = read_settings(given)
    environ = {**os.environ, **as_variables(given)}
    return asyncio.run(standing(settings, place, ending, environ, page))


@click.command()
def script() -> int:
    """Print the path of mitmproxy's script.

    For mitmdump, mitmproxy and mitmweb: mitmdump -s "$(tokentape script)".
    """
    click.echo(Path(tokentape.__file__).parent / "script" / "vcr.py")
    return 0


def _place(given: dict[str, Any]) -> "Place":
    from tokentape.cli.around import Place

    return Place(
        given.pop("host"), given.pop("port"), given.pop("upstream_ca"), tuple(given.pop("listen", ("regular",)))
    )


def _around(given: dict[str, Any], *, mode: str = "") -> int:
    argv = given.pop("command")
    if not argv:
        context = click.get_current_context()
        say_error("there is no command to run", f"{context.command_path} -- pytest")
        return TYPED_WRONG
    from dataclasses import replace

    from tokentape.cli import doors
    from tokentape.cli.around import Ending, around

    ending = Ending(given.pop("commit", "success"), given.pop("strict"), given.pop("as_json"), given.pop("report"))
    asked = given.pop("door", doors.MITM)
    place = _place(given)
    settings = read_settings(given, mode=mode)
    place = replace(place, door=doors.choose(settings, place.listen, asked))
    return doors.run(place.door, around(argv, settings, place, ending))
