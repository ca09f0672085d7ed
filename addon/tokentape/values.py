"""Reading the values of options: one function for each kind of option, and for each kind of item in a list.

The rule kept here: a value is read, or it is ``Wrong`` with what was probably meant; nothing is guessed. What may hold
a secret (an upstream's URL) is never put into a message. Pure.
"""

import difflib
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tokentape.errors import BadName
from tokentape.names import parse_name
from tokentape.wire import pace

Value = str | Sequence[str]


class Wrong(Exception):
    """A value that can't be: the one probably meant, what the option takes, and an example, as far as there are any."""

    def __init__(self, problem: str, likely: str = "", takes: str = "", example: str = "") -> None:
        super().__init__(problem)
        self.likely = likely
        self.takes = takes
        self.example = example


@dataclass(frozen=True, slots=True)
class Option:
    """A row of the table. ``default`` is text, as a person would type it; ``aliases`` are other words for a choice."""

    name: str
    kind: str
    default: str
    meaning: str
    metavar: str
    choices: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    item: Callable[[str], Any] = str
    """Reads a text, or one item of a list; not called for an empty one."""
    whole: Callable[[tuple[Any, ...]], tuple[Any, ...]] = tuple
    """For a list: looks at all items together."""

    @property
    def repeatable(self) -> bool:
        """May it be given several times (or with commas)?"""
        return self.kind == "list"

    @property
    def flag(self) -> str:
        """The flag of our commands, as ``--match-on``."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable, as ``TOKENTAPE_MATCH_ON``."""
        return "TOKENTAPE_" + self.name.upper()


# --- reading values: one function for each kind -----------------------------------------------------------------------


def _shown(text: str) -> str:
    """A value for a message: quoted, and cut where it is long."""
    return repr(text if len(text) <= 40 else text[:40] + "…")


def near(text: str, words: Iterable[str], cutoff: float = 0.6) -> str:
    """The word that ``text`` is probably a slip of, or an empty string."""
    wanted = text.strip().lower().replace("-", "_")
    return next(iter(difflib.get_close_matches(wanted, list(words), n=1, cutoff=cutoff)), "")


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _one_text(value: Value) -> str:
    """The text of an option that is given once. Of several the last counts, as with every command line."""
    if isinstance(value, str):
        return value
    return value[-1] if value else ""


def _text(option: Option, value: Value) -> str:
    text = _one_text(value)
    if not text and option.default:
        raise Wrong("can't be empty", example=option.default)
    return str(option.item(text)) if text else ""


def _choice(option: Option, value: Value) -> str:
    text = _one_text(value)
    word = option.aliases.get(text, text)
    if word in option.choices:
        return word
    likely = near(text, (*option.choices, *option.aliases))
    raise Wrong(f"can't be {_shown(text)}", option.aliases.get(likely, likely), _listed(option.choices))


_FLAGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _flag(_option: Option, value: Value) -> bool:
    text = _one_text(value)
    if (answer := _FLAGS.get(text.lower())) is None:
        raise Wrong(f"can't be {_shown(text)}", near(text, ("true", "false")), "true or false")
    return answer


_SIZE = re.compile(r"([0-9]{1,15})([kmgt]?)(?:i?b)?", re.ASCII | re.IGNORECASE)
_FACTORS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}


def _size(option: Option, value: Value) -> int:
    text = _one_text(value)
    match = _SIZE.fullmatch(text.strip())
    size = int(match[1]) * _FACTORS[match[2].lower()] if match else 0
    if size < 1:
        raise Wrong(f"can't be {_shown(text)}", takes="a size of at least one byte", example=option.default)
    return size


def _list(option: Option, value: Value) -> tuple[Any, ...]:
    texts = [value] if isinstance(value, str) else value
    items = [item.strip() for text in texts for item in text.split(",")]
    return option.whole(tuple(dict.fromkeys(option.item(item) for item in items if item)))


READ: Mapping[str, Callable[[Option, Value], Any]] = {
    "choice": _choice,
    "text": _text,
    "list": _list,
    "flag": _flag,
    "size": _size,
}

# --- reading texts and the items of lists -----------------------------------------------------------------------------


