"""A go-vcr interaction's tree into the model: the exact bytes, the fields of the wire, and an error with its place for
what go-vcr would not read either.

The rule: as lenient as go-vcr and no more. Unknown keys and missing fields are fine; a number in quotes, a header value
that is no list and a duration without a unit are not. Where go-vcr would load an interaction that nobody can replay (no
code and no status), it is refused here.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from tokentape.formats import body as bodies
from tokentape.formats import notes
from tokentape.formats.durations import parse_chunks, parse_duration
from tokentape.formats.headers import as_fields, canonical, natural, on_the_wire
from tokentape.formats.loaded import Loaded
from tokentape.formats.pieces import Base64, Text
from tokentape.formats.tree import Misread, Plain
from tokentape.model import Chunk, Headers, Interaction, Request, Response
from tokentape.wire.encoding import UndecodableBody, can_decode, decode

# Go's texts for status codes (StatusText of net/http), which go-vcr's files hold. Python's own for four of them changed
# with its 3.13.
_REASONS: dict[int, str] = {
    **{status.value: status.phrase for status in HTTPStatus},
    413: "Request Entity Too Large",
    414: "Request URI Too Long",
    416: "Requested Range Not Satisfiable",
    422: "Unprocessable Entity",
}
_HTTP_2 = ("HTTP/2", "HTTP/3")
# What a compressed body in a file may unfold to.
LARGEST_BODY = 256 * 1024 * 1024


class Fields:
    """Header fields met before in the same file, so that equal ones are one object: most of a library's memory."""

    _MOST = 4096

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[str, str]] = {}

    def shared(self, fields: Headers) -> Headers:
        """The same fields, each one object for all that are equal to it."""
        if len(self._known) > self._MOST:
            return tuple([self._known.get(field, field) for field in fields])
        return tuple([self._known.setdefault(field, field) for field in fields])


def interaction_of(tree: Mapping[str, Any], fields: Fields, raw: Loaded | None = None) -> Interaction:
    """The interaction that a tree tells of; ``raw`` goes with it. Raises Misread with the keys of the place."""
    request_notes, response_notes = notes.sides_of(tree)
    request_tree, response_tree = _part(tree, "request"), _part(tree, "response")
    request = _request(request_tree, request_notes, fields)
    response = _response(response_tree, response_notes, fields)
    duration = _duration(response_tree)
    if raw is not None:
        raw.stands_for(request, response, duration)
    return Interaction(request, response, duration, raw)


def edited_parts(tree: Mapping[str, Any]) -> tuple[str, ...]:
    """Which of ``request`` and ``response`` have a body that was edited by hand since it was written."""
    sides = zip(("request", "response"), notes.sides_of(tree), strict=True)
    return tuple(name for name, side in sides if _body(_part(tree, name), name, side)[1])


