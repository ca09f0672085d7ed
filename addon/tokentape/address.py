"""A URL in its normal form (RFC 3986, section 6.2), taken apart: scheme, host, path, query.

The rule: only spellings of one address become equal. Percent-encodings are upper case, unreserved characters stand for
themselves, characters that a URL can't hold are encoded, dot segments are resolved, a default port and an empty path
are written one way; hosts are named as ``facts`` names them. User info and fragment never reach a server's choice and
are dropped, as are query pairs that hold credentials or parts of a signature: by name, whatever their value.

What RFC 3986 keeps apart stays apart: ``+`` and ``%20``, ``a`` and ``a=``, ``//`` and ``/``, a final ``/`` and none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, unquote

from tokentape.facts.places import secret_query_names
from tokentape.facts.providers import VARYING_QUERY_KEYS, canonical_host

type Pairs = tuple[tuple[str, str | None], ...]

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# The syntax of any URI: RFC 3986, appendix B.
_PIECES = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?")
# An encoded character, or one that has to be: not printable ASCII, or none of the characters of section 2.
_ENCODABLE = re.compile(r"%([0-9A-Fa-f]{2})|[^!#-;=?-Z_a-z~]")

# Programs send few different URLs, many times. Long ones are not remembered: they would take up the memory.
_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request goes. Hosts have their port unless it is the scheme's own; ``written_host`` is no alias yet.

    ``query`` holds (name, value) in normal encoding, sorted by name, the order within a name kept; the value is None
    for a pair without ``=``. Empty pairs are left out.
    """

    scheme: str
    written_host: str
    host: str
    path: str
    query: Pairs


def address_of(url: str) -> Address:
    """The address that an absolute URL stands for. Any text has one; nothing is raised."""
    return _remembered(url) if len(url) <= _REMEMBERED else _taken_apart(url)


def _taken_apart(url: str) -> Address:
    found = _PIECES.match(url)
    assert found is not None, "the pattern matches any text"
    scheme, authority, path, query = (piece or "" for piece in found.groups())
    host = _host(scheme.lower(), authority)
    return Address(scheme.lower(), host, canonical_host(host), _path(path), _query(query, url))


_remembered = lru_cache(maxsize=4096)(_taken_apart)


def authority(host: str, port: int) -> str:
    """Host and port as a URL and CONNECT have them: ``api.openai.com:443``, ``[::1]:8080``."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def origin(scheme: str, host: str, port: int) -> str:
    """What stands in front of a URL's path: ``https://api.openai.com``, ``http://[::1]:8080``."""
    whole = f"{scheme}://{authority(host, port)}"
    return whole.removesuffix(f":{port}") if port == _PORTS.get(scheme) else whole


def port_of(url: SplitResult) -> int:
    """The port that a URL leads to, also where it names none. Raises ValueError for what is no port."""
    return url.port or _PORTS.get(url.scheme, 443)


def normal(text: str) -> str:
    """Percent-encoding in its normal form: upper case, and none where none is needed."""
    return _ENCODABLE.sub(_encoded, text)


def decoded(name: str) -> str:
    """A name or value of a query as it reads without percent-encoding; ``+`` stays."""
    return unquote(name, errors="replace") if "%" in name else name


def _encoded(found: re.Match[str]) -> str:
    if not found[1]:
        return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass"))
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else found[0].upper()


def _host(scheme: str, authority: str) -> str:
    host = authority.rpartition("@")[2].lower()
    name, colon, port = host.rpartition(":")
    if colon and (not port or port == str(_PORTS.get(scheme))):
        return name
    return host


def _path(path: str) -> str:
    path = normal(path) or "/"
    return "/".join(_without_dots(path.split("/"))) if "/." in path else path


def _without_dots(segments: Sequence[str]) -> list[str]:
    """Resolve ``.`` and ``..`` (section 5.2.4); the first segment is the empty one in front of the first slash."""
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return kept


def _query(query: str, url: str) -> Pairs:
    gone = VARYING_QUERY_KEYS | secret_query_names(url).keys()
    pairs = [_pair(pair) for pair in query.split("&") if pair]
    return tuple(sorted((pair for pair in pairs if decoded(pair[0]).lower() not in gone), key=lambda pair: pair[0]))


def _pair(written: str) -> tuple[str, str | None]:
    name, equals, value = normal(written).partition("=")
    return name, value if equals else None
