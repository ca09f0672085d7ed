"""A client of HTTP/1.1 that shows what is on the wire: header names as they came, chunk by chunk, and how it ended.

The rule: nothing is put right. A body that ends too early is an ``end``, not an exception.
"""

import base64
import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

DEADLINE = 15  # seconds for the next byte

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Said:
    """An answer. ``chunks`` are the sizes of the chunks of a chunked body; ``end`` is ``whole``, ``closed`` where the
    connection ended before the body did, or ``reset``."""

    status: int
    reason: str
    headers: Pairs
    body: bytes
    chunks: tuple[int, ...] = ()
    trailers: Pairs = ()
    end: str = "whole"

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass
class Talk:
    """A connection to a door, in a tunnel where ``host`` is given."""

    port: int
    host: str = ""
    ca_file: Path | None = None
    user: str = ""
    password: str = "x"
    _link: socket.socket = field(init=False)
    _left: bytes = b""

    def __post_init__(self) -> None:
        self._link = socket.create_connection(("127.0.0.1", self.port), DEADLINE)
        if self.host:
            given = f"Proxy-Authorization: {self.credentials}\r\n" if self.user else ""
            self.send(f"CONNECT {self.host}:443 HTTP/1.1\r\nHost: {self.host}:443\r\n{given}\r\n".encode())
            opened = self.hear("CONNECT")
            assert opened.status == 200, opened
            context = ssl.create_default_context(cafile=str(self.ca_file))
            self._link = context.wrap_socket(self._link, server_hostname=self.host)

    @property
    def credentials(self) -> str:
        """The value of Proxy-Authorization."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()

    def __enter__(self) -> "Talk":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._link.close()

    def send(self, data: bytes) -> None:
        """Some bytes as they are."""
        self._link.sendall(data)

    def ask(self, method: str, target: str, headers: Pairs = (), body: bytes = b"", version: str = "1.1") -> Said:
        """A request with a length, and its answer."""
        self.send(self.request(method, target, headers, body, version))
        return self.hear(method)

    def request(self, method: str, target: str, headers: Pairs = (), body: bytes = b"", version: str = "1.1") -> bytes:
        """The bytes of a request."""
        host = urlsplit(target).netloc or self.host or f"127.0.0.1:{self.port}"
        length = (("Content-Length", str(len(body))),) if body else ()
        lines = [f"{method} {target} HTTP/{version}", f"Host: {host}", *(f"{k}: {v}" for k, v in (*headers, *length))]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    def hear(self, method: str = "GET") -> Said:
        """The next answer, behind any interim ones."""
        head = self._until(b"\r\n\r\n")
        if head is None:
            return Said(0, "", (), b"", end=self._end)
        first, *lines = head.decode("latin-1").split("\r\n")
        _, status, *reason = first.split(" ", 2)
        if status.startswith("1") and status != "101":
            return self.hear(method)
        headers = _pairs(lines)
        said = Said(int(status), "".join(reason), headers, b"")
        coding, length = said.header("transfer-encoding"), said.header("content-length")
        if method in ("HEAD", "CONNECT") or status in ("204", "304"):
            return said
        if coding == "chunked":
            return self._chunked(said)
        body = self._exactly(int(length)) if length is not None else self._all()
        whole = length is None or len(body) == int(length)
        return Said(said.status, said.reason, headers, body, end="whole" if whole else self._end)

    def begun(self) -> bool:
        """Wait until something of the next answer has come, which is left for ``hear``."""
        return bool(self._left) or self._more()

    def heard(self, mark: bytes, count: int) -> bytes:
        """Wait until the next answer has so many of these bytes, and no longer; all that came of it by then."""
        while self._left.count(mark) < count:
            assert self._more(), f"{self._end} after {self._left!r}"
        return self._left

    def is_silent(self, seconds: float) -> bool:
        """Whether nothing more comes for so long, and the connection stays open."""
        self._link.settimeout(seconds)
        try:
            self._link.recv(1)
        except TimeoutError:
            return True
        finally:
            self._link.settimeout(DEADLINE)
        return False

    def interim(self) -> str:
        """The status line of an interim answer."""
        return (self._until(b"\r\n\r\n") or b"").decode().split("\r\n")[0]

    # --- reading

    _end = "whole"

    def _more(self) -> bool:
        try:
            data = self._link.recv(1 << 16)
        except ConnectionResetError:
            self._end = "reset"
            return False
        except ssl.SSLEOFError:
            data = b""
        if not data:
            self._end = "closed"
        self._left += data
        return bool(data)

    def _until(self, mark: bytes) -> bytes | None:
        while mark not in self._left:
            if not self._more():
                return None
        found, _, self._left = self._left.partition(mark)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._left) < size and self._more():
            pass
        found, self._left = self._left[:size], self._left[size:]
        return found

    def _all(self) -> bytes:
        while self._more():
            pass
        found, self._left = self._left, b""
        return found

    def _chunked(self, said: Said) -> Said:
        body, sizes = b"", []
        while (line := self._until(b"\r\n")) is not None:
            size = int(line, 16)
            if size == 0:
                block = self._until(b"\r\n") or b""
                lines = [block.decode("latin-1")] if block else []
                while lines and (block := self._until(b"\r\n") or b""):
                    lines.append(block.decode("latin-1"))
                return Said(said.status, said.reason, said.headers, body, tuple(sizes), _pairs(lines))
            piece = self._exactly(size + 2)
            body += piece[:size]
            sizes.append(len(piece[:size]))
        return Said(said.status, said.reason, said.headers, body, tuple(sizes), end=self._end)


def _pairs(lines: list[str]) -> Pairs:
    return tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
