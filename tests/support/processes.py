"""Programs that tests start: run to their end, or staying until they are told to end.

The rule: no wait is without a limit. What does not end, or does not say what it has to, is killed, and the test fails
with all that it said.
"""

import json
import os
import select
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from waiting import ENOUGH, until

DEADLINE = 120.0  # seconds for a program that does its work and ends
PATIENCE = 60.0  # seconds for one that starts, on a machine that does much else

# What a shell has put into the background is deaf to Ctrl-C, and so are its children: the tests may run there.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def run(
    words: Sequence[object],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    typed: str | None = None,
    seconds: float = DEADLINE,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, whatever its exit code. ``typed`` is its stdin; it has none otherwise."""
    stdin = {"stdin": subprocess.DEVNULL} if typed is None else {"input": typed}
    command = [str(word) for word in words]
    try:
        return subprocess.run(
            command, env=env, cwd=cwd, capture_output=True, text=True, timeout=seconds, check=False, **stdin
        )
    except subprocess.TimeoutExpired as late:
        said = b"\n".join(part for part in (late.stdout, late.stderr) if part).decode(errors="replace")
        raise AssertionError(f"not at its end within {seconds:g} s: {command}\n{said}") from None


def end_of(process: subprocess.Popen[Any], what: str, log: Callable[[], str]) -> int:
    """Wait until a process has ended; its exit code. One that does not end is killed, and its ``log`` told."""
    try:
        return process.wait(ENOUGH)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError(f"{what} did not end within {ENOUGH:g} s:\n{log()}") from None


def runs(pid: int) -> bool:
    """Whether a process does anything; one that nobody has waited for does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


class Staying:
    """A program that goes on until it is told to end; left, it is told as Ctrl-C does. ``log`` is its stderr so far."""

    def __init__(
        self, words: Sequence[object], log_file: Path, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> None:
        """Start it. What it says on stderr goes to the end of ``log_file``."""
        self.log_file = log_file
        self._words = [str(word) for word in words]
        with log_file.open("ab") as log:
            # Without a buffer of ours: what is not read yet is in the pipe, where one can wait for it.
            self.process = subprocess.Popen(
                self._words, bufsize=0, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if failed is None:
            self.stop()
        else:
            self.kill()

    @property
    def log(self) -> str:
        """All it has said on stderr."""
        return self.log_file.read_text(errors="replace")

    def line(self) -> str:
        """Wait for the next line that it prints on stdout."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            self.kill()
            raise AssertionError(f"no line within {PATIENCE:g} s from {self._words}:\n{self.log}")
        return line.decode()

    def where(self) -> Any:
        """The line of JSON by which a proxy says where it is."""
        return json.loads(self.line())

    def says(self, text: str) -> None:
        """Wait until it has said something on stderr."""
        until(lambda: text in self.log, f"{self._words} says {text!r}", said=lambda: self.log)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Tell it to end, as Ctrl-C does; its exit code. One that has ended is told nothing."""
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        return self.ended()

    def ended(self) -> int:
        """Wait until it has ended by itself; its exit code."""
        try:
            return end_of(self.process, str(self._words), lambda: self.log)
        finally:
            self._close()

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self) -> None:
        if self.process.stdout is not None:
            self.process.stdout.close()
