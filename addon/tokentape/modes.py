"""The modes as one table of two cells: what happens when a recording matches, and what when none does.

The code that decides, the options' help and the docs all read this table; nobody else says what a mode does.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class Act(StrEnum):
    """What can happen to a request."""

    REPLAY = "replay"
    RECORD = "record"
    RECORD_ONCE = "record, unless the cassette was there before"
    FORWARD = "forward"
    REFUSE = "refuse"
    GENERATE = "generate"


@dataclass(frozen=True, slots=True)
class Row:
    """A mode: what is done on a match, what on a miss, and the sentence that explains it.

    ``retakes`` says that a take of this mode replaces what the cassette held when the take began.
    """

    match: Act
    miss: Act
    meaning: str
    retakes: bool = False

    @property
    def records(self) -> bool:
        """Whether a miss may be recorded."""
        return self.miss in (Act.RECORD, Act.RECORD_ONCE)


MODES: dict[str, Row] = {
    "replay": Row(Act.REPLAY, Act.REFUSE, "answer from cassettes; the network is never touched"),
    "once": Row(Act.REPLAY, Act.RECORD_ONCE, "replay; record a cassette that is not there yet"),
    "new_episodes": Row(Act.REPLAY, Act.RECORD, "replay; record what is missing and add it to the cassette"),
    "record": Row(Act.RECORD, Act.RECORD, "record everything anew, replacing what a cassette held", retakes=True),
    "passthrough": Row(Act.FORWARD, Act.FORWARD, "forward everything, leave cassettes alone"),
    "generate": Row(Act.GENERATE, Act.GENERATE, "make every answer up; neither cassettes nor the network are touched"),
}

# The words of VCR libraries for the same things; accepted here and nowhere else.
ALIASES: dict[str, str] = {"none": "replay", "all": "record"}

# What ``vcr_on_miss`` can put in place of a refusal.
ON_MISS: tuple[str, ...] = ("refuse", "generate")


def row_of(mode: str, on_miss: str) -> Row:
    """The row of a mode; ``on_miss`` is for ``replay``, the others know what to do with a miss."""
    row = MODES[mode]
    return replace(row, miss=Act.GENERATE) if on_miss == "generate" and row.miss is Act.REFUSE else row
