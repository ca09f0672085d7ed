"""Limits that several processes share: what one worker lets through counts for all.

Meters as in ``meters``, with their state in shared memory and one lock for all of them. A window is a ring of grains,
so that its size is known beforehand; each is a six-hundredth of it, and so exact is the window.

The rule: a place counts for one name. When all are taken, a new name takes that of the one that was used longest ago;
what was used of that is forgotten, as with keys that never come again, and who counted there finds it out.
"""

from contextlib import AbstractContextManager
from hashlib import blake2b
from multiprocessing import shared_memory
from multiprocessing.synchronize import RLock

from tokentape.simulation.meters import NEVER, Meter, bucket_idle, bucket_used, bucket_wait

SLOTS = 4096  # of 5 kB each, where they are used
_GRAINS = 600
_KEY = 16  # bytes
_WIDTH = 2 + _GRAINS  # numbers of a slot: two, and a window's grains
_NUMBER = 8  # bytes


class SharedMeters:
    """The meters of one run. Made by the parent, handed to each worker."""

    def __init__(self, lock: RLock, memory: shared_memory.SharedMemory) -> None:
        self._lock = lock
        self._memory = memory
        self._table: _Table | None = None

    @classmethod
    def made(cls, lock: RLock) -> "SharedMeters":
        """New ones, of which nothing is used. Memory that nothing was written to takes no room."""
        size = SLOTS * _KEY + (1 + SLOTS + SLOTS * _WIDTH) * _NUMBER
        return cls(lock, shared_memory.SharedMemory(create=True, size=size))

    def held(self) -> AbstractContextManager[object]:
        """While several meters are looked at, nobody else counts."""
        return self._lock

    def bucket(self, name: str, limit: float) -> Meter:
        """The bucket of that name, the same for all."""
        return SharedBucket(limit, _Place(self._lock, self._opened(), name))

    def window(self, name: str, limit: float, length: float) -> Meter:
        """The window of that name and length, the same for all."""
        return SharedWindow(limit, length, _Place(self._lock, self._opened(), f"{name}\0{length}"))

    def let_go(self) -> None:
        """Look at the memory no more; each worker's to do when it ends."""
        if self._table is not None:
            self._table.let_go()

    def remove(self) -> None:
        """Give the memory back; the parent's to do."""
        self._memory.close()
        self._memory.unlink()

    def _opened(self) -> "_Table":
        if self._table is None:
            buffer = self._memory.buf
            assert buffer is not None
            self._table = _Table(buffer)
        return self._table


class _Table:
    """The memory, as one process sees it: whose each slot is, when it was used last, and its numbers."""

    __slots__ = ("_keys", "_last", "_taken", "numbers")

    def __init__(self, buffer: memoryview) -> None:
        self._keys = buffer[: SLOTS * _KEY]
        rest = buffer[SLOTS * _KEY :]
        self._taken = rest[:_NUMBER].cast("d")
        self._last = rest[_NUMBER : (1 + SLOTS) * _NUMBER].cast("d")
        self.numbers = rest[(1 + SLOTS) * _NUMBER : (1 + SLOTS + SLOTS * _WIDTH) * _NUMBER].cast("d")
        rest.release()

    def let_go(self) -> None:
        for view in (self._keys, self._taken, self._last, self.numbers):
            view.release()

    def slot(self, key: bytes, known: int, now: float) -> int:
        """The slot of a key, a new one of zeros where it has none; ``known`` is where it was before."""
        slot = known if self._keys[known * _KEY : (known + 1) * _KEY] == key else self._found(key)
        if slot < 0:
            slot = self._free()
            self._keys[slot * _KEY : (slot + 1) * _KEY] = key
            self.numbers[slot * _WIDTH : (slot + 1) * _WIDTH] = memoryview(bytes(_WIDTH * _NUMBER)).cast("d")
        self._last[slot] = now
        return slot

    def _found(self, key: bytes) -> int:
        keys = bytes(self._keys)
        at = keys.find(key)
        while at % _KEY and at >= 0:  # of the end of one key and the beginning of the next
            at = keys.find(key, at + 1)
        return at // _KEY

    def _free(self) -> int:
        taken = int(self._taken[0])
        if taken < SLOTS:
            self._taken[0] = taken + 1
            return taken
        return min(range(SLOTS), key=self._last.__getitem__)


