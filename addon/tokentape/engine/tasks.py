"""Work that goes on beside the requests, and can be waited for."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """What is under way; asyncio itself keeps no hold on a task."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin something."""
        return self.hold(asyncio.get_running_loop().create_task(work))

    def hold[T](self, task: asyncio.Task[T]) -> asyncio.Task[T]:
        """Count in what was begun elsewhere."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def done(self) -> None:
        """Wait until what is under way now is done; at once where nothing is."""
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    async def idle(self) -> None:
        """Wait until nothing is under way any more, what is begun meanwhile and timers that are due included."""
        await asyncio.sleep(0)
        while self._tasks:
            await self.done()
            await asyncio.sleep(0)
