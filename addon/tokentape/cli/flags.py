"""Flags that several commands share. What stands in the table of settings is made into flags by ``options``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorated = Callable[..., Any]


def together(*decorators: Callable[[Decorated], Decorated]) -> Callable[[Decorated], Decorated]:
    """Several flags as one decorator, in the order given."""

    def decorate(function: Decorated) -> Decorated:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def port(default: int, meaning: str) -> Callable[[Decorated], Decorated]:
    """``--port``, with what it means for a command."""
    return click.option("--port", type=click.IntRange(0, 65535), default=default, metavar="PORT", help=meaning)


def json_flag(meaning: str) -> Callable[[Decorated], Decorated]:
    """``--json``, with what a command prints then; the command gets it as ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help=meaning)


HOST = click.option("--host", default="127.0.0.1", metavar="ADDRESS", show_default=True, help="Address to listen on.")
UPSTREAM_CA = click.option(
    "--upstream-ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Certificates to trust upstream, besides the usual ones.",
)
STRICT = click.option(
    "--strict",
    is_flag=True,
    help="Exit with 3 if something was refused, made up, not recorded or never used, or if nothing came at all.",
)
REPORT = click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the summary as JSON to FILE as well.",
)
LISTEN = click.option(
    "--listen",
    multiple=True,
    default=("regular",),
    metavar="MODE",
    show_default="regular",
    help="How to listen, in mitmproxy's words: regular, or reverse:https://api.openai.com for a base URL.",
)
COMMIT = click.option(
    "--commit",
    type=click.Choice(("success", "always")),
    default="success",
    show_default=True,
    help="Publish what was recorded only if the command succeeds, or always.",
)
DOOR = click.option(
    "--door",
    type=click.Choice(("mitm", "fast")),
    help="Who answers: mitmproxy, or the fast server, which only replays and speaks HTTP/1.1. [default: fast, where "
    "it can do what is asked]",
)
