"""A request under way that is being recorded: what a door feeds, piece by piece, while the client gets its answer.

The rule: whatever goes wrong in here costs the recording, and never the client a byte.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tokentape.deck.sessions import Take
from tokentape.matching.showing import many, size
from tokentape.model import Chunk, Headers, Request
from tokentape.wire.encoding import UndecodableBody
from tokentape.wire.tape import Tape

log = logging.getLogger("tokentape")


@dataclass(slots=True)
class Recording:
    """A request under way that is being recorded. ``shown`` is how messages name it (redacted).

    In the end it has a ``position`` in its cassette, or ``lost`` says why it has none; ``chunks`` are those of the
    answer, the first of them ``waited`` seconds after the request.
    """

    session: str
    cassette: str
    request: Request
    shown: str
    tape: Tape
    limit: int
    take: Take
    dropped: str = ""
    position: int = -1
    lost: str = ""
    chunks: tuple[Chunk, ...] = ()
    waited: float = 0.0

    def head(self, status: int, reason: str, headers: Headers, proto: str) -> None:
        """Status and headers have arrived."""
        with self._giving_up():
            self.tape.head(status, reason, headers, proto, time.monotonic())

    def feed(self, piece: bytes) -> None:
        """A piece of the body, as on the wire. Whatever is wrong with it ends the recording, not the answer."""
        if self.dropped:
            return
        if self.tape.size + len(piece) > self.limit:
            self._drop(f"its body is larger than {self.limit} bytes (vcr_max_body)")
            return
        with self._giving_up():
            self.tape.data(piece, time.monotonic())

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        try:
            yield
        except UndecodableBody as error:
            self._drop(str(error))
        except Exception as error:  # ours, and not for the client to pay
            self._drop(f"internal fault ({type(error).__name__})")

    def _drop(self, why: str) -> None:
        self.dropped = why
        self.tape.forget()

    def where(self) -> str:
        """How far the answer has come: ``after 120 bytes (3 events)``."""
        events = None if self.dropped else self.tape.events()
        counted = "" if events is None else f" ({many(events, 'event')})"
        return f"after {size(self.tape.size)}{counted}"
