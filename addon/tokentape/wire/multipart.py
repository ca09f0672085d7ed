"""Multipart bodies as parts: names, file names, content types and bytes, without the boundary between them.

The rule: what does not follow RFC 2046 as clients write it is not taken apart (None); nobody guesses where a part ends.
Parts are slices of the body; their content is left as it is.
"""

import re
from dataclasses import dataclass

_BOUNDARY_LIMIT = 200  # RFC 2046 allows 70; more is tolerated, a body is not searched for a megabyte of boundary.
_PARAMETER = re.compile(r""";\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]*))""")
_EXTENDED = re.compile(r"(?i)(utf-8|iso-8859-1)'[^']*'(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Part:
    """One part. ``name`` and ``filename`` are None where the part does not say one; ``content_type`` may be empty."""

    name: str | None
    filename: str | None
    content_type: str
    content: bytes


def is_multipart(content_type: str) -> bool:
    """Whether a Content-Type names any kind of multipart."""
    return content_type.lstrip()[:10].lower() == "multipart/"


def boundary_of(content_type: str) -> str:
    """The boundary that a multipart Content-Type names; "" where it names none, or it is no multipart."""
    boundary = _parameters(content_type).get("boundary", "") if is_multipart(content_type) else ""
    return boundary if len(boundary) <= _BOUNDARY_LIMIT else ""


def parse(body: bytes, content_type: str) -> tuple[Part, ...] | None:
    """The parts of a body in their order, or None if it is not well-formed multipart of this Content-Type."""
    boundary = boundary_of(content_type)
    if not boundary:
        return None
    pieces = _pieces(body, b"--" + boundary.encode("utf-8", "surrogateescape"))
    if pieces is None:
        return None
    parts = tuple(part for piece in pieces if (part := _part(piece)) is not None)
    return parts if len(parts) == len(pieces) else None


def _pieces(body: bytes, delimiter: bytes) -> list[bytes] | None:
    """What stands between the delimiter lines; a preamble and an epilogue are no part of the content."""
    pieces: list[bytes] = []
    start: int | None = None
    at = body.find(delimiter)
    while at >= 0:
        found = _BEHIND.match(body, at + len(delimiter)) if at == 0 or body[at - 1] == _NEWLINE else None
        if found is None:
            at = body.find(delimiter, at + 1)
            continue
        if start is not None:
            pieces.append(body[start : max(start, _without_newline(body, at))])
        if found[1]:
            return pieces
        start = found.end() + len(found[2] or b"")
        at = body.find(delimiter, found.end())
    return None


# The line break behind a delimiter is only looked at: with an empty part it is also the one before the next.
_BEHIND = re.compile(rb"(--)?[ \t]*(?=(\r?\n)|\Z)")
_NEWLINE = ord("\n")


def _without_newline(body: bytes, at: int) -> int:
    """Where the line before the one that begins at ``at`` ends."""
    return at - 2 if body[max(0, at - 2) : at] == b"\r\n" else max(0, at - 1)


def _part(piece: bytes) -> Part | None:
    headers, content = _split(piece)
    fields: dict[str, str] = {}
    for line in re.split(rb"\r?\n(?![ \t])", headers) if headers else ():
        name, colon, value = line.partition(b":")
        if not colon:
            return None
        fields.setdefault(name.strip().lower().decode("latin-1"), value.decode("utf-8", "surrogateescape").strip())
    parameters = _parameters(fields.get("content-disposition", ""))
    filename = _extended(parameters.get("filename*", "")) or parameters.get("filename")
    return Part(parameters.get("name"), filename, fields.get("content-type", ""), content)


def _split(piece: bytes) -> tuple[bytes, bytes]:
    """Headers and content; a part without headers starts with the empty line."""
    if found := re.match(rb"\r?\n", piece):
        return b"", piece[found.end() :]
    if found := re.search(rb"\r?\n\r?\n", piece):
        return piece[: found.start()], piece[found.end() :]
    return piece, b""


def _parameters(value: str) -> dict[str, str]:
    """The ``; name=value`` parameters of a header. Only ``\\"`` is an escape: browsers leave backslashes alone."""
    found: dict[str, str] = {}
    for name, quoted, token in _PARAMETER.findall(value):
        found.setdefault(name.lower(), quoted.replace('\\"', '"') if quoted else token)
    return found


def _extended(value: str) -> str | None:
    """A ``filename*`` as RFC 5987 writes it: charset, language, percent-encoded bytes."""
    found = _EXTENDED.fullmatch(value)
    if not found:
        return None
    raw = re.sub(rb"%([0-9A-Fa-f]{2})", lambda code: bytes([int(code[1], 16)]), found[2].encode("utf-8", "replace"))
    return raw.decode(found[1].lower(), "surrogateescape")
