"""What a body is, whatever its Content-Type claims: nothing, JSON, form fields, multipart, or bytes.

The rule: what a body is decides how it is compared, and one body is one thing. What parses as a JSON object or list is
JSON; only then the Content-Type is asked about form fields and multipart; all else is compared byte by byte.

``NoBody | JsonBody | FieldsBody | PartsBody | OmittedParts | RawBody`` are the cases; ``digest_of`` gives each the
digest that all equal bodies share. Digests of different cases are different.
"""

from dataclasses import dataclass, field
from hashlib import blake2b
from urllib.parse import unquote_to_bytes

from tokentape.matching import canonical
from tokentape.matching.canonical import DIGEST_SIZE, LargeTree, Tree
from tokentape.matching.largevalues import whole
from tokentape.model import Headers, header
from tokentape.wire import multipart
from tokentape.wire.encoding import UndecodableBody, decode
from tokentape.wire.framing import media_type

# A body that is still coded was too large for whoever took it in, or is what its header does not say.
_MOST_DECODED = 16 << 20
OMITTED = b"[multipart form data omitted]"
"""What the recordings of the Envoy AI Gateway have in place of a multipart body."""


@dataclass(frozen=True, slots=True)
class NoBody:
    """No byte at all."""


@dataclass(frozen=True, slots=True)
class JsonBody:
    """A JSON object or list, as ``canonical.read`` gives it."""

    value: Tree | LargeTree = field(repr=False)

    @property
    def tree(self) -> Tree:
        """All of it; that of a large body is made when it is asked for."""
        tree: Tree = whole(self.value)
        return tree


@dataclass(frozen=True, slots=True)
class FieldsBody:
    """``application/x-www-form-urlencoded``: decoded (name, value), sorted by name, the order within a name kept."""

    pairs: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PartOfBody:
    """One part of a multipart body; ``digest`` is that of its content, whose bytes are at hand."""

    name: str | None
    filename: str | None
    content_type: str
    digest: bytes
    content: bytes = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PartsBody:
    """Multipart, in the order of its parts."""

    parts: tuple[PartOfBody, ...]


@dataclass(frozen=True, slots=True)
class OmittedParts:
    """A recorded multipart body of which nothing was kept: it stands for any."""


@dataclass(frozen=True, slots=True)
class RawBody:
    """Any other bytes. ``claims_parts`` is true for what is sent as multipart and is none."""

    data: bytes = field(repr=False)
    claims_parts: bool = field(default=False, compare=False)


type Content = NoBody | JsonBody | FieldsBody | PartsBody | OmittedParts | RawBody


def content_of(body: bytes, headers: Headers) -> Content:
    """What a request's body is. Raises BadBody for JSON that is nested too deep."""
    if not body:
        return NoBody()
    value = canonical.read(body)
    if value is not None:
        return JsonBody(value)
    encoding = header(headers, "content-encoding")
    if encoding:
        body = _decoded(body, encoding)
        value = canonical.read(body)
        if value is not None:
            return JsonBody(value)
    return _by_type(body, header(headers, "content-type") or "")


def part_with(part: PartOfBody | multipart.Part, content: bytes) -> PartOfBody:
    """A part that has ``content``, with its digest."""
    digest = blake2b(content, digest_size=DIGEST_SIZE).digest()
    return PartOfBody(part.name, part.filename, part.content_type, digest, content)


def is_multipart(content: Content) -> bool:
    """Whether an omitted multipart body stands for this one."""
    return isinstance(content, PartsBody | OmittedParts) or (isinstance(content, RawBody) and content.claims_parts)


def digest_of(content: Content) -> bytes:
    """The digest that exactly the equal bodies have."""
    match content:
        case NoBody():
            return _EMPTY
        case JsonBody(value):
            return canonical.digest(value)
        case FieldsBody(pairs):
            return canonical.digest_of_ascii("fields", canonical.text([[name, value] for name, value in pairs]))
        case PartsBody(parts):
            rows: canonical.Value = [[part.name, part.filename, part.content_type, part.digest.hex()] for part in parts]
            return canonical.digest_of_ascii("parts", canonical.text(rows))
        case OmittedParts():
            return ANY_PARTS
        case RawBody(data):
            return blake2b(data, digest_size=DIGEST_SIZE, person=b"bytes").digest()


def _decoded(body: bytes, encoding: str) -> bytes:
    """The body without its Content-Encoding; as it is where that does not fit (it may be decoded already), or would
    make it very large."""
    try:
        return decode(body, encoding, _MOST_DECODED)
    except UndecodableBody:
        return body


def _by_type(body: bytes, content_type: str) -> Content:
    if not body:
        return NoBody()
    if media_type(content_type) == "application/x-www-form-urlencoded":
        return FieldsBody(_fields(body))
    if not multipart.is_multipart(content_type):
        return RawBody(body)
    if body.strip() == OMITTED:
        return OmittedParts()
    parts = multipart.parse(body, content_type)
    if parts is None:
        return RawBody(body, claims_parts=True)
    return PartsBody(tuple(part_with(part, part.content) for part in parts))


def _fields(body: bytes) -> tuple[tuple[str, str], ...]:
    """The fields by value, as the URL standard parses them: ``+`` is a space, no ``=`` is an empty value."""
    pairs = [_field(piece) for piece in body.replace(b"+", b" ").split(b"&") if piece]
    return tuple(sorted(pairs, key=lambda pair: pair[0]))


def _field(piece: bytes) -> tuple[str, str]:
    name, _, value = piece.partition(b"=")
    return _unquoted(name), _unquoted(value)


def _unquoted(text: bytes) -> str:
    return unquote_to_bytes(text).decode("utf-8", "surrogateescape")


_EMPTY = canonical.digest_of_ascii("empty", "")
ANY_PARTS = canonical.digest_of_ascii("any parts", "")
"""The digest under which a recording of omitted parts is found."""
