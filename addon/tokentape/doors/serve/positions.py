"""Positions that several processes share: which of equal recordings is due, whichever worker is asked.

A table in shared memory, open addressing, a digest and a count in each slot; a lock for all of it. Only where equal
recordings are in question does anybody look here: a request with one recording has no position, and costs what it costs
with one worker. To look and to count take 25 µs of CPU together, where a replayed request takes 60 to 80
(``scripts/bench door2-workers``); to keep a session with one worker would take a proxy in front of them. A full table
refuses: better an error than a wrong position.
"""

from hashlib import blake2b
from multiprocessing import shared_memory
from multiprocessing.synchronize import Lock
from struct import Struct

from tokentape.errors import TokentapeError

_SLOT = Struct("16sQ")
SLOTS = 1 << 17  # 3 MB
_FULLEST = SLOTS * 3 // 4
_EMPTY = bytes(16)
# A worker that was killed may have held it; what it did is one count.
_PATIENCE = 1.0  # seconds


class SharedPositions:
    """The positions of one run. Made by the parent, handed to each worker."""

    def __init__(self, lock: Lock, memory: shared_memory.SharedMemory) -> None:
        self._lock = lock
        self._memory = memory

    @classmethod
    def made(cls, lock: Lock) -> "SharedPositions":
        """A new table, of nothing."""
        return cls(lock, shared_memory.SharedMemory(create=True, size=_SLOT.size * (SLOTS + 1)))

    def due(self, session: str, cassette: str, probe: bytes) -> int:
        """How often a recording of this digest was played in a session since it began or was rewound."""
        with _Held(self._lock):
            return self._read(self._key(session, cassette, probe))[1]

    def advance(self, session: str, cassette: str, probe: bytes) -> int:
        """Count one play; how many there were before."""
        with _Held(self._lock):
            return self._add(self._key(session, cassette, probe))

    def claim(self, session: str, cassette: str, probe: bytes, plays: int) -> bool:
        """Count one play if there were just so many before; whether there were."""
        with _Held(self._lock):
            key = self._key(session, cassette, probe)
            if self._read(key)[1] != plays:
                return False
            self._add(key)
            return True

    def rewind(self, session: str) -> None:
        """Let a session begin anew: its counts belong to another turn from now on."""
        with _Held(self._lock):
            self._add(_digest("turn", session))

    def remove(self) -> None:
        """Give the memory back; the parent's to do."""
        self._memory.close()
        self._memory.unlink()

    def _key(self, session: str, cassette: str, probe: bytes) -> bytes:
        _, turn = self._read(_digest("turn", session))
        return _digest("play", session, str(turn), cassette, probe.hex())

    def _add(self, key: bytes) -> int:
        slot, before = self._read(key)
        buffer = self._buffer
        if buffer[slot : slot + 16] == _EMPTY:
            # How many slots are taken stands behind the last.
            _, taken = _SLOT.unpack_from(buffer, SLOTS * _SLOT.size)
            if taken >= _FULLEST:
                raise TokentapeError("too many positions for several workers", "leave --workers out")
            _SLOT.pack_into(buffer, SLOTS * _SLOT.size, _EMPTY, taken + 1)
        _SLOT.pack_into(buffer, slot, key, before + 1)
        return before

    def _read(self, key: bytes) -> tuple[int, int]:
        """Where a key stands, or is to stand, and its count."""
        number = int.from_bytes(key[:8]) % SLOTS
        buffer = self._buffer
        while True:
            slot = number * _SLOT.size
            found, count = _SLOT.unpack_from(buffer, slot)
            if found == key:
                return slot, count
            if found == _EMPTY:
                return slot, 0
            number = (number + 1) % SLOTS

    @property
    def _buffer(self) -> memoryview:
        buffer = self._memory.buf
        assert buffer is not None
        return buffer


class _Held:
    """The lock, held; taken after a while from one that does not live any more."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        self._mine = self._lock.acquire(timeout=_PATIENCE)

    def __exit__(self, *_: object) -> None:
        if self._mine:
            self._lock.release()


def _digest(*parts: str) -> bytes:
    return blake2b("\0".join(parts).encode(), digest_size=16).digest()
