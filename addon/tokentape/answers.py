"""From a recording to the answer a client gets: which headers stay, which are computed.

The rule: bytes as recorded; only what speaks of the wire (lengths, transfer and content coding, the connection) is made
anew, because the recorded values belong to another wire.
"""

from dataclasses import dataclass

from tokentape.model import Headers, Interaction, Request, header, without
from tokentape.refusal import Refusal, render
from tokentape.tape import HOP_HEADERS

# Bodies are kept decoded, so a recorded coding would be a lie; lengths are computed from what is sent.
_COMPUTED = HOP_HEADERS | {"content-encoding", "content-length"}
OUTCOME_HEADER = "X-Cassette-Outcome"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to send, whole. ``outcome`` is what we tell people: ``replayed chat-basic#3``."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    outcome: str
    trailers: Headers = ()
    refusal: Refusal | None = None


def replayed(interaction: Interaction, method: str, outcome: str) -> Answer:
    """The recorded answer for a client that asked with this method."""
    response = interaction.response
    headers = without(response.headers, _COMPUTED)
    body = b"" if method == "HEAD" or response.status in (204, 304) else response.body
    length = _length(interaction, method, body)
    if length is not None:
        headers = (*headers, ("Content-Length", length))
    return Answer(response.status, response.reason, headers, body, outcome, response.trailers)


def _length(interaction: Interaction, method: str, body: bytes) -> str | None:
    """HEAD and 304 speak of a body that is not sent: the recorded length stays (RFC 9110, 8.6). 204 has none."""
    status = interaction.response.status
    if status == 204 or 100 <= status < 200:
        return None
    if method == "HEAD" or status == 304:
        return header(interaction.response.headers, "content-length")
    return str(len(body))


def refused(refusal: Refusal, request: Request) -> Answer:
    """A refusal as the client that sent ``request`` can read it."""
    rendered = render(refusal, request)
    return Answer(
        rendered.status,
        "",
        (*rendered.headers, ("Content-Length", str(len(rendered.body)))),
        b"" if request.method == "HEAD" else rendered.body,
        f"refused {refusal.code}",
        rendered.trailers,
        refusal,
    )