def _part(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = tree.get(name)
    if part is None:
        return {}
    if not isinstance(part, Mapping):
        raise Misread(f"`{name}` must be a mapping", keys=(name,))
    return part


def _request(tree: Mapping[str, Any], side: notes.Side, fields: Fields) -> Request:
    body, edited = _body(tree, "request", side)
    headers = _headers(tree, "request", side, edited)
    body, headers = _decoded(body, headers, side)
    return Request(
        method=_text(tree, "request", "method", "GET"),
        url=_text(tree, "request", "url", ""),
        headers=fields.shared(headers),
        body=body,
        proto=_text(tree, "request", "proto", "HTTP/1.1"),
    )


def _response(tree: Mapping[str, Any], side: notes.Side, fields: Fields) -> Response:
    body, edited = _body(tree, "response", side)
    headers = _headers(tree, "response", side, edited)
    body, headers = _decoded(body, headers, side)
    proto = _text(tree, "response", "proto", "HTTP/1.1")
    status, reason = _status(tree, proto, side)
    trailers = _in_wire_order(_map(tree, "response", "trailer"), side, "wire_trailers")
    return Response(
        status=status,
        reason=reason,
        headers=fields.shared(headers),
        body=body,
        proto=proto,
        trailers=trailers,
        chunks=() if edited else _chunks(side, len(body)),
        truncated=notes.truth(side.get("truncated")),
    )


def _text(tree: Mapping[str, Any], where: str, key: str, default: str) -> str:
    value = tree.get(key)
    if value is None:
        return default
    text = notes.text(value)
    if text is None:
        raise Misread(f"`{key}` must be text", keys=(where, key))
    return text


def _body(tree: Mapping[str, Any], where: str, side: notes.Side) -> tuple[bytes, bool]:
    """The body's bytes, and whether somebody edited the text they come from."""
    value = tree.get("body")
    note_keys = (notes.KEY, where, "body")
    if value is None:
        value = ""
    if not isinstance(value, str | bytes | Text | Base64):
        raise Misread("`body` must be text", keys=(where, "body"))
    try:
        note = bodies.as_note(side.get("body"))
        if note and notes.truth(note.get("base64")):
            if isinstance(value, Base64):
                return value.data, False
            return bodies.from_base64(value if isinstance(value, Text) else str(value)), False
        restored = bodies.restore(value, _plain(note))
    except bodies.BadNote as error:
        raise Misread(str(error), keys=note_keys) from None
    return restored.body, restored.edited


def _plain(note: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A note with its numbers as numbers."""
    if note is None or "indent" not in note:
        return note
    indent = notes.number(note["indent"])
    return note if indent is None else {**note, "indent": indent}


def _map(tree: Mapping[str, Any], where: str, key: str) -> Mapping[str, Sequence[str]]:
    """A map of names to lists of values, as headers and trailers are."""
    found = tree.get(key)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise Misread(f"`{key}` must be a mapping", keys=(where, key))
    values: dict[str, Sequence[str]] = {}
    for name, several in found.items():
        # By far the most: a list of one text.
        if type(several) is list and len(several) == 1 and type(several[0]) is str:
            values[name] = several
        else:
            values[name] = _values(several, (where, key, name))
    return values


def _values(several: Any, keys: tuple[str, ...]) -> Sequence[str]:
    if several is None:
        return ()
    if not isinstance(several, list):
        raise Misread(f"`{keys[-1][:60]}` must be a list of values", keys=keys)
    values = notes.texts(["" if value is None else value for value in several])
    if values is None:
        raise Misread(f"the values of `{keys[-1][:60]}` must be text", keys=keys)
    return values


def _in_wire_order(values: Mapping[str, Sequence[str]], side: notes.Side, key: str) -> Headers:
    names = side.get(key)
    if names is None:
        return as_fields(values)
    several = notes.texts(names)
    if several is None:
        raise Misread(f"`{key}` must be names", keys=(notes.KEY,))
    return on_the_wire(values, several if isinstance(names, list) else several[0].split())


def _headers(tree: Mapping[str, Any], where: str, side: notes.Side, edited: bool) -> Headers:
    values = _map(tree, where, "headers")
    if not side:
        return as_fields(values)
    restored = dict(values)
    length = notes.text(side.get("content_length"))
    if length is not None and not edited and len(restored.get("Content-Length", ())) == 1:
        restored["Content-Length"] = [length]
    coding = side.get("content_encoding")
    if coding is not None and not any(canonical(name) == "Content-Encoding" for name in values):
        restored["Content-Encoding"] = notes.texts(coding) or []
        restored = {name: restored[name] for name in sorted(restored, key=natural)}
    return _in_wire_order(restored, side, "wire_headers")


def _decoded(body: bytes, headers: Headers, side: notes.Side) -> tuple[bytes, Headers]:
    """The body without the coding that its header names, where the file holds it coded, as go-vcr does for a client
    that asks for gzip itself. Many recorders decode the body and leave the header: then it is as it should be."""
    # The length first: this is asked of every field of a library.
    coding = ", ".join([value for name, value in headers if len(name) == 16 and name.lower() == "content-encoding"])
    if not coding or not body or "content_encoding" in side or not can_decode(coding):
        return body, headers
    try:
        return decode(body, coding, LARGEST_BODY), headers
    except UndecodableBody:
        return body, headers


def _status(tree: Mapping[str, Any], proto: str, side: notes.Side) -> tuple[int, str]:
    """The status code and the text behind it."""
    line = _text(tree, "response", "status", "")
    told, _, reason = line.partition(" ")
    if not told.isdecimal():
        told, reason = "", line
    status = _code(tree, told)
    noted = notes.text(side.get("reason"))
    if noted is not None and line == status_line(status, noted):
        return status, noted
    return status, told_reason(status, reason, proto)


def _code(tree: Mapping[str, Any], told: str) -> int:
    value = tree.get("code")
    if value is None and told:
        return int(told[:3])
    code = notes.number(value)
    if code is None or not 0 <= code <= 999:
        problem = "`code` is missing" if value is None else f"`code` must be a number, got {_shown(value)}"
        raise Misread(problem, keys=("response", "code"))
    return code


def status_line(status: int, reason: str) -> str:
    """The status as go-vcr writes it, ``200 OK``. Go puts its own text where the wire has none, as in HTTP/2."""
    return f"{status} {reason or _REASONS.get(status, '')}".rstrip(" ")


def told_reason(status: int, reason: str, proto: str) -> str:
    """The wire's reason by a status line alone: HTTP/2 and 3 have none, what stands there is Go's own."""
    return "" if proto.startswith(_HTTP_2) and reason == _REASONS.get(status) else reason


def _duration(tree: Mapping[str, Any]) -> float:
    value = tree.get("duration")
    if value is None:
        return 0.0
    if isinstance(value, str) and not (isinstance(value, Plain) and notes.number(value) is not None):
        try:
            return parse_duration(value)
        except ValueError:
            pass
    raise Misread(f"`duration` must be a duration such as 1.5s, got {_shown(value)}", keys=("response", "duration"))


def _chunks(side: notes.Side, size: int) -> tuple[Chunk, ...]:
    """The chunks of a body of ``size`` bytes; none where they don't add up: then the body was edited by hand."""
    value = side.get("chunks")
    if value is None:
        return ()
    try:
        chunks = parse_chunks(notes.text(value) or "no text")
    except ValueError:
        raise Misread(
            "`chunks` must be a text such as 120@0.012 88@0", keys=(notes.KEY, "response", "chunks")
        ) from None
    return chunks if sum(chunk.size for chunk in chunks) == size else ()


def _shown(value: Any) -> str:
    """A scalar in an error message, cut short."""
    if isinstance(value, str):
        return repr(str(value) if len(value) <= 40 else value[:37] + "...")
    return {dict: "a mapping", list: "a list", bytes: "bytes", type(None): "nothing"}.get(type(value), repr(value)[:40])
