"""Find the secrets in a body: where each stands, and its role. Nothing is changed here.

Known places only, told by name: members of JSON (also in the events of a stream), fields of forms and of multipart,
elements of XML, the query and the user info of URLs in any text.

Rules kept here: bytes in, offsets out, so that whatever is not a secret stays as it is to the byte; a damaged or cut
body is searched all the same; time grows with the size of the body alone (the expressions are possessive).
"""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from urllib.parse import quote_from_bytes, unquote_plus

from tokentape.facts.places import (
    flat_name,
    may_be_secret_in_query,
    secret_field_names,
    secret_query_names,
    secret_role,
)
from tokentape.wire.framing import media_type

_NO_NAMES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Span:
    """``data[start:end]`` is a secret of this role; ``value`` is what it means, without the escapes it is written in.

    Searches in any other way may add their own: whatever is a Span gets its placeholder in the same way. ``frame`` is
    what the placeholder is put into first, where the secret was found in an encoded text.
    """

    start: int
    end: int
    role: str
    value: str
    frame: "Frame | None" = None


@dataclass(frozen=True, slots=True)
class Frame:
    """An encoded text with a secret in it: the decoded ``parts`` that stood around each time it was there.

    ``coding`` is ``base64``, ``base64url``, ``hex``, ``HEX`` or ``AS_IT_IS``; ``padded`` says that ``=`` filled it up,
    ``quoted`` that it stood in a URL.
    """

    parts: tuple[bytes, ...]
    coding: str
    padded: bool = False
    quoted: bool = False

    def filled(self, text: bytes) -> bytes:
        """The encoded text with ``text`` in place of the secret, encoded as it was."""
        encoded = _ENCODE[self.coding](text.join(self.parts))
        return self._escaped(encoded if self.padded else encoded.rstrip(b"="))

    def plain(self, text: bytes) -> bytes:
        """The same in one alphabet and without padding: two secrets of different length then leave the same."""
        return self._escaped(_ENCODE[_PLAIN_CODING[self.coding]](text.join(self.parts)).rstrip(b"="))

    def _escaped(self, encoded: bytes) -> bytes:
        return quote_from_bytes(encoded, safe="").encode() if self.quoted else encoded


AS_IT_IS = "as it is"
_PLAIN_CODING: Mapping[str, str] = {
    AS_IT_IS: AS_IT_IS,
    "base64": "base64url",
    "base64url": "base64url",
    "hex": "hex",
    "HEX": "hex",
}
_ENCODE: Mapping[str, Callable[[bytes], bytes]] = {
    AS_IT_IS: bytes,
    "base64": b64encode,
    "base64url": urlsafe_b64encode,
    "hex": lambda plain: plain.hex().encode(),
    "HEX": lambda plain: plain.hex().upper().encode(),
}


def body_spans(body: bytes, content_type: str, members: Mapping[str, str] = _NO_NAMES) -> list[Span]:
    """The secrets of a decoded body, in order and apart. ``members`` are more JSON names (flat), each with its role."""
    if not body:
        return []
    kind = media_type(content_type)
    found: list[Iterable[Span]] = [urls_in(body)]
    if members or _may_name_a_secret(body):
        found.append(_json_spans(body, members))
    if body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        found.append(_xml_spans(body))
    if kind.startswith("multipart/"):
        found.append(_multipart_spans(body))
    if kind == "application/x-www-form-urlencoded" or (not kind and _LIKE_A_FORM.fullmatch(body)):
        found.append(_form_spans(body))
    return apart(chain.from_iterable(found))


