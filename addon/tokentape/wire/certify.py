"""Is what came over the wire what was recorded? One check for each thing that can be equal.

The rule: the recording is the measure, not what we meant to send. Where the recording says nothing (no boundaries, no
times), the check says so and passes. Times are told and not judged: how late a piece comes is the machine's affair.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tokentape.model import Headers, Interaction, Response, header, is_bodyless
from tokentape.wire import framing
from tokentape.wire.answers import OUTCOME_HEADER
from tokentape.wire.tape import HOP_HEADERS

# Made anew for each connection, so not compared: lengths and codings are of the wire.
_COMPUTED = HOP_HEADERS | {"content-length", "content-encoding", OUTCOME_HEADER.lower()}


@dataclass(frozen=True, slots=True)
class Piece:
    """So many bytes of the body came ``at`` seconds after the request was sent."""

    size: int
    at: float


@dataclass(slots=True)
class Heard:
    """An answer as it came over the wire. ``answered`` is when its headers were there, in seconds after the request
    was sent; ``broken`` says that it ended before it said so."""

    proto: str = "HTTP/1.1"
    status: int = 0
    reason: str = ""
    headers: Headers = ()
    answered: float = 0.0
    pieces: list[Piece] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    trailers: Headers = ()
    broken: bool = False
    began: float = 0.0
    """When the request was sent, by the machine's steady clock."""

    def add(self, data: bytes, at: float) -> None:
        """A piece of the body."""
        if data:
            self.body += data
            self.pieces.append(Piece(len(data), at))


@dataclass(frozen=True, slots=True)
class Check:
    """One thing compared. ``equal`` is None where the recording has nothing to compare with."""

    what: str
    equal: bool | None
    note: str


@dataclass(frozen=True, slots=True)
class Timing:
    """How far off the pieces came, in seconds: half of them by no more than ``median``, 95 of 100 by no more than
    ``p95``."""

    median: float
    p95: float


def checks(interaction: Interaction, heard: Heard, outcome: str) -> tuple[Check, ...]:
    """What is equal between a recording and an answer. ``outcome`` is what the answer should say it is."""
    recorded = interaction.response
    bodyless = is_bodyless(interaction.request.method, recorded.status)
    told = header(heard.headers, OUTCOME_HEADER) or "no recording"
    return (
        Check("recording", told == outcome, told),
        Check("status", heard.status == recorded.status, str(heard.status)),
        _bytes(b"" if bodyless else recorded.body, heard),
        Check("ending", heard.broken == recorded.truncated, "broken off" if heard.broken else "whole"),
        _chunks(recorded, heard, bodyless),
        _fields("headers", recorded.headers, heard.headers),
        _fields("trailers", () if bodyless else recorded.trailers, heard.trailers),
    )


def timing(interaction: Interaction, heard: Heard) -> Timing | None:
    """How far off the pieces came from when they were recorded; None where no times are recorded, or the pieces are
    others."""
    chunks = interaction.response.chunks
    if not chunks or [chunk.size for chunk in chunks] != [piece.size for piece in heard.pieces]:
        return None
    off = sorted(abs(piece.at - at) for piece, at in zip(heard.pieces, interaction.arrivals, strict=True))
    return Timing(quantile(off, 0.5), quantile(off, 0.95))


def quantile(ascending: Sequence[float], share: float) -> float:
    """The least value that so large a share of all does not exceed."""
    return ascending[min(len(ascending) - 1, int(share * len(ascending)))]


def _bytes(body: bytes, heard: Heard) -> Check:
    if bytes(heard.body) == body:
        return Check("bytes", True, str(len(body)))
    place = _first_difference(heard.body, body)
    return Check("bytes", False, f"{len(heard.body)} instead of {len(body)}, different from byte {place} on")


def _chunks(recorded: Response, heard: Heard, bodyless: bool) -> Check:
    sizes = [piece.size for piece in heard.pieces]
    if heard.proto == "HTTP/1.1" and header(heard.headers, "content-length") is not None:
        return Check("chunks", None, "a body with a length shows none in HTTP/1.1")
    if recorded.chunks and not bodyless:
        wanted = [chunk.size for chunk in recorded.chunks]
        return Check("chunks", sizes == wanted, _count(sizes, wanted))
    content_type = header(recorded.headers, "content-type") or ""
    if framing.is_stream(content_type) and recorded.body and not bodyless:
        wanted = framing.sizes(recorded.body, content_type)
        return Check("chunks", sizes == wanted, f"{_count(sizes, wanted)}, cut at events: none are recorded")
    return Check("chunks", None, "none recorded")


def _count(sizes: list[int], wanted: list[int]) -> str:
    if sizes == wanted:
        return str(len(sizes))
    place = _first_difference(sizes, wanted)
    return f"{len(sizes)} instead of {len(wanted)}, different from number {place + 1} on"


def _first_difference(heard: Sequence[int], wanted: Sequence[int]) -> int:
    """Where two rows part; the length of the shorter one, if it is the beginning of the other."""
    places = (at for at, (one, other) in enumerate(zip(heard, wanted, strict=False)) if one != other)
    return next(places, min(len(heard), len(wanted)))


def _fields(what: str, recorded: Headers, heard: Headers) -> Check:
    wanted, got = _comparable(recorded), _comparable(heard)
    if wanted == got:
        return Check(what, True if wanted else None, str(len(wanted)) if wanted else "none recorded")
    names = sorted({name for name, _ in set(wanted) ^ set(got)}) or ["their order"]
    return Check(what, False, f"different: {', '.join(names)}")


def _comparable(fields: Headers) -> list[tuple[str, str]]:
    """Names without case; HTTP/2 has them in lower case."""
    return [(name.lower(), value) for name, value in fields if name.lower() not in _COMPUTED]
