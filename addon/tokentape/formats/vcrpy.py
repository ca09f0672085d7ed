"""Cassettes of VCR.py (version 1), in YAML or JSON: read, never written.

The rule: what VCR.py would play back is what is read: ``request`` with ``method``, ``uri``, ``headers``, ``body``;
``response`` with ``status: {code, message}``, ``headers`` (values as lists or alone), ``body: {string}`` or
``{base64_string}``; and the older shape for httpx, with ``status_code``, ``http_version`` and ``content``. Python's
tags (``!!python/unicode``) change nothing: no object is ever made from one. A body that is still compressed is
decoded.
"""

from collections.abc import Mapping
from typing import Any

from tokentape.formats import body as bodies
from tokentape.formats import notes
from tokentape.formats.reading import LARGEST_BODY, Fields
from tokentape.formats.tree import Misread
from tokentape.model import Headers, Interaction, Request, Response, header_values
from tokentape.wire.encoding import UndecodableBody, can_decode, decode

NAME = "VCR.py"

Tree = Mapping[str, Any]


def looks_like(tree: Tree) -> bool:
    """Whether an item's request has VCR.py's key for a URL."""
    request = tree.get("request")
    return isinstance(request, Mapping) and "uri" in request and "url" not in request


def interaction_of(tree: Tree, fields: Fields) -> Interaction:
    """The interaction that an item tells of; it has no ``raw``, as it is never written back. Raises Misread with the
    keys of the place."""
    return Interaction(request_of(tree, fields), response_of(tree, fields))


def request_of(tree: Tree, fields: Fields) -> Request:
    """The request of an item."""
    request = _part(tree, "request")
    headers = _headers(request, "request")
    return Request(
        method=_text(request, "request", "method") or "GET",
        url=_text(request, "request", "uri"),
        headers=fields.shared(headers),
        body=_decoded(_bytes(request.get("body"), "request"), headers),
    )


def response_of(tree: Tree, fields: Fields) -> Response:
    """The response of an item."""
    response = _part(tree, "response")
    headers = _headers(response, "response")
    if "status_code" in response:
        status, reason = _code(response.get("status_code"), ("response", "status_code")), ""
        body = _bytes(response.get("content"), "response")
    else:
        line = response.get("status")
        line = line if isinstance(line, Mapping) else {}
        status, reason = _code(line.get("code"), ("response", "status", "code")), notes.text(line.get("message")) or ""
        body = _bytes(response.get("body"), "response")
    proto = notes.text(response.get("http_version")) or "HTTP/1.1"
    return Response(status, reason, fields.shared(headers), _decoded(body, headers), proto)


def _part(tree: Tree, name: str) -> Tree:
    part = tree.get(name)
    if not isinstance(part, Mapping):
        raise Misread(f"`{name}` must be a mapping", keys=(name,))
    return part


def _text(tree: Tree, where: str, key: str) -> str:
    value = tree.get(key)
    found = "" if value is None else notes.text(value)
    if found is None:
        raise Misread(f"`{key}` must be text", keys=(where, key))
    return found


def _code(value: Any, keys: tuple[str, ...]) -> int:
    code = notes.number(value)
    if code is None or not 0 <= code <= 999:
        raise Misread("`code` must be a number", keys=keys)
    return code


def _bytes(body: Any, where: str) -> bytes:
    """A body: text, bytes, or a mapping that holds it as ``string`` or ``base64_string``."""
    if isinstance(body, Mapping):
        coded = body.get("base64_string")
        if isinstance(coded, str):
            try:
                return bodies.from_base64(coded)
            except bodies.BadNote:
                raise Misread("`base64_string` is not valid base64", keys=(where, "body")) from None
        body = body.get("string")
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if not isinstance(body, str):
        raise Misread("`body` must be text", keys=(where, "body"))
    return body.encode("utf-8", "surrogatepass")


def _headers(tree: Tree, where: str) -> Headers:
    found = tree.get("headers")
    if found is None:
        return ()
    if not isinstance(found, Mapping):
        raise Misread("`headers` must be a mapping", keys=(where, "headers"))
    fields: list[tuple[str, str]] = []
    for name, value in found.items():
        several = notes.texts(["" if one is None else one for one in (value if isinstance(value, list) else [value])])
        if several is None:
            raise Misread(f"the values of `{name[:60]}` must be text", keys=(where, "headers", name))
        fields += [(name, one) for one in several]
    return tuple(fields)


def _decoded(body: bytes, headers: Headers) -> bytes:
    """A body without the coding its header names; as it is, where it was decoded already and the header left."""
    coding = ", ".join(header_values(headers, "content-encoding"))
    if not coding or not can_decode(coding):
        return body
    try:
        return decode(body, coding, LARGEST_BODY)
    except UndecodableBody:
        return body
