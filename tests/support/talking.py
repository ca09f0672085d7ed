"""What the tests say to the APIs, and how they read a refusal.

The rule: a refusal is checked the same way everywhere: its status, its code, that no SDK will retry it, and that the
body is shaped for the client that gets it.
"""

import ssl
from collections.abc import Callable, Iterable
from pathlib import Path

import httpx
from secrets_for_tests import OPENAI_KEY

Clients = Callable[..., httpx.Client]

CHAT = "https://api.openai.com/v1/chat/completions"
MODELS = "https://api.openai.com/v1/models"
FILES = "https://files.example"

DEADLINE = 15  # seconds a client waits for the next byte before it calls the answer stuck

# Credentials of no provider's shape: enough for a host that vcr_upstream maps, and for nothing else.
SOME_KEY = {"Authorization": "Bearer whatever"}
# Credentials of OpenAI's shape.
BEARER = {"Authorization": f"Bearer {OPENAI_KEY}"}

STATUSES = {
    "unnamed": 400,
    "bad-name": 400,
    "out-of-date": 409,
    "exhausted": 409,
    "no-cassette": 500,
    "damaged": 500,
    "internal": 500,
    "upstream": 502,
    "unsupported": 501,
}


class _Http2First(ssl.SSLContext):
    """A context that offers HTTP/2 first, as curl does and httpx does not: without a server's say the first wins."""

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        super().set_alpn_protocols(["h2", "http/1.1"])


def trusting(ca_file: Path, *, http2: bool = False) -> ssl.SSLContext:
    """A client's TLS context that trusts one authority, and for ``http2`` asks for that."""
    context = (_Http2First if http2 else ssl.SSLContext)(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca_file)
    return context


def browser(proxy: str | None, ca_file: Path, *, http2: bool = False, base_url: str = "") -> httpx.Client:
    """An httpx client behind a proxy, or without one; the environment has no say in it."""
    trust = trusting(ca_file, http2=http2)
    return httpx.Client(proxy=proxy, base_url=base_url, verify=trust, trust_env=False, timeout=DEADLINE, http2=http2)


def chat(text: str = "Hello!", **more: object) -> dict[str, object]:
    """A chat request as the recording ``chat-basic`` has it, with a text of one's own."""
    return {"model": "gpt-5-nano", "messages": [{"role": "user", "content": text}], **more}


def refusal(answer: httpx.Response, code: str) -> str:
    """Check that this is our refusal of that code, and return the text that a person reads."""
    assert answer.headers.get("x-cassette-error") == code, f"{answer.status_code}: {answer.text[:500]}"
    assert answer.status_code == STATUSES[code]
    assert answer.headers["x-should-retry"] == "false"
    if not answer.headers["content-type"].startswith("application/json"):
        assert answer.headers["content-type"].startswith("text/plain")
        return answer.text
    body = answer.json()
    inner = body["error"]
    assert {"message": inner["message"], "type": "cassette_error", "code": code} == inner
    assert {name: body[name] for name in inner} == inner
    message: str = inner["message"]
    return message


def is_json(answer: httpx.Response) -> bool:
    """Whether the answer says that it is JSON."""
    return answer.headers["content-type"].startswith("application/json")
