"""What a person can set: one table of options, and reading their values into ``Settings``.

The rules kept here: an option is one row of ``OPTIONS``, and everything else (mitmproxy's ``--set vcr_NAME=VALUE``, the
flag ``--NAME``, the variable ``TOKENTAPE_NAME``, the help texts, the README's table) is read off that row. A value that
can't be meant stops the start: ``BadSetting`` says which one, where it was set, and what was probably meant.

Pure: the environment comes in as an argument. How a value is read is said in ``values``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tokentape.errors import BadSetting
from tokentape.modes import ALIASES, MODES, ON_MISS
from tokentape.values import (
    FAILURES,
    READ,
    Option,
    Value,
    Wrong,
    all_or_none,
    cassette_name,
    failure,
    host_name,
    is_failure,
    mapping,
    match_part,
    name_of_path,
    near,
    one_target_each,
    pace_word,
    some_parts,
)

__all__ = [
    "FAILURES",
    "OPTIONS",
    "Option",
    "Settings",
    "Source",
    "Value",
    "default_mode",
    "from_environment",
    "is_failure",
    "option_named",
    "parse",
    "unknown_option",
]

PREFIX = "vcr_"
VARIABLE_PREFIX = "TOKENTAPE_"


class Source(StrEnum):
    """Where a value was set; the text is how a person writes one there."""

    SET = "--set vcr_{name}={value}"
    FLAG = "--{flag} {value}"
    VARIABLE = "TOKENTAPE_{upper}={value}"
    FIELD = "{name}: {value}"

    def spell(self, name: str, value: str = "") -> str:
        """The option as it is written here: with a value to paste, without one just its name."""
        text = self.value.format(name=name, flag=name.replace("_", "-"), upper=name.upper(), value=value)
        return text if value else text.removeprefix("--set ").rstrip(" =:")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that was set, read and checked. Made by ``parse``; without arguments it holds the defaults."""

    mode: str = "once"
    library: str = "cassettes"
    cassette: str = ""
    match_on: tuple[str, ...] = ("method", "url", "body")
    pace: str = "fast"
    """``instant``, ``fast``, ``recorded``, or a number above zero as text: how many times faster than recorded."""
    repeat: str = "last"
    on_miss: str = "refuse"
    upstream: tuple[tuple[str, str], ...] = ()
    """Pairs of a host (lower case, with its port where one was given) and the URL that takes its place."""
    ignore_hosts: tuple[str, ...] = ()
    generators: str = ""
    """A Python file; empty for none."""
    simulation: str = ""
    """A file; empty for none."""
    format: str = "yaml"
    save_errors: tuple[str, ...] = ()
    """Of ``401 403 407 408 429``, statuses from ``500`` to ``599``, ``5xx`` for all of these, and ``truncated``."""
    hold: bool = False
    outcome_header: bool = False
    max_body: int = 256 * 1024 * 1024
    """In bytes."""

    def saves_error(self, status: int) -> bool:
        """Is a response of this status written to the cassette? Only those that mean a failed recording are not."""
        if not is_failure(status):
            return True
        return str(status) in self.save_errors or ("5xx" in self.save_errors and status >= 500)

    @property
    def saves_truncated(self) -> bool:
        """Is a response that broke off in the middle written to the cassette?"""
        return "truncated" in self.save_errors


# --- the table --------------------------------------------------------------------------------------------------------

