"""Limits that several processes share: what one worker lets through counts for all.

Meters as in ``meters``, with their state in shared memory and one lock for all of them. A window is a ring of grains,
so that its size is known beforehand; each is a six-hundredth of it, and so exact is the window.

The rule: as many meters as there are slots. When most are taken, a new one takes the place of an old one: what was used
of that is forgotten, as with keys that never come again.
"""

from contextlib import AbstractContextManager
from hashlib import blake2b
from multiprocessing import shared_memory
from multiprocessing.synchronize import RLock

from tokentape.simulation.meters import NEVER, Meter, bucket_idle, bucket_used, bucket_wait

SLOTS = 512
_FULLEST = SLOTS * 3 // 4
_GRAINS = 600
_KEY = 16  # bytes
_SLOT = (2 + _GRAINS) * 8  # bytes: two numbers, and a window's grains


class SharedMeters:
    """The meters of one run. Made by the parent, handed to each worker."""

    def __init__(self, lock: RLock, memory: shared_memory.SharedMemory) -> None:
        self._lock = lock
        self._memory = memory
        self._views: list[memoryview[float]] = []

    @classmethod
    def made(cls, lock: RLock) -> "SharedMeters":
        """New ones, of which nothing is used."""
        return cls(lock, shared_memory.SharedMemory(create=True, size=SLOTS * (_KEY + _SLOT)))

    def held(self) -> AbstractContextManager[object]:
        """While several meters are looked at, nobody else counts."""
        return self._lock

    def bucket(self, name: str, limit: float) -> Meter:
        """The bucket of that name, the same for all."""
        return SharedBucket(limit, self._lock, self._slot(name))

    def window(self, name: str, limit: float, length: float) -> Meter:
        """The window of that name and length, the same for all."""
        return SharedWindow(limit, length, self._lock, self._slot(f"{name}\0{length}"))

    def let_go(self) -> None:
        """Look at the memory no more; each worker's to do when it ends."""
        for view in self._views:
            view.release()

    def remove(self) -> None:
        """Give the memory back; the parent's to do."""
        self._memory.close()
        self._memory.unlink()

    def _slot(self, name: str) -> "memoryview[float]":
        """The numbers that belong to a name; zeros where it is new."""
        key = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=_KEY).digest()
        buffer = self._memory.buf
        assert buffer is not None
        first = number = int.from_bytes(key[:8]) % SLOTS
        with self._lock:
            for step in range(_FULLEST):
                number = (first + step) % SLOTS
                found = bytes(buffer[number * _KEY : (number + 1) * _KEY])
                if found == key:
                    return self._numbers(number)
                if found == bytes(_KEY):
                    break
            else:
                number = first
            buffer[number * _KEY : (number + 1) * _KEY] = key
            numbers = self._numbers(number)
            numbers[:] = memoryview(bytes(_SLOT)).cast("d")
            return numbers

    def _numbers(self, number: int) -> "memoryview[float]":
        buffer = self._memory.buf
        assert buffer is not None
        start = SLOTS * _KEY + number * _SLOT
        numbers = buffer[start : start + _SLOT].cast("d")
        self._views.append(numbers)
        return numbers


class SharedBucket:
    """A bucket: what is used, and since when that is so."""

    __slots__ = ("_lock", "_numbers", "limit")

    def __init__(self, limit: float, lock: RLock, numbers: "memoryview[float]") -> None:
        self.limit = limit
        self._lock = lock
        self._numbers = numbers

    def wait(self, now: float, cost: float) -> float:
        """See Meter."""
        return bucket_wait(self.used(now), cost, self.limit)

    def take(self, now: float, cost: float) -> None:
        """See Meter."""
        with self._lock:
            self._numbers[0] = self.used(now) + cost
            self._numbers[1] = now

    def used(self, now: float) -> float:
        """See Meter."""
        with self._lock:
            return bucket_used(self._numbers[0], now - self._numbers[1], self.limit)

    def idle(self, now: float) -> float:
        """See Meter."""
        return bucket_idle(self.used(now), self.limit)


class SharedWindow:
    """A window: the last grain that was counted in (the how-manieth since the clock began), the total, the grains."""

    __slots__ = ("_grain", "_lock", "_numbers", "length", "limit")

    def __init__(self, limit: float, length: float, lock: RLock, numbers: "memoryview[float]") -> None:
        self.limit = limit
        self.length = length
        self._grain = length / _GRAINS
        self._lock = lock
        self._numbers = numbers

    def wait(self, now: float, cost: float) -> float:
        """See Meter."""
        with self._lock:
            over = self.used(now) + cost - self.limit
            if over <= 0:
                return 0.0
            if cost > self.limit:
                return NEVER
            last = int(self._numbers[0])
            for grain in range(last - _GRAINS + 1, last + 1):
                over -= self._numbers[2 + grain % _GRAINS]
                if over <= 0:
                    return self._leaves(grain) - now
            return self.length

    def take(self, now: float, cost: float) -> None:
        """See Meter."""
        with self._lock:
            self.used(now)
            self._numbers[1] += cost
            self._numbers[2 + int(self._numbers[0]) % _GRAINS] += cost

    def used(self, now: float) -> float:
        """See Meter."""
        with self._lock:
            numbers = self._numbers
            last, current = int(numbers[0]), int(now / self._grain)
            for grain in range(last + 1, min(current, last + _GRAINS) + 1):
                numbers[1] -= numbers[2 + grain % _GRAINS]
                numbers[2 + grain % _GRAINS] = 0.0
            if current > last:
                numbers[0] = float(current)
            return numbers[1]

    def idle(self, now: float) -> float:
        """See Meter."""
        with self._lock:
            if not self.used(now):
                return 0.0
            last = int(self._numbers[0])
            grains = range(last, last - _GRAINS, -1)
            newest = next((grain for grain in grains if self._numbers[2 + grain % _GRAINS]), last)
            return self._leaves(newest) - now

    def _leaves(self, grain: int) -> float:
        """When a grain has left the window."""
        return (grain + _GRAINS) * self._grain
