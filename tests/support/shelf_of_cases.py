"""The recordings that the conformance suite asks for."""

from collections.abc import Iterable
from pathlib import Path

from shelves import put

from tokentape.model import Chunk, Headers, Interaction, Request, Response

HOST = "api.example.com"
JSON = (("Content-Type", "application/json"),)
SSE = (("Content-Type", "text/event-stream"),)
EVENTS = b"".join(b'data: {"n": %d}\n\n' % number for number in range(5)) + b"data: [DONE]\n\n"
EACH = tuple(len(event) + 2 for event in EVENTS.split(b"\n\n")[:-1])  # the size of each event


def said(
    path: str, response: Response, *, method: str = "GET", body: bytes = b"", headers: Headers = (), wait: float = 0.0
) -> Interaction:
    """A recording of an exchange with the host of the cases."""
    return Interaction(Request(method, f"https://{HOST}{path}", headers, body), response, wait)


def plain(text: str, **more: object) -> Response:
    """An answer in plain text."""
    given = {"reason": "OK", "headers": (("Content-Type", "text/plain"),), "body": text.encode(), **more}
    return Response(200, **given)  # type: ignore[arg-type]


def chunked(sizes: Iterable[int], delay: float = 0.0) -> tuple[Chunk, ...]:
    """Chunks of these sizes, each so long after the one before."""
    return tuple(Chunk(size, delay) for size in sizes)


TRAILERS = (("X-Sum", "42"), ("X-Other", "o"))
QUESTION = b'{"model": "m", "messages": [{"role": "user", "content": "Hello!"}]}'
SHELF: dict[str, tuple[Interaction, ...]] = {
    "chat": (
        said(
            "/v1/chat/completions",
            Response(
                200,
                "OK",
                (*JSON, ("X-Request-Id", "r1"), ("Set-X", "a"), ("Set-X", "b"), ("x-lower", "ü")),
                b'{"answer": "Hi!"}',
            ),
            method="POST",
            body=QUESTION,
            headers=JSON,
        ),
        said("/v1/models", plain("models")),
    ),
    "deep/er": (said("/deeper", plain("from a folder")),),
    "again": tuple(said("/again", plain(text)) for text in ("one", "two", "three")),
    "odd": (
        said("/teapot", Response(418, "Short and stout", (("Content-Type", "text/plain"),), b"tea")),
        said("/none", Response(204, "No Content", (("X-A", "b"),))),
        said("/same", Response(304, "Not Modified", (("ETag", '"e"'), ("Content-Length", "7")))),
        said("/head", Response(200, "OK", (("Content-Length", "1234"), ("X-A", "b"))), method="HEAD"),
        said("/binary", Response(200, "OK", (("Content-Type", "application/octet-stream"),), bytes(range(256)))),
        said("/empty", Response(200, "OK", (("Content-Type", "text/plain"),))),
        said("/caf%C3%A9?b=2&a=1", plain("coffee")),
        said("/gzipped", Response(200, "OK", (*JSON, ("Content-Encoding", "gzip")), b'{"plain": true}')),
        said("/big", plain("x" * 300_000)),
    ),
    "streams": (
        said("/sse", Response(200, "OK", SSE, EVENTS)),
        said("/cut", Response(200, "OK", SSE, EVENTS, chunks=chunked((3, 10, len(EVENTS) - 13)))),
        said("/long", Response(200, "OK", (*SSE, ("Content-Length", str(len(EVENTS)))), EVENTS)),
        said("/broken", Response(200, "OK", SSE, EVENTS[:20], chunks=chunked((12, 8)), truncated=True)),
        said(
            "/short",
            Response(200, "OK", (("Content-Type", "text/plain"), ("Content-Length", "100")), b"half", truncated=True),
        ),
        said("/trailers", Response(200, "OK", SSE, EVENTS, trailers=TRAILERS, chunks=chunked((len(EVENTS),)))),
        # Half a second, and four times that.
        said("/slow", Response(200, "OK", SSE, EVENTS, chunks=chunked((20, 20, len(EVENTS) - 40), 0.15)), wait=0.05),
        said("/slower", Response(200, "OK", SSE, EVENTS, chunks=chunked((20, 20, len(EVENTS) - 40), 0.6)), wait=0.2),
    ),
}


def fill(library: Path) -> None:
    """Write the recordings into a folder."""
    for name, interactions in SHELF.items():
        put(library, name, *interactions)
