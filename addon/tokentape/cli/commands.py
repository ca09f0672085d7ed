"""The commands and their flags. Each puts its settings together and hands over; no work is done here."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

import tokentape
from tokentape.cli.around import Ending, Place, around
from tokentape.cli.options import read_settings, settings_flags
from tokentape.cli.standing import standing
from tokentape.cli.talk import INTERRUPTED, TYPED_WRONG, report_trouble, report_usage, say, say_error
from tokentape.errors import TokentapeError
from tokentape.settings import OPTIONS

PROXY_PORT = 8080  # mitmproxy's own default

Decorated = Callable[..., Any]


def _together(*decorators: Callable[[Decorated], Decorated]) -> Callable[[Decorated], Decorated]:
    """Several flags as one decorator, in the order given."""

    def decorate(function: Decorated) -> Decorated:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


_HOST = click.option("--host", default="127.0.0.1", metavar="ADDRESS", show_default=True, help="Address to listen on.")
_UPSTREAM_CA = click.option(
    "--upstream-ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Certificates to trust upstream, besides the usual ones.",
)
_STRICT = click.option(
    "--strict", is_flag=True, help="Exit with 3 if something was refused, not recorded or never used."
)
_LISTEN = click.option(
    "--listen",
    multiple=True,
    default=("regular",),
    metavar="MODE",
    show_default="regular",
    help="How to listen, in mitmproxy's words: regular, or reverse:https://api.openai.com for a base URL.",
)


def _port(default: int, meaning: str) -> Callable[[Decorated], Decorated]:
    return click.option("--port", type=click.IntRange(0, 65535), default=default, metavar="PORT", help=meaning)


def _json(meaning: str) -> Callable[[Decorated], Decorated]:
    return click.option("--json", "as_json", is_flag=True, help=meaning)


_AROUND = _together(
    _HOST,
    _port(0, "Port to listen on. [default: a free one]"),
    _UPSTREAM_CA,
    _STRICT,
    _json("Print the summary as JSON (on stderr)."),
    click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND..."),
)
_COMMIT = click.option(
    "--commit",
    type=click.Choice(("success", "always")),
    default="success",
    show_default=True,
    help="Publish what was recorded only if the command succeeds, or always.",
)
# What a replay from the library alone has no use for.
_NOT_FOR_CERTIFY = ("mode", "cassette", "repeat", "upstream", "ignore_hosts", "format", "save_errors", "outcome_header")
# Flags of the command that is run are its own, even without the -- in front of it.
_OWN_FLAGS_FIRST = {"allow_interspersed_args": False}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(tokentape.__version__, prog_name="tokentape", message="%(prog)s %(version)s")
def commands() -> None:
    """Record what a program says to an LLM API, and replay it without network or key."""


@commands.command(context_settings=_OWN_FLAGS_FIRST)
@_together(settings_flags(without=("mode",)), _COMMIT, _AROUND)
def record(**given: Any) -> int:
    """Run COMMAND and record what it asks.

    Every answer is recorded anew and replaces what the cassettes held, once COMMAND has succeeded.
    """
    return _around(given, mode="record")


@commands.command(context_settings=_OWN_FLAGS_FIRST)
@_together(settings_flags(without=("mode",)), _AROUND)
def replay(**given: Any) -> int:
    """Run COMMAND on recordings alone.

    The network is never touched: what has no recording is refused, and told at the end.
    """
    return _around(given, mode="replay")


@commands.command(context_settings=_OWN_FLAGS_FIRST)
@_together(settings_flags(), _COMMIT, _AROUND)
def run(**given: Any) -> int:
    """Run COMMAND in the mode you choose."""
    return _around(given)


@commands.command()
@_together(
    _LISTEN,
    _HOST,
    _port(PROXY_PORT, f"Port to listen on, 0 for a free one. [default: {PROXY_PORT}]"),
    settings_flags(),
    _UPSTREAM_CA,
    _STRICT,
    _json("Print the address, and at the end the summary, as a line of JSON each."),
)
def proxy(**given: Any) -> int:
    """Run the proxy until Ctrl-C."""
    ending = Ending(strict=given.pop("strict"), as_json=given.pop("as_json"))
    place = _place(given)
    return asyncio.run(standing(read_settings(given), place, ending))


@commands.command()
def script() -> int:
    """Print the path of mitmproxy's script.

    For mitmdump, mitmproxy and mitmweb: mitmdump -s "$(tokentape script)".
    """
    click.echo(Path(tokentape.__file__).parent / "script" / "vcr.py")
    return 0


@commands.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--http",
    type=click.Choice(("1.1", "2", "both")),
    default="both",
    show_default=True,
    help="The version of HTTP to replay over.",
)
@_together(settings_flags(without=_NOT_FOR_CERTIFY), _json("Print what was compared as JSON."))
def certify(**given: Any) -> int:
    """Prove that cassettes replay as recorded.

    Each interaction (of the cassettes NAME, or of all) is replayed through the proxy and compared on the wire: bytes,
    chunk boundaries, headers, trailers; and the times of the chunks, at the recorded pace unless --pace says otherwise.
    Exits with 1 where something is not equal that should be.
    """
    from tokentape.cli.certifying import VERSIONS, certifying

    version, wanted, as_json = given.pop("http"), given.pop("names"), given.pop("as_json")
    given["pace"] = given["pace"] or "recorded"
    settings = read_settings(given, mode="replay")
    return asyncio.run(certifying(wanted, settings, VERSIONS if version == "both" else (version,), as_json=as_json))


@commands.command("recover")
@click.option("--discard", is_flag=True, help="Throw the takes away instead.")
def recover_command(discard: bool) -> int:
    """Publish takes that runs left.

    A run leaves its takes when its command fails, or when it is cut short. Each goes into the library it was recorded
    for, after what is there.
    """
    from tokentape.cli.recovering import recover

    return recover(discard=discard)


@commands.command("check")
@_together(
    settings_flags(without=tuple(option.name for option in OPTIONS if option.name != "library")),
    _json("Print what was found as JSON."),
    click.argument("targets", nargs=-1, metavar="[FILE|NAME|FOLDER]..."),
)
def check_command(**given: Any) -> int:
    """Look through cassettes and say what is wrong with them.

    All of the library, or the files, cassettes and folders you name. Exits with 1 if there are errors; notes are no
    errors. Nothing is changed.
    """
    from tokentape.cli.checking import check

    targets, as_json = given.pop("targets"), given.pop("as_json")
    return check(targets, read_settings(given).library, as_json=as_json)


def _place(given: dict[str, Any]) -> Place:
    return Place(
        given.pop("host"), given.pop("port"), given.pop("upstream_ca"), tuple(given.pop("listen", ("regular",)))
    )


def _around(given: dict[str, Any], *, mode: str = "") -> int:
    argv = given.pop("command")
    if not argv:
        context = click.get_current_context()
        say_error("there is no command to run", f"{context.command_path} -- pytest")
        return TYPED_WRONG
    ending = Ending(given.pop("commit", "success"), given.pop("strict"), given.pop("as_json"))
    place = _place(given)
    return asyncio.run(around(argv, read_settings(given, mode=mode), place, ending))


def run_command_line(arguments: Sequence[str] | None = None) -> int:
    """Run the commands and turn every way they can end into an exit code."""
    try:
        code = commands.main(
            list(sys.argv[1:] if arguments is None else arguments), prog_name="tokentape", standalone_mode=False
        )
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return error.exit_code
    except click.ClickException as error:
        return report_usage(error)
    except TokentapeError as error:
        return report_trouble(error)
    except (KeyboardInterrupt, click.Abort):
        say("interrupted")
        return INTERRUPTED
    return code if isinstance(code, int) else 0
