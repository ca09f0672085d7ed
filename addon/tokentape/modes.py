"""The modes as one table of two cells: what happens when a recording matches, and what when none does.

The code that decides, the options' help and the docs all read this table; nobody else says what a mode does.
"""

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What can happen to a request."""

    REPLAY = "replay"
    RECORD = "record"
    RECORD_ONCE = "record, unless the cassette was there before"
    FORWARD = "forward"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Row:
    """A mode: what is done on a match, what on a miss, and the sentence that explains it.

    ``retakes`` says that a take of this mode replaces what the cassette held when the take began.
    """

    match: Act
    miss: Act
    meaning: str
    retakes: bool = False


MODES: dict[str, Row] = {
    "replay": Row(Act.REPLAY, Act.REFUSE, "answer from cassettes; the network is never touched"),
    "once": Row(Act.REPLAY, Act.RECORD_ONCE, "replay; record a cassette that is not there yet"),
    "new_episodes": Row(Act.REPLAY, Act.RECORD, "replay; record what is missing and add it to the cassette"),
    "record": Row(Act.RECORD, Act.RECORD, "record everything anew, replacing what a cassette held", retakes=True),
    "passthrough": Row(Act.FORWARD, Act.FORWARD, "forward everything, leave cassettes alone"),
}

# The words of VCR libraries for the same things; accepted here and nowhere else.
ALIASES: dict[str, str] = {"none": "replay", "all": "record"}
