"""A place for what ``contenders`` can't do: an API of one's own over TLS, and proxies that record from it.

The rule: API, proxy and client are processes of their own on one machine, and all of them end with the place.
"""

import asyncio
import json
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import trustme

import children
from tokentape.cli.rawclient import Way, trusting

HOST = "api.bench.example"

Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def serve_api(certificate: str, answer: Answering) -> None:
    """An API over TLS; prints its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Place:
    """A folder with a home, an API's certificate, and the processes that were started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        authority = trustme.CA()
        self.api_ca = folder / "api-ca.pem"
        authority.cert_pem.write_to_path(self.api_ca)
        self._api_certificate = folder / "api.pem"
        authority.issue_cert(HOST, "localhost").private_key_and_cert_chain_pem.write_to_path(self._api_certificate)
        self._log = folder / "log"
        self.children: list[subprocess.Popen[str]] = []
        """The processes, the one that was started last at the end."""

    def end(self) -> None:
        """End the processes; what they wrote stays."""
        while self.children:
            children.end(self.children.pop())

    def api(self, module: str) -> int:
        """Start an API, a module that ``serve_api``s with the certificate it is given; its port."""
        return int(self._line(self._start("-m", module, str(self._api_certificate))))

    def mitmdump(self, *options: str) -> Way:
        """Start a mitmdump; the way to it."""
        program = "from mitmproxy.tools.main import mitmdump; mitmdump()"
        settings = ("--set", f"ssl_verify_upstream_trusted_ca={self.api_ca}", "--set", "connection_strategy=lazy")
        listen = ("--listen-host", "127.0.0.1", "--listen-port", "0", "--set", "flow_detail=0")
        child = self._start("-u", "-c", program, *listen, *settings, *options)
        while "listening at" not in (line := self._line(child)):
            pass
        return self._way(int(line.rpartition(":")[2].strip(" .\n")))

    def proxy(self, *options: str, command: str = "proxy") -> Way:
        """Start ``tokentape proxy``, or ``serve``; the way to it."""
        child = self._start("-m", "tokentape", command, "--port", "0", "--json", *options)
        return self._way(int(json.loads(self._line(child))["port"]))

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        with self._log.open("a") as log:
            child = subprocess.Popen(
                [sys.executable, *arguments],
                env=children.environment(self.folder),
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.children.append(child)
        return child

    def _line(self, child: subprocess.Popen[str]) -> str:
        try:
            return children.line_of(child)
        except SystemExit as trouble:
            raise SystemExit(f"{self._log.read_text()}{trouble}") from None

    def _way(self, port: int) -> Way:
        """The way to a proxy of this place, whose certificate may take a moment to be there."""
        file = self.folder / ".mitmproxy" / "mitmproxy-ca-cert.pem"
        end = time.monotonic() + children.PATIENCE
        while "END CERTIFICATE" not in (pem := file.read_text() if file.exists() else ""):
            if time.monotonic() > end:
                raise SystemExit(f"error: no certificate came\n{self._log.read_text()}")
            time.sleep(0.01)
        return Way("127.0.0.1", port, trusting(pem))


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    """A place below a folder that is gone afterwards, with its processes."""
    with tempfile.TemporaryDirectory(dir=folder) as name, ExitStack() as stack:
        made = Place(Path(name))
        stack.callback(made.end)
        yield made