class _Place:
    """Where one meter counts, for as long as nobody else needs the slot more."""

    __slots__ = ("_key", "_slot", "_table", "lock")

    def __init__(self, lock: RLock, table: _Table, name: str) -> None:
        self.lock = lock
        self._table = table
        self._key = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=_KEY).digest()
        self._slot = 0

    def numbers(self, now: float) -> "memoryview[float]":
        """Its numbers, good for as long as ``lock`` is held."""
        slot = self._slot = self._table.slot(self._key, self._slot, now)
        return self._table.numbers[slot * _WIDTH : (slot + 1) * _WIDTH]


class SharedBucket:
    """A bucket: what is used, and since when that is so."""

    __slots__ = ("_place", "limit")

    def __init__(self, limit: float, place: _Place) -> None:
        self.limit = limit
        self._place = place

    def wait(self, now: float, cost: float) -> float:
        """See Meter."""
        return bucket_wait(self.used(now), cost, self.limit)

    def take(self, now: float, cost: float) -> None:
        """See Meter."""
        with self._place.lock:
            numbers = self._place.numbers(now)
            numbers[0] = bucket_used(numbers[0], now - numbers[1], self.limit) + cost
            numbers[1] = now

    def used(self, now: float) -> float:
        """See Meter."""
        with self._place.lock:
            numbers = self._place.numbers(now)
            return bucket_used(numbers[0], now - numbers[1], self.limit)

    def idle(self, now: float) -> float:
        """See Meter."""
        return bucket_idle(self.used(now), self.limit)


class SharedWindow:
    """A window: the last grain that was counted in (the how-manieth since the clock began), the total, the grains."""

    __slots__ = ("_grain", "_place", "length", "limit")

    def __init__(self, limit: float, length: float, place: _Place) -> None:
        self.limit = limit
        self.length = length
        self._grain = length / _GRAINS
        self._place = place

    def wait(self, now: float, cost: float) -> float:
        """See Meter."""
        with self._place.lock:
            numbers = self._place.numbers(now)
            over = self._come_to(now, numbers) + cost - self.limit
            if over <= 0:
                return 0.0
            if cost > self.limit:
                return NEVER
            last = int(numbers[0])
            for grain in range(last - _GRAINS + 1, last + 1):
                over -= numbers[2 + grain % _GRAINS]
                if over <= 0:
                    return self._leaves(grain) - now
            return self.length

    def take(self, now: float, cost: float) -> None:
        """See Meter."""
        with self._place.lock:
            numbers = self._place.numbers(now)
            self._come_to(now, numbers)
            numbers[1] += cost
            numbers[2 + int(numbers[0]) % _GRAINS] += cost

    def used(self, now: float) -> float:
        """See Meter."""
        with self._place.lock:
            numbers = self._place.numbers(now)
            return self._come_to(now, numbers)

    def idle(self, now: float) -> float:
        """See Meter."""
        with self._place.lock:
            numbers = self._place.numbers(now)
            if not self._come_to(now, numbers):
                return 0.0
            last = int(numbers[0])
            grains = range(last, last - _GRAINS, -1)
            newest = next((grain for grain in grains if numbers[2 + grain % _GRAINS]), last)
            return self._leaves(newest) - now

    def _come_to(self, now: float, numbers: "memoryview[float]") -> float:
        """Forget what has left the window; what is used."""
        last, current = int(numbers[0]), int(now / self._grain)
        for grain in range(last + 1, min(current, last + _GRAINS) + 1):
            numbers[1] -= numbers[2 + grain % _GRAINS]
            numbers[2 + grain % _GRAINS] = 0.0
        if current > last:
            numbers[0] = float(current)
        return numbers[1]

    def _leaves(self, grain: int) -> float:
        """When a grain has left the window."""
        return (grain + _GRAINS) * self._grain
