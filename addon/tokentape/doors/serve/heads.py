"""The head of a request, read: where it goes, with which headers, and what the proxy is told.

The rule: a head is read once. A client sends the same one with each of its requests, but for the length of the body.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from tokentape import names
from tokentape.doors.serve.translate import Fields, Way, text_of
from tokentape.engine.exchange import Incoming
from tokentape.model import Headers, Request, header
from tokentape.wire.received import credentials, received

# So many heads are remembered, of so many bytes at most.
MOST = 1024
LARGEST = 4096

_HOST = re.compile(r"[A-Za-z0-9._\[\]:-]{1,300}")


@dataclass(frozen=True, slots=True)
class _Head:
    """What a head says. ``coded`` is whether the body has a coding."""

    url: str
    prefix: str
    host_known: bool
    user: str
    password: str
    headers: Headers
    coded: bool


class Heads:
    """Reads the heads of one door."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], _Head] = {}

    def incoming(self, method: str, target: bytes, fields: Fields, body: bytes, way: Way, limit: int) -> Incoming:
        """A request of a connection. ``limit`` is the most bytes that a coded body is decoded to.

        Raises ValueError, encoding.BodyTooLarge.
        """
        key = (way.key, target, *fields)
        head = self._known.get(key)
        if head is None:
            head = _read(target, fields, way)
            if sum(len(name) + len(value) for name, value in fields) + len(target) <= LARGEST:
                if len(self._known) >= MOST:
                    del self._known[next(iter(self._known))]
                self._known[key] = head
        if head.coded:
            request = received(method, head.url, head.headers, body, "HTTP/1.1", limit)
        else:
            request = Request(method, head.url, head.headers, body)
        return Incoming(request, head.user, head.password, head.prefix, head.host_known, way.local)


def _read(target: bytes, fields: Fields, way: Way) -> _Head:
    headers = tuple((text_of(name), text_of(value)) for name, value in fields)
    url, prefix, host_known = _place(text_of(target), header(headers, "host") or "", way)
    user, password = way.user, way.password
    if not way.base and (given := credentials(header(headers, "proxy-authorization") or "")):
        user, password = given
    return _Head(url, prefix, host_known, user, password, headers, header(headers, "content-encoding") is not None)


def _place(target: str, host: str, way: Way) -> tuple[str, str, bool]:
    """The URL that is asked for, the name and session in front of its path, and whether its host is known."""
    if way.base:
        return way.base + _path(target), "", True
    if "://" in target[:8]:
        where = urlsplit(target)
        if not (where.scheme == "http" and way.is_ours(where.hostname or "", where.port or 80)):
            return target, "", True
        host, target = where.netloc, where._replace(scheme="", netloc="").geturl()
    prefix, path = names.split_prefix(_path(target))
    ours = host if _HOST.fullmatch(host) else f"{way.ours[0]}:{way.ours[1]}"
    return f"http://{ours}{path}", prefix, False


def _path(target: str) -> str:
    return target if target.startswith("/") else f"/{target}"
