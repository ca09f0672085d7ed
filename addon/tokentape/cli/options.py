"""Flags made from the table of settings, and the values they, the environment and a command give, put together."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import click

from tokentape.settings import (
    OPTIONS,
    Option,
    Settings,
    Source,
    Value,
    default_mode,
    from_environment,
    option_named,
    parse,
)

Decorated = Callable[..., Any]

# What settings_flags leaves out for a command that only needs to know where the cassettes are.
LIBRARY_ALONE = tuple(option.name for option in OPTIONS if option.name != "library")


def settings_flags(
    *, without: tuple[str, ...] = (), defaults: Mapping[str, str] | None = None
) -> Callable[[Decorated], Decorated]:
    """One flag for each option of the table; the command gets their values by option name.

    ``defaults`` are words for the help of a command that has others than the table: ``{"mode": "replay"}``.
    """

    def decorate(function: Decorated) -> Decorated:
        for option in reversed(OPTIONS):
            if option.name not in without:
                function = _flag(option, (defaults or {}).get(option.name, ""))(function)
        return function

    return decorate


def _flag(option: Option, default: str = "") -> Callable[[Decorated], Decorated]:
    # Text all the way, and never click's own types or variables: parse() reads a value the same wherever it was set.
    default = default or option.default
    shown = f"{option.meaning} [default: {default}]" if default else option.meaning
    if option.kind == "flag":
        both = f"{option.flag}/--no-{option.flag.removeprefix('--')}"
        return click.option(both, option.name, default=None, callback=_as_text, help=shown)
    words = f"{shown} One of: {', '.join(option.choices)}." if option.choices else shown
    return click.option(
        option.flag, option.name, metavar=option.metavar, multiple=option.repeatable, default=None, help=words
    )


def _as_text(_context: click.Context, _parameter: click.Parameter, value: bool | None) -> str | None:
    return None if value is None else str(value).lower()


def read_settings(
    flags: Mapping[str, Any],
    environ: Mapping[str, str] = os.environ,
    *,
    mode: str = "",
    base: Mapping[str, Value] | None = None,
) -> Settings:
    """Flags, else variables, else ``base``, else defaults. ``mode`` is the one that the command itself stands for, if
    it does.

    Raises BadSetting.
    """
    values: dict[str, Value] = {"mode": default_mode(environ), **(base or {})}
    sources: dict[str, Source] = {}
    for source, given in (
        (Source.VARIABLE, from_environment(environ)),
        (Source.FLAG, {name: value for name, value in flags.items() if value not in (None, ())}),
    ):
        values |= given
        sources |= dict.fromkeys(given, source)
    if mode:
        values["mode"] = mode
    return parse(values, sources)


def as_variables(flags: Mapping[str, Any]) -> dict[str, str]:
    """Flags as the variables that say the same, for a program that reads no flags of ours."""
    said = {option_named(name).variable: value for name, value in flags.items() if value not in (None, ())}
    return {variable: value if isinstance(value, str) else ",".join(value) for variable, value in said.items()}
