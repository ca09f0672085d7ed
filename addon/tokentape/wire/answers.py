"""From a recording to the answer a client gets: which headers stay, which are computed.

The rule: bytes as recorded; only what speaks of the wire (lengths, transfer and content coding, the connection) is made
anew, because the recorded values belong to another wire.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from tokentape.model import Headers, Interaction, Request, Response, header, is_bodyless
from tokentape.refusal import Refusal, render
from tokentape.wire import pace
from tokentape.wire.pace import Plan
from tokentape.wire.tape import HOP_HEADERS

# Bodies are kept decoded, so a recorded coding would be a lie; lengths are computed from what is sent.
_COMPUTED = HOP_HEADERS | {"content-encoding", "content-length"}
OUTCOME_HEADER = "X-Cassette-Outcome"


class Ends(StrEnum):
    """What becomes of the connection once an answer's plan is done."""

    AS_PLANNED = "as planned"
    """The body is over; or, where the plan is truncated, the connection (HTTP/2: the stream) breaks off."""
    RESET = "reset"
    """The connection is reset, as by a server that crashed (TCP: RST; HTTP/2: the stream alone)."""
    HANG = "hang"
    """Nothing more comes, and the connection stays open until the client gives up."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to send: whole, or by its ``plan``. ``outcome`` is what we tell people: ``replayed chat-basic#3``.

    One that ``ends`` in a reset or a hang ends so after its plan's last step; without a plan nothing of it is sent at
    all, not even its headers.

    Without a Content-Length among its headers, a body that is sent by a plan ends as the protocol says (chunked in
    HTTP/1.1, by the end of the connection in HTTP/1.0, of the stream in HTTP/2).
    """

    status: int
    reason: str
    headers: Headers
    body: bytes
    outcome: str
    trailers: Headers = ()
    refusal: Refusal | None = None
    plan: Plan | None = None
    ends: Ends = Ends.AS_PLANNED


def replayed(interaction: Interaction, method: str, outcome: str, at_pace: str = pace.FAST) -> Answer:
    """The recorded answer for a client that asked with this method; ``at_pace`` is a word or factor of ``pace``."""
    response = interaction.response
    if is_bodyless(method, response.status):
        response = replace(response, body=b"", chunks=(), trailers=(), truncated=False)
    headers = tuple(pair for pair in response.headers if pair[0].lower() not in _COMPUTED)
    length = _length(response, method)
    if length is not None:
        headers = (*headers, ("Content-Length", length))
    plan = pace.plan(response, interaction.duration, at_pace)
    return Answer(response.status, response.reason, headers, response.body, outcome, response.trailers, plan=plan)


def _length(response: Response, method: str) -> str | None:
    """HEAD and 304 speak of a body that is not sent: the recorded length stays (RFC 9110, 8.6). 204 has none, nor has
    what came in pieces without one, or broke off before its end could be told."""
    status = response.status
    if status == 204 or status < 200:
        return None
    recorded = header(response.headers, "content-length")
    if method == "HEAD" or status == 304:
        return recorded
    if response.truncated:
        return recorded if recorded and recorded.isdecimal() and int(recorded) > len(response.body) else None
    if response.body and (response.trailers or (recorded is None and pace.is_streamed(response))):
        return None
    return str(len(response.body))


def framing(answer: Answer, http_version: str) -> Headers:
    """How a body without a length ends: chunks in HTTP/1.1; before that by the end of the connection, since by that of
    the stream."""
    if http_version != "HTTP/1.1" or not answer.body or header(answer.headers, "content-length") is not None:
        return ()
    names = ", ".join(dict.fromkeys(name for name, _ in answer.trailers))
    return (("Transfer-Encoding", "chunked"), *((("Trailer", names),) if names else ()))


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
