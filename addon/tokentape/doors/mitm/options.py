"""Our options in mitmproxy's words: registered from the one table, read back as ``Settings``."""

import difflib
from collections.abc import Iterable, Mapping, Sequence

from mitmproxy.addonmanager import Loader
from mitmproxy.options import Options

from tokentape.errors import BadSetting
from tokentape.settings import (
    OPTIONS,
    PREFIX,
    Option,
    Settings,
    Source,
    default_mode,
    from_environment,
    parse,
    unknown_option,
)

_TYPES: dict[str, type] = {"list": Sequence[str], "flag": bool}


def register(loader: Loader, environ: Mapping[str, str]) -> None:
    """Add every option; a variable of the environment is its default, so that ``--set`` wins. Raises BadSetting."""
    given = from_environment(environ)
    parse(given, dict.fromkeys(given, Source.VARIABLE))  # a bad variable stops the start even where --set hides it
    for option in OPTIONS:
        fallback = default_mode(environ) if option.name == "mode" else option.default
        text = given.get(option.name, fallback)
        choices = (*option.choices, *option.aliases) if option.choices else None
        loader.add_option(PREFIX + option.name, _typespec(option), _default(option, text), option.meaning, choices)


def settings_from(options: Options) -> Settings:
    """What is set now. Raises BadSetting."""
    values: dict[str, str | Sequence[str]] = {}
    for option in OPTIONS:
        value = getattr(options, PREFIX + option.name)
        values[option.name] = str(value).lower() if isinstance(value, bool) else value
    return parse(values)


def misspelled(deferred: Iterable[str]) -> BadSetting | None:
    """The error for the first ``--set`` that was meant for us and names nothing we have.

    mitmproxy parks unknown names without a word, in case an addon that comes later has them.
    """
    ours = [PREFIX + option.name for option in OPTIONS]
    for name in deferred:
        if name.startswith(PREFIX) or difflib.get_close_matches(name, ours, n=1, cutoff=0.85):
            return unknown_option(name if name.startswith(PREFIX) else PREFIX + name)
    return None


def _typespec(option: Option) -> type:
    return _TYPES.get(option.kind, str)


def _default(option: Option, text: str) -> object:
    if option.kind == "list":
        return [item for item in text.split(",") if item]
    if option.kind == "flag":
        return text.lower() in ("true", "yes", "on", "1")
    return text