def name_of_path(text: str, library: str) -> str:
    """The name of the cassette that a text is the path of; empty if it is none of a file in the library."""
    stem, ending = posixpath.splitext(posixpath.normpath(text))
    folder = f"{posixpath.normpath(library)}/"
    return stem.removeprefix(folder) if ending in (".yaml", ".json") and stem.startswith(folder) else ""


def cassette_name(text: str) -> str:
    try:
        return parse_name(text)
    except BadName as error:
        raise Wrong(f"has a {error}", takes=error.hint.removeprefix("a name is ")) from None


MATCH_PARTS = ("method", "url", "body", "scheme", "host", "path", "query")
_HEADER = re.compile(r"header:[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def match_part(text: str) -> str:
    part = text.lower()
    if part in MATCH_PARTS or _HEADER.fullmatch(part):
        return part
    raise Wrong(f"can't hold {_shown(text)}", near(text, MATCH_PARTS), f"{', '.join(MATCH_PARTS)} and header:NAME")


def some_parts(parts: tuple[str, ...]) -> tuple[str, ...]:
    if not parts:
        raise Wrong("needs a part: without any, each request matches each recording", example="method,url,body")
    return parts


_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")


def pace_word(text: str) -> str:
    word = text.strip().lower()
    try:
        pace.factor_of(word)
    except ValueError:
        likely = near(word, pace.WORDS)
        raise Wrong(f"can't be {_shown(text)}", likely, "instant, fast, recorded or a factor above zero", "2") from None
    return word


def host_name(text: str) -> str:
    host = text.lower().removesuffix(".")
    if _HOST.fullmatch(host):
        return host
    bare = urlsplit(host).hostname if "://" in host and "[" not in host else ""
    raise Wrong("needs a host name, without scheme or path", bare or "", "HOST or HOST:PORT", "api.openai.com")


def mapping(text: str) -> tuple[str, str]:
    """``HOST=URL``. The URL may hold a password, so no message repeats it."""
    host_text, equals, target = text.partition("=")
    if "://" in host_text:
        raise Wrong("says for no host what its target is", example="api.openai.com=https://127.0.0.1:8443")
    host = host_name(host_text.strip())
    if not equals:
        raise Wrong(f"says no target for {host}", example=f"{host}=https://127.0.0.1:8443")
    return host, _target(host, target.strip())


def _target(host: str, text: str) -> str:
    example = f"{host}=https://127.0.0.1:8443"
    try:
        url = urlsplit(text)
        where, _port = url.hostname, url.port
    except ValueError:
        raise Wrong(f"has a target for {host} that is no URL", example=example) from None
    if url.scheme not in ("http", "https") or not where:
        raise Wrong(f"needs an http:// or https:// URL as the target for {host}", example=example)
    if url.username is not None or url.password is not None:
        raise Wrong(f"has a user or password in the target for {host}, which is not supported", example=example)
    if url.query or url.fragment:
        raise Wrong(
            f"has a query or fragment in the target for {host}; only a path can be put in front", example=example
        )
    return text.rstrip("/")


def one_target_each(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    hosts = [host for host, _ in pairs]
    if twice := next((host for host in hosts if hosts.count(host) > 1), ""):
        raise Wrong(f"has two targets for {twice}; give it one")
    return pairs


FAILURES = ("401", "403", "407", "408", "429", "5xx", "truncated")


def is_failure(status: int) -> bool:
    """Does this status say that the recording failed (no access, too many, broken), not what the API answers?"""
    return 500 <= status <= 599 or str(status) in FAILURES


def failure(text: str) -> str:
    word = text.lower()
    if word in (*FAILURES, "true", "false") or (word.isascii() and word.isdigit() and is_failure(int(word))):
        return word
    if word.isascii() and word.isdigit():
        raise Wrong(f"can't hold {_shown(text)}: an answer of that status is always saved", takes=_SAVED_LIST)
    likely = near(text, (*FAILURES, "true", "false"))
    raise Wrong(f"can't hold {_shown(text)}", likely, _SAVED_LIST)


_SAVED_LIST = "true, false, or a list of 401, 403, 407, 408, 429, 500 to 599, 5xx and truncated"


def all_or_none(words: tuple[str, ...]) -> tuple[str, ...]:
    match words:
        case ("true",):
            return FAILURES
        case ("false",):
            return ()
        case _ if {"true", "false"} & set(words):
            raise Wrong("is either true, or false, or a list", takes=_SAVED_LIST)
        case _:
            return words
