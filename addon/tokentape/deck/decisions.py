"""What the deck is asked, and what it can say."""

from collections.abc import Callable
from dataclasses import dataclass

from tokentape.model import Interaction
from tokentape.rules.profile import Profile

# Why a request can't be recorded into a cassette that VCR.py, say, has written.
READ_ONLY = "the cassette is in another tool's format, which is read and never written"


@dataclass(frozen=True, slots=True)
class Question:
    """A request as the deck sees it.

    ``cassette`` is the name asked for or, for an unnamed request, the one it would be recorded to. ``probes`` gives the
    digests of the request under a profile. ``obstacle`` says why it can't be recorded ("" if it can).
    """

    session: str
    cassette: str
    named: bool
    probes: Callable[[Profile], tuple[bytes, ...]]
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class Replay:
    """Answer with this recording. ``pending`` is it where it is not published yet, else the library has it."""

    cassette: str
    position: int
    pending: Interaction | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """Forward, and record into this session's take of the cassette."""

    cassette: str


@dataclass(frozen=True, slots=True)
class Miss:
    """Refuse. ``cassette`` is the one that was searched (None: all of them)."""

    code: str
    cassette: str | None
    obstacle: str = ""


Decision = Replay | Record | Miss