def apart(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, each of those that overlap joined to the first of them."""
    apart: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not apart or span.start >= apart[-1].end:
            apart.append(span)
        elif span.end > apart[-1].end:
            last = apart.pop()
            apart.append(Span(last.start, span.end, last.role, last.value + span.value))
    return apart


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


# --- JSON

# How telling names end, with the quote and colon behind them: looking for these costs a tenth of reading every member,
# and most bodies hold none. A test holds that each name of the tables ends like one of them.
_STEMS = (
    *(b'token":', b'key":', b'keyid":', b'key_id":', b'key-id":', b'secret":', b'password":', b'passwd":'),
    *(b'phrase":', b'assertion":', b'verifier":', b'authorization":', b'binary":', b'response":', b'code":'),
    *(b'nstring":', b'tstring":', b'_string":', b'-string":', b'.string":'),  # of connections, of secrets
    *(b'" :', b'"\t:', b'"\r:', b'"\n:'),  # a writer that puts space before colons: read every member
)
_SLICE, _OVERLAP = 1 << 20, 64
_ESCAPED_LETTER = re.compile(rb"\\u00[4-7]")

# A name that could tell, and the string, object or array it has. It can't start inside of a string: there a quote has
# a backslash before it. It can't span two strings either: between them stand marks, never letters.
_MEMBER = re.compile(
    rb'"(?<![^{,\s]")([A-Za-z][A-Za-z0-9_.\\-]{2,99}+)"\s*+:\s*+(?:"((?:[^"\\]++|\\.)*+)"?+|([{\[]))', re.DOTALL
)
_STRING_IN_LIST = re.compile(
    rb'\s*+(?:(?:null|true|false|-?[0-9][0-9.eE+-]*+)\s*+,\s*+)*+"((?:[^"\\]++|\\.)*+)"?+(\s*+,)?+', re.DOTALL
)
# {"client_secret": {"value": "ek_...", "expires_at": 1}}: the plain members before the one called value.
_VALUE_IN_OBJECT = re.compile(
    rb'(?:\s*+"(?!value")[^"\\]*+"\s*+:\s*+(?:"(?:[^"\\]++|\\.)*+"|[^"\s,{}\[\]]++)\s*+,)*+'
    rb'\s*+"value"\s*+:\s*+"((?:[^"\\]++|\\.)*+)',
    re.DOTALL,
)


def _may_name_a_secret(body: bytes) -> bool:
    # In slices, for a large body should not be there twice; none of the words is as long as they overlap.
    for at in range(0, len(body), _SLICE):
        lower = body[at : at + _SLICE + _OVERLAP].lower()
        if any(stem in lower for stem in _STEMS):
            return True
    return _ESCAPED_LETTER.search(body) is not None


@lru_cache(maxsize=8192)
def _member_name(raw: bytes) -> str:
    """The name of a member as meant: ``pass\\u0077ord`` is ``password``."""
    return _unescaped(raw)


def _unescaped(raw: bytes) -> str:
    """What a JSON string (without its quotes) means; text that is no valid string means itself."""
    if b"\\" not in raw:
        return _text(raw)
    try:
        return str(json.loads(f'"{_text(raw)}"', strict=False))
    except ValueError:
        return _text(raw)


def _json_spans(body: bytes, members: Mapping[str, str]) -> Iterator[Span]:
    for match in _MEMBER.finditer(body):
        name = _member_name(match[1])
        role = secret_role(name) or (members.get(flat_name(name)) if members else None)
        if role is None:
            continue
        if match[2] is not None:
            yield from _string_spans(body, match.start(2), match.end(2), role)
        elif match[3] == b"[":
            yield from _list_spans(body, match.end(), role)
        elif inner := _VALUE_IN_OBJECT.match(body, match.end()):
            yield from _string_spans(body, inner.start(1), inner.end(1), role)


def _list_spans(body: bytes, position: int, role: str) -> Iterator[Span]:
    while match := _STRING_IN_LIST.match(body, position):
        yield from _string_spans(body, match.start(1), match.end(1), role)
        if match[2] is None:
            return
        position = match.end()


def _string_spans(body: bytes, start: int, end: int, role: str) -> Iterator[Span]:
    if role == "authorization":
        yield from authorization_spans(body, start, end, _unescaped)
    elif end > start:
        yield Span(start, end, role, _unescaped(body[start:end]))


# --- the value of an Authorization header, wherever it stands

# The scheme is no secret (IANA "HTTP Authentication Schemes", and what APIs made up). Any other first word may be one.
_SCHEME = re.compile(
    rb"\s*+(?:(?:Bearer|Basic|Digest|Token|ApiKey|Api-Key|Key|DPoP|Negotiate|NTLM|OAuth|GoogleLogin|SSWS|JWT|Splunk"
    rb"|SharedAccessSignature|SharedKey|HMAC|Signature)\s++)?",
    re.IGNORECASE,
)
# AWS Signature Version 4: who signs, for which day, region and service; which headers are signed; the signature.
_SIGV4 = re.compile(rb"\s*+AWS4-[A-Z0-9-]++\s", re.IGNORECASE)
_SIGV4_PART = re.compile(rb"(Credential|Signature)=([^,/\s\"\\]++)", re.IGNORECASE)
_SIGV4_ROLES = {b"credential": "access-key-id", b"signature": "signature"}


def authorization_spans(data: bytes, start: int, end: int, means: Callable[[bytes], str] = _text) -> Iterator[Span]:
    """What is secret in the value of an Authorization header: all but the scheme; of SigV4 the key id and signature.
    ``means`` says what the text of a secret stands for: itself, but where it is written in JSON."""
    if _SIGV4.match(data, start, end):
        for part in _SIGV4_PART.finditer(data, start, end):
            yield Span(part.start(2), part.end(2), _SIGV4_ROLES[part[1].lower()], _text(part[2]))
        return
    scheme = _SCHEME.match(data, start, end)
    begin = scheme.end() if scheme else start
    if end > begin:
        yield Span(begin, end, "authorization", means(data[begin:end]))


# --- forms, multipart, XML

_LIKE_A_FORM = re.compile(rb"[\w.%+~*\[\]-]++=[^\s&=]*+(?:&[\w.%+~*\[\]-]++=[^\s&]*+)*+\s*")
_PAIR = re.compile(rb"(?:^|(?<=&))([^=&]++)=([^&]*+)")
_PART = re.compile(
    rb'name=(?<![A-Za-z]name=)"?([^"\r\n;]{1,100}+)"?[^\r\n]*+\r?\n(?:[^\r\n]++\r?\n){0,20}+\r?\n'
    rb"((?:[^\r\n]++|(?!\r?\n--)[\r\n])*+)"
)
_ELEMENT = re.compile(rb"<(?:[A-Za-z_][\w.-]*+:)?([A-Za-z][\w.-]{2,99}+)(?:\s[^<>]*+)?>([^<]++)")


def _form_spans(body: bytes) -> Iterator[Span]:
    pairs = [(_query_name(pair[1]), pair) for pair in _PAIR.finditer(body)]
    roles = secret_field_names({name for name, _ in pairs})
    for name, pair in pairs:
        if name in roles and (value := pair[2].rstrip(b"\r\n")):
            yield Span(pair.start(2), pair.start(2) + len(value), roles[name], unquote_plus(_text(value)))


def _multipart_spans(body: bytes) -> Iterator[Span]:
    for part in _PART.finditer(body):
        if (role := secret_role(_text(part[1]))) is not None and part[2]:
            yield Span(part.start(2), part.end(2), role, _text(part[2]))


def _xml_spans(body: bytes) -> Iterator[Span]:
    for element in _ELEMENT.finditer(body):
        if (role := secret_role(_text(element[1]))) is not None and (text := element[2].strip()):
            start = body.index(text, element.start(2))
            yield Span(start, start + len(text), role, _text(text))


# --- URLs in any text


@lru_cache(maxsize=8192)
def _query_name(raw: bytes) -> str:
    return unquote_plus(_text(raw)).lower()


# From the colon on, as written in plain text or in JSON, where ``/`` may be ``\\/`` and ``&`` may be ``\\u0026``.
_URL = re.compile(rb":(?:\\?/){2}(?:[^\s\"<>\\\x00-\x1f\x7f]++|\\/|\\u0026)++")
_AUTHORITY = re.compile(rb":(?:\\?/){2}([^/?#\\]++)")
_SCHEME_OF_URL = re.compile(rb"\s*+[A-Za-z][A-Za-z0-9+.-]*+(?=://)")
_URL_PAIR = re.compile(rb"(?:[?&#;]|\\u0026)([^=&?#;\\]{2,60}+)=([^&#\"\\\s<>]++)")
_SENTENCE = b")]}'.,;:!*_`"  # what follows a URL in running text and is hardly ever its own


def urls_in(data: bytes) -> Iterator[Span]:
    """The secrets in URLs: user info, and the query and fragment pairs that hold keys, tokens or signatures."""
    for match in _URL.finditer(data):
        yield from url_spans(data, match.start(), match.end())


def url_alone(data: bytes) -> Iterator[Span]:
    """The secrets of a text that is one URL as a whole, maybe a relative one."""
    scheme = _SCHEME_OF_URL.match(data)
    return url_spans(data, scheme.end() if scheme else 0, len(data))


def url_spans(data: bytes, start: int, end: int) -> Iterator[Span]:
    """The secrets in the URL that is ``data[start:end]``: from its colon on, or relative."""
    authority = _AUTHORITY.match(data, start, end)
    user = authority[1].rpartition(b"@")[0] if authority else b""
    # ssh://git@host is nobody's secret; https://TOKEN@host is
    if authority and user and (b":" in user or data[max(0, start - 5) : start].lower().endswith((b"http", b"https"))):
        yield Span(authority.start(1), authority.start(1) + len(user), "user-info", _text(user))
    pairs = [(_query_name(pair[1]), pair) for pair in _URL_PAIR.finditer(data, start, end)]
    if not any(may_be_secret_in_query(name) for name, _ in pairs):
        return
    url = _text(data[start:end]).replace("\\u0026", "&").replace("&amp;", "&").replace("\\/", "/")
    roles = secret_query_names(url.replace("#", "&" if "?" in url else "?"))
    for name, pair in pairs:
        role = roles.get(name)
        value = pair[2].rstrip(_SENTENCE)
        if role is not None and value:
            yield Span(pair.start(2), pair.start(2) + len(value), role, unquote_plus(_text(value)))
