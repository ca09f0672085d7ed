"""Find the secrets in the value of a header: a cookie's value, the key behind a scheme or in a subprotocol, URLs.

The rule: bytes in, offsets out, as in a body; what of a header goes as a whole is the role of its name.
"""

import re
from collections.abc import Iterable, Iterator

from tokentape.facts.places import SECRET_SUBPROTOCOLS
from tokentape.redaction.spans import Span, authorization_spans, url_alone, urls_in

# NAME=VALUE at the start of Set-Cookie, and where recorders joined several with commas: there after an attribute.
_COOKIE_VALUE = rb'\s*+((?:"[^"]*+"|[^;])++)'
_COOKIE = re.compile(rb"\s*+(?:[^=;]*+=)?+" + _COOKIE_VALUE)
_JOINED_COOKIE = re.compile(rb";[^;,]*+(?:,(?!\s*+[^\s;,=]++=)[^;,]*+)*+,\s*+[^\s;,=]++=" + _COOKIE_VALUE)

# The whole value is one URL, maybe a relative one.
_URL_HEADERS = frozenset({"location", "content-location"})


def may_hold_secret(name: str, role: str | None, value: str) -> bool:
    """Whether a header (lower case), with its role if it has one, is worth a look: a cheap question first."""
    return role is not None or "://" in value or name in _URL_HEADERS


def header_spans(name: str, role: str | None, data: bytes) -> Iterable[Span]:
    """The secrets of a header's value; ``name`` in lower case, ``role`` that of the name."""
    if role is None:
        return url_alone(data) if name in _URL_HEADERS else urls_in(data)
    if role == "cookie":
        return _cookie_spans(data)
    if role == "authorization":
        return authorization_spans(data, 0, len(data))
    if role == "subprotocol":
        return _subprotocol_spans(data)
    return [Span(0, len(data), role, data.decode("utf-8", "surrogateescape"))] if data else ()


def values_in(role: str, value: str) -> Iterator[tuple[str, str]]:
    """The secrets of a request header that goes as a whole, each with its role: what stands behind the scheme, the
    value of each cookie."""
    data = value.encode("utf-8", "surrogateescape")
    if role == "authorization":
        yield from ((span.role, span.value) for span in authorization_spans(data, 0, len(data)))
    elif role == "cookie":
        yield from ((role, pair.partition("=")[2].strip()) for pair in value.split(";"))
    else:
        yield role, value


def _cookie_spans(data: bytes) -> Iterable[Span]:
    first = _COOKIE.match(data)
    joined = _JOINED_COOKIE.finditer(data)
    for match in (first, *joined) if first else joined:
        yield Span(match.start(1), match.end(1), "cookie", match[1].decode("utf-8", "surrogateescape"))


def _subprotocol_spans(data: bytes) -> Iterator[Span]:
    for part in re.finditer(rb"[^,\s]++", data):
        for start, role in SECRET_SUBPROTOCOLS.items():
            if part[0].startswith(start.encode()) and len(part[0]) > len(start):
                value = part[0][len(start) :].decode("utf-8", "surrogateescape")
                yield Span(part.start() + len(start), part.end(), role, value)
