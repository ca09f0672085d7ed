"""A small HTTP server that answers with what ``generate`` makes up: for real clients, or to record from.

The rule: it only carries; a request that no generator knows is a 501, so a test that asks for one fails loudly.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from asking import NOW

from tokentape.generate import Generated, Setting, generate
from tokentape.model import Request


@contextmanager
def generator_server(host: str = "", setting: Setting | None = None) -> Iterator[str]:
    """The URL of a running server. ``host`` is what its requests are taken to be for; empty: a base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            size = int(self.headers.get("content-length", 0))
            origin = f"https://{host}" if host else f"http://{self.headers['host']}"
            pairs = tuple(self.headers.items())
            request = Request(self.command, origin + self.path, pairs, self.rfile.read(size))
            answer = generate(request, seed=7, now=NOW, setting=setting)
            self._send(answer if answer is not None else Generated(501, b"no generator"))

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer

        def _send(self, answer: Generated) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            if not answer.events:
                self.send_header("content-length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
                return
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            at = 0
            for event in answer.events:
                self.wfile.write(b"%x\r\n%s\r\n" % (event, answer.body[at : at + event]))
                at += event
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a test's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
