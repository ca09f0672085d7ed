"""A uvicorn app that answers every request with the same, on uvicorn's own protocol with httptools and uvloop: what the
fast door can't be faster than. ``python -m bench.constant_asgi PORT``."""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

from bench import work

_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        *((name.lower().encode(), value.encode()) for name, value in work.ANSWER_HEADERS),
        (b"content-length", str(len(work.CONSTANT)).encode()),
    ],
}
_BODY = {"type": "http.response.body", "body": work.CONSTANT}


async def app(_scope: Any, _receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    """Answer."""
    await send(_START)
    await send(_BODY)


if __name__ == "__main__":
    uvicorn.run(
        app, port=int(sys.argv[1]), http="httptools", loop="uvloop", ws="none", lifespan="off", log_level="error",
        access_log=False, proxy_headers=False, server_header=False, date_header=False,
    )  # fmt: skip
