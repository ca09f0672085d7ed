"""Say why a request was refused: what was asked, the nearest recordings, what differs, and what to do.

The same words go into the answer, the log and the summary. Everything in here is redacted before it comes in.
"""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from tokentape.deck.decisions import READ_ONLY, Miss
from tokentape.deck.nearest import Near
from tokentape.errors import BadBody, BadFault, BadName, CantDecide, DamagedCassette, LibraryTrouble, TokentapeError
from tokentape.matching.findings import sentence
from tokentape.model import Request, header
from tokentape.modes import MODES, Act
from tokentape.refusal import RECORD_MORE, RECORD_MORE_SERVED, Refusal, speaks_grpc
from tokentape.settings import Settings

# How the line begins that says why a request could not be recorded.
NOT_RECORDED = "not recorded: "


def record_more(library: str, cassette: str, *, base_url: bool = False) -> str:
    """The command that records what is missing where it was looked for: in the library, and in the cassette of requests
    that name none, where they are given. ``base_url``: the client asked at one."""
    flags = (("--library", "" if library == Settings().library else library), ("--cassette", cassette))
    given = "".join(f" {flag} {shlex.quote(value)}" for flag, value in flags if value)
    return f"{RECORD_MORE_SERVED}{given}" if base_url else RECORD_MORE.replace(" -- ", f"{given} -- ")


def explain_miss(
    miss: Miss,
    request: Request,
    near: Sequence[Near],
    library: Path,
    mode: str,
    like: str = "",
    more: str = RECORD_MORE,
) -> Refusal:
    """The refusal for a miss. ``request`` is redacted; ``like`` is the cassette whose name was probably meant; ``more``
    is the command that records what is missing."""
    if MODES[mode].match is Act.RECORD:
        near = ()  # nobody looked for one
    told = _told(miss, request, library, mode, near)
    told = replace(told, hint=told.hint.replace(RECORD_MORE, more))
    if like:
        told = replace(told, details=(*told.details, f"there is {like}: is that the one?"))
    place, first = (near[0].place, near[0].differences) if near else ("", ())
    return replace(told, cassette=miss.cassette or "", nearest=place, differs=first[0].path if first else "")


def _told(miss: Miss, request: Request, library: Path, mode: str, near: Sequence[Near]) -> Refusal:
    asked = f"{request.method} {request.url}"
    if miss.code == "no-cassette":
        return Refusal(
            "no-cassette", f"no cassette {_file(library, miss.cassette)} for {asked}", _why(miss), _hint(miss, mode)
        )
    if miss.code == "exhausted":
        summary = f"every recording of {asked} in {_file(library, miss.cassette)} has been played"
        return Refusal("exhausted", summary, (), "replay the last one again: vcr_repeat=last (the default)")
    if MODES[mode].match is Act.RECORD:
        return Refusal(miss.code, f"{asked} is to be recorded anew, and can't be", _why(miss), _hint(miss, mode))
    where = f"in {_file(library, miss.cassette)}" if miss.cassette is not None else f"in the library {library}"
    summary = f"no recording {where} matches {asked}"
    return Refusal(miss.code, summary, (*_why(miss), *_differences(near)), _hint(miss, mode))


def explain_error(error: TokentapeError) -> Refusal:
    """The refusal for an error of ours that has a code of its own."""
    match error:
        case BadName():
            code = "bad-name"
        case BadBody():
            code = "bad-body"
        case BadFault():
            code = "bad-fault"
        case DamagedCassette() | LibraryTrouble():
            code = "damaged"
        case CantDecide():
            code = "out-of-date"
        case _:
            code = "internal"
    return Refusal(code, str(error), (), error.hint)


def explain_unmade(request: Request) -> Refusal:
    """The refusal for a request that no generator knows an answer to."""
    where = urlsplit(request.url)
    summary = f"no generator makes up an answer to {request.method} {where.scheme}://{where.hostname or ''}{where.path}"
    return Refusal("unsupported", summary, (), "generated are answers of the OpenAI, Azure OpenAI and Anthropic APIs")


def unsupported(request: Request) -> Refusal | None:
    """Why a request can't be recorded, whatever is asked; None where it can.

    WebSocket and gRPC are more than one request and its response.
    """
    if (header(request.headers, "upgrade") or "").lower() == "websocket":
        kind = "WebSocket connections"
    elif speaks_grpc(request):
        kind = "gRPC calls"
    else:
        return None
    host = urlsplit(request.url).hostname or "HOST"
    return Refusal("unsupported", f"{kind} can't be recorded yet", (), f"forward them: vcr_ignore_hosts={host}")


def explain_fault(kind: str, place: str) -> Refusal:
    """The refusal for a fault of ours. Only the type and place of the exception: its text may hold a secret."""
    return Refusal(
        "internal",
        f"tokentape itself failed ({kind} at {place}); the request was not forwarded",
        (),
        "please report this line, and what you were doing",
    )


def _why(miss: Miss) -> tuple[str, ...]:
    return (f"{NOT_RECORDED}{miss.obstacle}",) if miss.obstacle else ()


def _differences(near: Sequence[Near]) -> Iterator[str]:
    if not near:
        yield "there is no recording near it"
    for number, candidate in enumerate(near):
        yield f"{'nearest' if not number else 'then'}: {candidate.place}"
        # The first is told in full; of the others the first difference is enough to tell them apart.
        for difference in candidate.differences[: None if not number else 1]:
            yield f"  {sentence(difference)}"


def _file(library: Path, cassette: str | None) -> str:
    return f"{library}/{cassette}.yaml"


def _hint(miss: Miss, mode: str) -> str:
    """What records it, in this mode."""
    adds = RECORD_MORE
    if miss.code == "unnamed" and MODES[mode].match is not Act.RECORD:
        record = "see above what recording it needs" if miss.obstacle else f"record this request: {adds}"
        return f"name the cassette it belongs to (X-Cassette-Name: NAME), or {record}"
    if miss.obstacle == READ_ONLY:
        return "record into a cassette of another name"
    if miss.obstacle:
        return "with that at hand, run again"
    if miss.code == "out-of-date" and mode == "once":
        return f"delete the cassette to record it anew, or add what is missing: {adds}"
    return f"record it: {adds}"
