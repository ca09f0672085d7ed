"""Which cassette a request belongs to: the grammar of names, and the order of the places a name can stand in.

A name becomes a path below the library, so the grammar is the fence: ASCII letters, digits, ``.``, ``_``, ``-`` in
parts joined by ``/``, no part starting with ``.``, at most 200 characters. What does not fit is refused before any
file is looked at. An empty name is no name.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from urllib.parse import unquote

from tokentape.errors import BadName

LONGEST_NAME = 200
RESERVED = "unnamed"
NAME_HEADER = "X-Cassette-Name"
SESSION_HEADER = "X-Cassette-Session"
FAULT_HEADER = "X-Cassette-Fault"
# How each of our headers starts, and what is meant for one.
START = "x-c"
# The headers that are meant for us: none of them goes upstream.
OURS = (NAME_HEADER, SESSION_HEADER, FAULT_HEADER)

_PART = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*")
_SESSION = re.compile(_PART)
_ENDING = re.compile(r"\.(?:yaml|json)$")
_PREFIX = re.compile(r"/@([^/?#]+)(?=[/?#]|$)")
# Password of a proxy URL that stands for "no session": some clients send no credentials at all without a password.
NO_SESSION = "x"

_OURS = {name.lower(): name for name in OURS}

RULE = (
    f"a name is parts of ASCII letters, digits, '.', '_' and '-' joined by '/', at most {LONGEST_NAME} characters, "
    "no part starting with '.'"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a request says it belongs: a cassette's name (None: unnamed), a session id (empty: the proxy's own)."""

    cassette: str | None = None
    session: str = ""


@lru_cache(maxsize=1024)
def parse_name(text: str) -> str:
    """The cassette a text names, less one ``.yaml`` or ``.json`` ending. Raises BadName."""
    if len(text) > LONGEST_NAME:
        raise BadName(f"bad cassette name {_shown(text)}: {len(text)} characters", RULE)
    name = _ENDING.sub("", text)
    if not _NAME.fullmatch(name):
        raise BadName(f"bad cassette name {_shown(text)}", RULE)
    if name.split("/")[0].lower() == RESERVED:
        raise BadName(f"bad cassette name {_shown(text)}: '{RESERVED}' is kept for requests without a name", RULE)
    return name


def parse_session(text: str) -> str:
    """A session id: one part of a name. Raises BadName."""
    if len(text) > LONGEST_NAME or not _SESSION.fullmatch(text):
        raise BadName(f"bad session id {_shown(text)}", "a session id is one part of a cassette name")
    return text


def one_value(values: Sequence[str], header: str) -> str:
    """The one value a header has, or ``""``. Raises BadName when two values differ."""
    given = {value.strip() for value in values} - {""}
    if len(given) > 1:
        raise BadName(f"{header} was given {len(given)} different values", f"send one {header} a request")
    return given.pop() if given else ""


def resolve(
    headers: Sequence[str],
    proxy_user: str,
    prefix: str,
    option: str,
    *,
    sessions: Sequence[str] = (),
    proxy_password: str = "",
) -> Asked:
    """The first place that names a cassette wins: header, proxy user, path prefix, option.

    ``headers`` and ``sessions`` are all values of the two headers; ``prefix`` is what stood behind ``/@``, decoded:
    ``NAME`` or ``NAME:SESSION``. Raises BadName.
    """
    prefix_name, _, prefix_session = prefix.partition(":")
    name = one_value(headers, NAME_HEADER) or proxy_user or prefix_name or option
    password = "" if proxy_password == NO_SESSION else proxy_password
    session = one_value(sessions, SESSION_HEADER) or password or prefix_session
    return Asked(parse_name(name) if name else None, parse_session(session) if session else "")


def check_spelling(headers: Iterable[str]) -> None:
    """Raises BadName for a header that was meant for us and is misspelled: it would name nothing, and go upstream."""
    for given in headers:
        if given[:3].lower() == START and (meant := _meant(given.lower())):
            raise BadName(f"there is no header {_shown(given)}", f"did you mean {meant}?")


@lru_cache(maxsize=256)
def _meant(lower: str) -> str:
    """Which of our headers a name is a misspelling of, or ``""``."""
    likely = get_close_matches(lower, _OURS, n=1, cutoff=0.85) if lower not in _OURS else ()
    return _OURS[likely[0]] if likely else ""


def split_prefix(path: str) -> tuple[str, str]:
    """``/@NAME/v1/chat`` becomes ``("NAME", "/v1/chat")``; a path without a prefix ``("", path)``.

    A name with ``/`` in it is written with ``%2F`` there.
    """
    found = _PREFIX.match(path)
    if not found:
        return "", path
    rest = path[found.end() :]
    return unquote(found[1]), rest if rest.startswith("/") else "/" + rest


def unnamed_cassette(host: str, path: str, digest: str) -> str:
    """The cassette for a request without a name: ``unnamed/<host>/<path words>-<digest>``; ``digest`` is 12 hex."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", path).strip("-").lower()[:60].strip("-")
    place = re.sub(r"[^a-z0-9.-]+", "-", host.lower()).strip(".-") or "host"
    return f"{RESERVED}/{place[:80]}/{words or 'root'}-{digest}"


def _shown(text: str) -> str:
    """A name as an error shows it: one short line, nothing a terminal would act on."""
    short = text if len(text) <= 40 else text[:37] + "..."
    return ascii(short)
