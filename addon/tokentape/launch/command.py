"""Run a command as if we were not there: its standard streams are ours, signals reach it, its exit code is passed on.

Exit codes follow the shell: 127 for a command that is not there, 126 for one that can't be run, 128 and the signal's
number for one that a signal ended.
"""

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path

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
    try:
        process = await asyncio.create_subprocess_exec(program, *argv[1:], env=environ)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CommandTrouble(f"{argv[0]} can't be run: {reason}", "", NOT_RUNNABLE) from error
    with _passing_signals_on(process):
        return exit_code(await process.wait())


def exit_code(returncode: int) -> int:
    """A process's return code as a shell reports it: minus a signal's number becomes 128 and the number."""
    return returncode if returncode >= 0 else _KILLED - returncode


@contextmanager
def _passing_signals_on(process: asyncio.subprocess.Process) -> Iterator[None]:
    def pass_on(number: int, from_terminal: bool) -> None:
        # Ctrl-C has reached the command already; a second one would cut its clean-up short.
        if not (from_terminal and _in_foreground()):
            with suppress(ProcessLookupError):
                process.send_signal(number)

    loop = asyncio.get_running_loop()
    taken = []
    for name, from_terminal in _PASSED_ON.items():
        number = getattr(signal, name, None)
        # No such signal, or no such handlers: Windows.
        with suppress(NotImplementedError):
            if number is not None:
                loop.add_signal_handler(number, pass_on, number, from_terminal)
                taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)


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
