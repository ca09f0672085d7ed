"""A request under way that is being recorded: what a door feeds, piece by piece, while the client gets its answer.

The rule: whatever goes wrong in here costs the recording, and never the client a byte.
"""

import time
from dataclasses import dataclass

from tokentape.deck.sessions import Take
from tokentape.errors import reason_of
from tokentape.matching.showing import many, size
from tokentape.model import Chunk, Headers, Request
from tokentape.wire.tape import Tape


@dataclass(slots=True, eq=False, weakref_slot=True)
class Recording:
    """A request under way that is being recorded. ``shown`` is how messages name it (redacted).

    In the end it has a ``position`` in its cassette, or ``lost`` says why it has none; ``chunks`` are those of the
    answer, the first of them ``waited`` seconds after the request.
    """

    take: Take
    request: Request
    shown: str
    tape: Tape
    dropped: str = ""
    position: int = -1
    lost: str = ""
    chunks: tuple[Chunk, ...] = ()
    waited: float = 0.0

    @property
    def cassette(self) -> str:
        """The name of the cassette it is for."""
        return self.take.cassette

    def head(self, status: int, reason: str, headers: Headers, proto: str) -> None:
        """Status and headers have arrived."""
        try:
            self.tape.head(status, reason, headers, proto, time.monotonic())
        except Exception as error:  # ours, and not for the client to pay
            self._drop(reason_of(error))

    def feed(self, piece: bytes) -> None:
        """A piece of the body, as on the wire. Whatever is wrong with it ends the recording, not the answer."""
        if self.dropped:
            return
        tape = self.tape
        if tape.limit is not None and tape.size + len(piece) > tape.limit:
            self._drop(f"its body is larger than {tape.limit} bytes (vcr_max_body)")
            return
        try:
            tape.data(piece, time.monotonic())
        except Exception as error:  # ours, and not for the client to pay
            self._drop(reason_of(error))

    def _drop(self, why: str) -> None:
        self.dropped = why
        self.tape.forget()

    def where(self) -> str:
        """How far the answer has come: ``after 120 bytes (3 events)``."""
        events = None if self.dropped else self.tape.events()
        counted = "" if events is None else f" ({many(events, 'event')})"
        return f"after {size(self.tape.size)}{counted}"
