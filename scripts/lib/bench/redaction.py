"""What redaction costs: the CPU time of a megabyte that is written, of whatever kind, and of a request.

The rule: bodies of four kinds that APIs answer with, in a run that knows a thousand secrets, none of which they hold:
that is what nearly every body is like.
"""

import base64
import json
import random
import string
import time
from collections.abc import Callable

from bench.contenders import Ground
from bench.pairs import Effort
from bench.rows import Check, Outcome, Row, Told
from tokentape.model import Interaction, Request, Response
from tokentape.redaction.hidden import Search
from tokentape.redaction.redact import redact, redact_request
from tokentape.redaction.taints import Needles

_MB = 1_000_000
_SECRETS = 1000
_REQUESTS = 300
_CHANCE = random.Random(11)
_LETTERS = string.ascii_letters + string.digits


def _some(count: int) -> str:
    return "".join(_CHANCE.choices(_LETTERS, k=count))


def _prose(size: int) -> str:
    words = ["".join(_CHANCE.choices(string.ascii_lowercase, k=_CHANCE.randint(1, 9))) for _ in range(3000)]
    return " ".join(_CHANCE.choices(words, k=size // 6))


def _messages() -> tuple[str, bytes]:
    messages = [{"role": "user", "content": f'{_prose(1000)}\n"{_prose(1000)}"'} for _ in range(_MB // 2100)]
    return "application/json", json.dumps({"messages": messages}).encode()


def _embeddings() -> tuple[str, bytes]:
    rows = [{"index": row, "embedding": [_CHANCE.gauss(0, 0.02) for _ in range(1500)]} for row in range(30)]
    return "application/json", json.dumps({"data": rows, "usage": {"prompt_tokens": 3}}).encode()


def _image() -> tuple[str, bytes]:
    picture = base64.b64encode(_CHANCE.randbytes(_MB * 3 // 4)).decode()
    return "application/json", json.dumps({"data": [{"b64_json": picture}]}).encode()


def _stream() -> tuple[str, bytes]:
    def event(word: str) -> bytes:
        choice = {"index": 0, "delta": {"content": word}, "logprobs": None, "finish_reason": None}
        about = {
            "id": "chatcmpl-AbC123dEf456GhI789",
            "object": "chat.completion.chunk",
            "model": "gpt-4o-mini-2024-07-18",
        }
        return b"data: " + json.dumps({**about, "choices": [choice]}).encode() + b"\n\n"

    return "text/event-stream", b"".join(map(event, _prose(_MB // 33).split()))


_KINDS: dict[str, Callable[[], tuple[str, bytes]]] = {
    "messages": _messages,
    "embeddings": _embeddings,
    "an image in base64": _image,
    "a stream": _stream,
}


async def redaction(_ground: Ground, effort: Effort) -> Outcome:
    """CPU time of redacting interactions and requests in which there is nothing to be found."""
    search = Search(taints=Needles(f"sk-{_some(40)}" for _ in range(_SECRETS)))
    checks = []
    for kind, make in _KINDS.items():
        content_type, body = make()
        asked = Request("POST", "https://api.openai.com/v1/x", (("Authorization", f"Bearer {_some(40)}"),))
        exchange = Interaction(asked, Response(200, "OK", (("Content-Type", content_type),), body))
        took = _best(lambda exchange=exchange: redact(exchange, search), max(2, effort.turns))  # type: ignore[misc]
        checks.append(Check(f"a megabyte of {kind}", took * 1000 * _MB / len(body), 50, "ms"))
    request = Request(
        "POST",
        "https://api.openai.com/v1/chat/completions",
        (
            ("Authorization", f"Bearer {_some(40)}"),
            ("Content-Type", "application/json"),
            ("User-Agent", "OpenAI/Python"),
        ),
        json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": _prose(800)}]}).encode(),
    )
    each = _best(lambda: [redact_request(request, search) for _ in range(_REQUESTS)], max(2, effort.turns)) / _REQUESTS
    return Outcome(told=[Told("a request of 1 KB that was not met before", each * 1e6, "µs")], checks=checks)


def _best(work: Callable[[], object], turns: int) -> float:
    """The least CPU time of several turns, in seconds."""
    times = []
    for _ in range(turns):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


ROWS = (Row("redact", "what redaction of what is written costs, with a thousand secrets known", redaction),)