OPTIONS: tuple[Option, ...] = (
    Option(
        "mode",
        "choice",
        "once",
        "What to do with a request that has a recording, and with one that has none. replay if the variable CI is set.",
        "MODE",
        tuple(MODES),
        ALIASES,
    ),
    Option("library", "text", "cassettes", "The folder that holds the cassettes.", "FOLDER"),
    Option("cassette", "text", "", "The cassette of requests that name none.", "NAME", item=cassette_name),
    Option(
        "match_on",
        "list",
        "method,url,body",
        "What has to be equal for a recording to match: also scheme, host, path, query and header:NAME.",
        "PARTS",
        item=match_part,
        whole=some_parts,
    ),
    Option(
        "pace",
        "text",
        "fast",
        "How fast replayed streams come: instant, fast (a millisecond between chunks), recorded, or a factor: 2 is "
        "twice as fast as recorded.",
        "PACE",
        item=pace_word,
    ),
    Option(
        "repeat",
        "choice",
        "last",
        "After the last of several equal recordings: give the last again, always the first, or never one twice.",
        "HOW",
        ("last", "first", "never"),
    ),
    Option(
        "on_miss",
        "choice",
        "refuse",
        "In mode replay, what to do with a request that has no recording: refuse it, or make an answer up.",
        "WHAT",
        ON_MISS,
    ),
    Option(
        "upstream",
        "list",
        "",
        "Record HOST from another place: a local model, a staging server. The cassette keeps the original URL.",
        "HOST=URL",
        item=mapping,
        whole=one_target_each,
    ),
    Option("ignore_hosts", "list", "", "Hosts to forward and never record, in every mode.", "HOSTS", item=host_name),
    Option(
        "generators",
        "text",
        "",
        "A Python file with generators of your own: its functions are asked before an answer is made up.",
        "FILE",
    ),
    Option(
        "simulation",
        "text",
        "",
        "A file with deployments, keys, latency, limits and faults of generated answers; all but the latency act on "
        "replayed ones too.",
        "FILE",
    ),
    Option("format", "choice", "yaml", "How new cassettes are written.", "FORMAT", ("yaml", "json")),
    Option(
        "save_errors",
        "list",
        "false",
        "Also keep answers that say the recording itself failed: true for all, or some of 401, 403, 407, 408, 429, "
        "500 to 599 and truncated.",
        "WHICH",
        item=failure,
        whole=all_or_none,
    ),
    Option(
        "hold",
        "flag",
        "false",
        "In replay, where somebody looks (mitmweb, mitmproxy), hold a request that nothing matches until they decide.",
        "BOOL",
    ),
    Option("outcome_header", "flag", "false", "Say in the header X-Cassette-Outcome what was done.", "BOOL"),
    Option("max_body", "size", "256m", "A body larger than this is forwarded but not recorded.", "SIZE"),
)

_BY_NAME = {option.name: option for option in OPTIONS}


def option_named(name: str) -> Option:
    """The row of an option, by its name with or without ``vcr_``. Raises BadSetting where there is none."""
    option = _BY_NAME.get(name.removeprefix(PREFIX))
    if option is None:
        raise unknown_option(name)
    return option


def unknown_option(name: str) -> BadSetting:
    """The error for an option that does not exist, written with or without ``vcr_`` as ``name`` is."""
    prefix = PREFIX if name.startswith(PREFIX) else ""
    likely = near(name.removeprefix(PREFIX), _BY_NAME)
    every = ", ".join(prefix + key for key in _BY_NAME)
    hint = f"did you mean {prefix}{likely}?" if likely else f"the options are {every}"
    return BadSetting(f"there is no option {prefix}{name.removeprefix(PREFIX)[:60]}", hint)


def parse(values: Mapping[str, Value], sources: Mapping[str, Source] | None = None) -> Settings:
    """Read and check values by option name (with or without ``vcr_``); what is left out has its default.

    A list is text with commas, or several texts. ``sources`` says where each value was set (by default with
    ``--set``), for the words of an error. Raises BadSetting.
    """
    said = sources or {}
    library = values.get("library") or values.get(f"{PREFIX}library") or _BY_NAME["library"].default
    read: dict[str, Any] = {}
    for key, value in values.items():
        option = option_named(key)
        try:
            if option.name == "cassette" and (name := name_of_path(str(value), str(library))):
                raise Wrong("takes a name, and this is a path", name)
            read[option.name] = READ[option.kind](option, value)
        except Wrong as wrong:
            raise _bad_value(option, wrong, said.get(key, Source.SET)) from None
    return Settings(**read)


def _bad_value(option: Option, wrong: Wrong, source: Source) -> BadSetting:
    hints = []
    if wrong.likely:
        hints.append(f"did you mean {source.spell(option.name, wrong.likely)} ?")
    if wrong.takes:
        hints.append(f"{source.spell(option.name)} takes {wrong.takes}")
    if wrong.example and not wrong.likely:
        hints.append(f"for example {source.spell(option.name, wrong.example)}")
    return BadSetting(f"{source.spell(option.name)} {wrong}", "\n".join(hints))


# --- the environment, handed in as a mapping --------------------------------------------------------------------------

_SLIP = 0.75  # how near to an option's name a variable has to be to count as a slip; TOKENTAPE_COMMAND is not


def from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The values of our variables, by option name; an empty variable counts as not set.

    Raises BadSetting for one whose name is nearly that of an option (``TOKENTAPE_MOD``).
    """
    values = {}
    for key, value in environ.items():
        if not key.startswith(VARIABLE_PREFIX):
            continue
        name = key.removeprefix(VARIABLE_PREFIX).lower()
        if name in _BY_NAME:
            if value:
                values[name] = value
        elif likely := near(name, _BY_NAME, _SLIP):
            raise BadSetting(f"there is no variable {key}", f"did you mean {_BY_NAME[likely].variable}?")
    return values


def default_mode(environ: Mapping[str, str]) -> str:
    """The mode where none was given: ``replay`` on a CI machine, so that nothing is recorded there unasked."""
    return "once" if environ.get("CI", "").strip().lower() in ("", "0", "false") else "replay"
