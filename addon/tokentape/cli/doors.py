"""Which door a command opens, and on which event loop it runs.

The rule: the fast door where nothing asks for what only the other one can do; a door that was asked for, or an error.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

from tokentape.doors.launch import Launch, Open, beyond_fast, new_loop
from tokentape.errors import BadSetting
from tokentape.library.unswept import unswept
from tokentape.settings import Settings

MITM, FAST = "mitm", "fast"


def choose(settings: Settings, listen: tuple[str, ...], asked: str | None = None) -> str:
    """The door for these settings. Raises BadSetting where the one that was asked for can't do what they say."""
    reason = needs_mitm(settings, listen)
    if asked == FAST and reason:
        raise BadSetting(f"--door fast can't be had with {reason}", "leave it out, or say --door mitm")
    return asked or (MITM if reason else FAST)


def needs_mitm(settings: Settings, listen: tuple[str, ...]) -> str:
    """The first of the settings that only mitmproxy's door can do; empty where there is none."""
    if listen not in ((), ("regular",)):
        return f"--listen {listen[0]}"
    return beyond_fast(settings)


def opened(door: str, launch: Launch) -> AbstractAsyncContextManager[Open]:
    """The door, open until the block is left. Imported when it is opened: each brings much along."""
    with unswept(for_good=True):
        return _way_in(door, launch.workers)(launch)


def _way_in(door: str, workers: int) -> Callable[[Launch], AbstractAsyncContextManager[Open]]:
    if door != FAST:
        from tokentape.doors.mitm.proxy import running

        return running
    if workers > 1:
        from tokentape.doors.serve.workers import several

        return several
    from tokentape.doors.serve.server import serving

    return serving


def run(door: str, work: Coroutine[Any, Any, int]) -> int:
    """Run a command's work on the event loop of its door."""
    return asyncio.run(work, loop_factory=new_loop if door == FAST else None)
