"""What the recorder keeps for a take that is not all published: its file in the journal, its timer, its turn."""

import asyncio
from dataclasses import dataclass, field

from tokentape.deck.sessions import Take
from tokentape.engine.tasks import Tasks
from tokentape.library.journal import TakeFile


@dataclass(slots=True)
class OpenTake:
    """``kind`` is the format of its cassette, if that is not there yet. Who changes the take or its file holds its
    ``turn``; ``under_way`` is what its session's end waits for. ``known`` is how many secrets were known when the
    oldest of its interactions was last searched."""

    kind: str
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    file: TakeFile | None = None
    timer: asyncio.TimerHandle | None = None
    under_way: Tasks = field(default_factory=Tasks)
    known: int = 0

    def close(self, *, remove: bool) -> None:
        """Close the file, if there is one; ``remove`` when nothing in it is needed any more."""
        if self.file is not None:
            self.file.close(remove=remove)
            self.file = None


type OpenTakes = dict[Take, OpenTake]
