"""What a client sees when we refuse: a status, a code, and a text that a person can act on.

The rule: every refusal says what was asked, why it was refused, and what to do next; and none of it is retried by an
SDK (``x-should-retry: false``, which the OpenAI and Anthropic SDKs obey). Text that comes in here is redacted already.
"""

import json
import re
from dataclasses import dataclass

from tokentape.model import Headers, Request, header, header_values

# code -> status. The codes are what scripts and tests hold on to.
STATUSES: dict[str, int] = {
    "unnamed": 400,
    "bad-name": 400,
    "bad-body": 400,
    "bad-fault": 400,
    "out-of-date": 409,
    "exhausted": 409,
    "no-cassette": 500,
    "damaged": 500,
    "internal": 500,
    "upstream": 502,
    "unsupported": 501,
}

# The command that records what is missing, with flags or without; where there is a better one, it is put in its place.
RECORD_MORE = "tokentape run --mode new_episodes -- YOUR COMMAND"
RECORD_MORE_SERVED = "tokentape serve --mode new_episodes"
_FLAGS = r"(?: --(?:library|cassette) (?:'(?:[^']|'\"'\"')*'|\S+))*"
RECORDS_MORE = re.compile(f"{RECORD_MORE.replace(' -- ', f'{_FLAGS} -- ')}|{RECORD_MORE_SERVED}{_FLAGS}")

ERROR_HEADER = "X-Cassette-Error"
# google.rpc.Code FAILED_PRECONDITION: "the system is not in a state required for the operation; do not retry".
GRPC_FAILED_PRECONDITION = "9"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused. ``summary`` is one line; ``details`` are lines below it; ``hint`` can be pasted.

    For lists that have room for a few words: ``cassette`` was searched, ``nearest`` is the place of the recording that
    comes nearest, and ``differs`` the first place where it differs.
    """

    code: str
    summary: str
    details: tuple[str, ...] = ()
    hint: str = ""
    cassette: str = ""
    nearest: str = ""
    differs: str = ""

    @property
    def status(self) -> int:
        """The HTTP status of this code."""
        return STATUSES[self.code]

    @property
    def text(self) -> str:
        """The whole text as a person reads it, without a final newline."""
        lines = [f"tokentape: {self.summary}", *(f"  {line}" for line in self.details)]
        if self.hint:
            lines += ["", *(f"hint: {line}" for line in self.hint.splitlines())]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A refusal as bytes for one client."""

    status: int
    headers: Headers
    body: bytes
    trailers: Headers = ()


def speaks_json(request: Request) -> bool:
    """Whether the client's Content-Type or Accept says JSON."""
    said = (*header_values(request.headers, "content-type"), *header_values(request.headers, "accept"))
    return any("json" in value.lower() for value in said)


def speaks_grpc(request: Request) -> bool:
    """Whether the request is a gRPC call."""
    return (header(request.headers, "content-type") or "").lower().startswith("application/grpc")


def render(refusal: Refusal, request: Request) -> Rendered:
    """The refusal in the words of the client that gets it: JSON, plain text, or a gRPC status."""
    always = ((ERROR_HEADER, refusal.code), ("x-should-retry", "false"), ("Cache-Control", "no-store"))
    if speaks_grpc(request):
        # gRPC over HTTP/2 answers 200 and says the outcome in a header-only response, its text percent-encoded.
        status = (("grpc-status", GRPC_FAILED_PRECONDITION), ("grpc-message", _grpc_message(refusal.text)))
        return Rendered(200, (("Content-Type", "application/grpc"), *status, *always), b"")
    if speaks_json(request):
        error = {"message": refusal.text, "type": "cassette_error", "code": refusal.code}
        body = json.dumps({**error, "error": error}, indent=2, ensure_ascii=False).encode(errors="replace") + b"\n"
        return Rendered(refusal.status, (("Content-Type", "application/json"), *always), body)
    body = refusal.text.encode(errors="replace") + b"\n"
    return Rendered(refusal.status, (("Content-Type", "text/plain; charset=utf-8"), *always), body)


def _grpc_message(text: str) -> str:
    """Percent-encoded as the gRPC HTTP/2 protocol asks: printable ASCII but ``%`` stays."""
    return "".join(chr(byte) if 0x20 <= byte <= 0x7E and byte != 0x25 else f"%{byte:02X}" for byte in text.encode())
