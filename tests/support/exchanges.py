"""An answer from upstream as a door tells an engine of it: as far as it has come, or whole."""

from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Upstream
from tokentape.engine.recording import Recording
from tokentape.model import Headers
from tokentape.wire.answers import Answer

TEXT: Headers = (("Content-Type", "text/plain"),)


def begun(decided: Answer | Upstream, *pieces: bytes, status: int = 200, headers: Headers = TEXT) -> Recording:
    """The recording of a request that goes upstream; these pieces of its answer have come."""
    assert isinstance(decided, Upstream), decided
    assert decided.recording is not None
    decided.recording.head(status, "OK", headers, "HTTP/1.1")
    for piece in pieces:
        decided.recording.feed(piece)
    return decided.recording


def ended(
    engine: Engine, decided: Answer | Upstream, *pieces: bytes, status: int = 200, headers: Headers = TEXT
) -> Recording:
    """The same, and its answer is whole."""
    recording = begun(decided, *pieces, status=status, headers=headers)
    engine.recorder.finish(recording)
    return recording
