"""An interaction of the model as the tree go-vcr writes: its fields, its order, its way to leave out what is empty.

The rule: ``interaction_of(tree_of(x, ...)) == x``. What go-vcr has a field for stands there in go-vcr's own terms (the
readable body and its size, canonical header names in order); what these can't tell goes into the notes.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from tokentape.formats import body as bodies
from tokentape.formats import notes
from tokentape.formats.durations import format_chunks, format_duration
from tokentape.formats.headers import as_map, wire_names
from tokentape.formats.loaded import Kind
from tokentape.formats.pieces import Base64, Text
from tokentape.formats.reading import status_line, told_reason
from tokentape.model import Headers, Interaction, Request, Response, header, header_values, is_bodyless
from tokentape.wire.encoding import can_decode, codings
from tokentape.wire.framing import media_type

_PROTO = re.compile(r"HTTP/([0-9]{1,3})(?:\.([0-9]{1,3}))?")
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})|;")
# Fields that are made anew from the model and never carried over from an older tree.
_MADE = frozenset(("body", "form", "headers", "trailer", notes.KEY))


def tree_of(
    interaction: Interaction, number: int, kind: Kind, older: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The tree of an interaction. ``number`` is its id; ``older`` is a tree it was loaded from, whose other keys
    stay."""
    request, request_notes = _request(interaction.request, kind)
    response, response_notes = _response(interaction, kind)
    tree: dict[str, Any] = {"id": number, "request": request, "response": response}
    sides = {"request": request_notes, "response": response_notes}
    if said := {name: side for name, side in sides.items() if side}:
        tree[notes.KEY] = {"version": notes.VERSION, **said}
    return tree if older is None else _with_others(tree, older)


def _with_others(tree: dict[str, Any], older: Mapping[str, Any]) -> dict[str, Any]:
    """A tree with the keys of an older one that it lacks."""
    for part in ("request", "response"):
        before = older.get(part)
        if isinstance(before, Mapping):
            tree[part].update({key: before[key] for key in before if key not in tree[part] and key not in _MADE})
    tree.update({key: older[key] for key in older if key not in tree and key not in _MADE})
    return tree


def _request(request: Request, kind: Kind) -> tuple[dict[str, Any], dict[str, Any]]:
    text, size, side = _body(request.body, request.headers, kind)
    headers = _headers(request.headers, size, side)
    tree = _proto(request.proto)
    tree["content_length"] = size
    tree["host"] = _host(request.url)
    if text:
        tree["body"] = text
    if form := _form(request):
        tree["form"] = form
    if headers:
        tree["headers"] = headers
    return {**tree, "url": request.url, "method": request.method}, side


def _response(interaction: Interaction, kind: Kind) -> tuple[dict[str, Any], dict[str, Any]]:
    response = interaction.response
    text, size, side = _body(response.body, response.headers, kind)
    # There the length is the recorded one.
    bodyless = is_bodyless(interaction.request.method, response.status)
    headers = _headers(response.headers, None if bodyless else size, side)
    tree = _proto(response.proto)
    if response.trailers:
        tree["trailer"] = as_map(response.trailers)
    tree["content_length"] = _told_length(response.headers) if bodyless else size
    tree["body"] = text
    tree["headers"] = headers
    tree["status"] = status_line(response.status, response.reason)
    tree["code"] = response.status
    tree["duration"] = format_duration(interaction.duration)
    return tree, {**side, **_response_notes(response, tree["status"])}


def _response_notes(response: Response, line: str) -> dict[str, Any]:
    side: dict[str, Any] = {}
    if (names := wire_names(response.trailers)) is not None:
        side["wire_trailers"] = names
    told = line.partition(" ")[2]
    if told_reason(response.status, told, response.proto) != response.reason:
        side["reason"] = response.reason
    if response.chunks:
        side["chunks"] = format_chunks(response.chunks)
    if response.truncated:
        side["truncated"] = True
    return side


def _proto(proto: str) -> dict[str, Any]:
    """go-vcr's three fields for a protocol; what is no HTTP version counts as 1.1, as a Go client would send it."""
    found = _PROTO.fullmatch(proto)
    major, minor = (int(found[1]), int(found[2] or 0)) if found else (1, 1)
    return {"proto": proto, "proto_major": major, "proto_minor": minor}


def _body(body: bytes, headers: Headers, kind: Kind) -> tuple[Text | bytes | Base64, int, dict[str, Any]]:
    """What stands in the file for a body, the size of that as go-vcr would replay it, and the beginning of the
    notes."""
    shown = bodies.readable(body, header(headers, "content-type") or "")
    if isinstance(shown.text, bytes) and kind == "json":
        return Base64(shown.text), len(shown.text), {"body": {"base64": True}}
    return shown.text, len(shown.text), {"body": dict(shown.note)} if shown.note else {}


def _headers(fields: Headers, size: int | None, side: dict[str, Any]) -> dict[str, list[str]]:
    """go-vcr's map of headers, with the readable size as length; the notes get what that hides. ``size`` is None
    where the length is not the body's."""
    values = as_map(fields)
    if (names := wire_names(fields)) is not None:
        side["wire_headers"] = names
    coding = values.get("Content-Encoding", [])
    if codings(",".join(coding)) and can_decode(",".join(coding)):
        side["content_encoding"] = coding[0] if len(coding) == 1 else coding
        del values["Content-Encoding"]
    lengths = values.get("Content-Length", [])
    if size is not None and len(lengths) == 1 and lengths[0] != str(size):
        side["content_length"] = lengths[0]
        values["Content-Length"] = [str(size)]
    return values


def _told_length(fields: Headers) -> int:
    """The length that a header tells; -1, Go's "unknown", where none does."""
    told = next(header_values(fields, "content-length"), "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else -1


def _host(url: str) -> str:
    """Host and port of a URL, without a user."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _form(request: Request) -> dict[str, list[str]]:
    """The fields of a URL-encoded body and of the query, by name, as Go's ParseForm gives them (the body's come
    first)."""
    pairs: list[tuple[str, str]] = []
    kind = media_type(header(request.headers, "content-type") or "")
    if kind == "application/x-www-form-urlencoded" and request.method in ("POST", "PUT", "PATCH"):
        pairs += _pairs(request.body.decode("utf-8", "surrogateescape"))
    pairs += _pairs(request.url.partition("#")[0].partition("?")[2])
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: values[name] for name in sorted(values)}


def _pairs(query: str) -> list[tuple[str, str]]:
    """Name and value of each part of a query; Go leaves out parts with a semicolon or a broken escape."""
    parts = [part for part in query.split("&") if part and not _BAD_ESCAPE.search(part)]
    return [(_unquoted(name), _unquoted(value)) for name, _, value in (part.partition("=") for part in parts)]


def _unquoted(text: str) -> str:
    raw = unquote_to_bytes(text.replace("+", " ").encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "surrogateescape")
