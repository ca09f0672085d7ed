"""Run a command as if we were not there: its standard streams are ours, signals reach it, its exit code is passed on.

Exit codes follow the shell: 127 for a command that is not there, 126 for one that can't be run, 128 and the signal's
number for one that a signal ended.
"""

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

from tokentape.errors import CommandTrouble

NOT_FOUND = 127
NOT_RUNNABLE = 126
_KILLED = 128

# What to pass on, and whether a key press in the terminal sends it to the whole foreground group, the command included.
_PASSED_ON = {"SIGINT": True, "SIGQUIT": True, "SIGTERM": False, "SIGHUP": False, "SIGUSR1": False, "SIGUSR2": False}


def find_command(name: str, environ: Mapping[str, str]) -> str:
    """The path of a command, looked up as a shell does. Raises CommandTrouble."""
    import shutil  # who opens a proxy and runs no command does without

    path = shutil.which(name, path=environ.get("PATH", os.defpath))
    if path is not None:
        return path
    if os.sep in name and Path(name).exists():
        raise CommandTrouble(f"{name} is there but can't be run", f"chmod +x {name}", NOT_RUNNABLE)
    likely = _likely(name, environ)
    hint = f"did you mean {likely}?" if likely else "is it installed, and its folder on PATH?"
    raise CommandTrouble(f"there is no command {name}", hint, NOT_FOUND)


def _likely(name: str, environ: Mapping[str, str]) -> str:
    """The program on PATH that a name is probably a slip of, or ``""``."""
    folders = [Path(folder) for folder in environ.get("PATH", os.defpath).split(os.pathsep)]
    programs: set[str] = set()
    for folder in folders:
        with suppress(OSError):  # not there, or not to be read
            programs.update(os.listdir(folder))
    return next(iter(get_close_matches(name, sorted(programs), 1, 0.8)), "")


async def run_command(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a command to its end and return its exit code. Raises CommandTrouble if it can't be started."""
    program = find_command(argv[0], environ)
    # Taken before the command is there: a signal that ended us in between would leave it an orphan.
    with _Signals() as signals:
        try:
            # Not the loop's own way: uvloop's has the command hear again what it is to ignore.
            process = subprocess.Popen([program, *argv[1:]], env=environ)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise CommandTrouble(f"{argv[0]} can't be run: {reason}", "", NOT_RUNNABLE) from error
        signals.pass_on_to(process)
        return exit_code(await _end_of(process))


async def _end_of(process: subprocess.Popen[bytes]) -> int:
    """The return code of a process, once it has ended."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()

    def tell(code: int) -> None:
        if not ended.done():  # nobody waits for it any more
            ended.set_result(code)

    def wait() -> None:
        code = process.wait()
        with suppress(RuntimeError):  # the loop has ended before
            loop.call_soon_threadsafe(tell, code)

    threading.Thread(target=wait, daemon=True).start()
    return await ended


def exit_code(returncode: int) -> int:
    """A process's return code as a shell reports it: minus a signal's number becomes 128 and the number."""
    return returncode if returncode >= 0 else _KILLED - returncode


class _Signals:
    """The signals that are sent to us: taken from the start, passed on to the command once it is there."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._process: subprocess.Popen[bytes] | None = None
        # Each once, as the system too delivers what came several times.
        self._early: set[int] = set()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        # What we were told to ignore (nohup) the command is to ignore too, as it does unless we take it.
        self._take(lambda number: signal.getsignal(number) is not signal.SIG_IGN)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            self._loop.remove_signal_handler(number)
            if before is not None:  # not one that Python does not know
                signal.signal(number, before)

    def pass_on_to(self, process: subprocess.Popen[bytes]) -> None:
        """The command is there: it gets what came meanwhile, and from now on what comes."""
        self._process = process
        self._take(lambda number: number not in self._before)
        for number in self._early:
            # From the terminal too: it came before the command.
            self._send(number)

    def _take(self, wanted: Callable[[int], bool]) -> None:
        for number in filter(wanted, [getattr(signal, name) for name in _PASSED_ON if hasattr(signal, name)]):
            before = signal.getsignal(number)
            with suppress(NotImplementedError):  # no such handlers: Windows
                # The loop only wakes up by this. It would call us some turns later, when the command may be there.
                self._loop.add_signal_handler(number, lambda: None)
                signal.signal(number, self._came)
                self._before[number] = before

    def _came(self, number: int, _frame: object) -> None:
        if self._process is None:
            self._early.add(number)
        else:
            self._loop.call_soon_threadsafe(self._pass_on, number)

    def _pass_on(self, number: int) -> None:
        # Ctrl-C has reached the command already; a second one would cut its clean-up short.
        if not (_PASSED_ON[signal.Signals(number).name] and _in_foreground()):
            self._send(number)

    def _send(self, number: int) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)


def _in_foreground() -> bool:
    """Are we in the foreground group of a terminal, the one that its keys send signals to?"""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
