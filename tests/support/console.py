"""The console blocks of a document: what a reader types and sees, run in a real shell.

The rule: what stands in the document is what happens. Only what can't be the same twice is made equal first: the port
8080 (a free one takes its place), times, the folder; a line of three dots stands for any lines.
"""

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from waiting import until

PATIENCE = 90.0  # seconds for one command, on a machine that does much else
PORT = "8080"
PROJECT = "/home/you/project"

_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECONDS = re.compile(r"\bin [0-9.]+s(?: \([0-9:]+\))?")
_SPACES = re.compile(r"(?<=\S) {2,}")


@dataclass(frozen=True, slots=True)
class Command:
    """What is typed, and what is seen then."""

    typed: str
    output: str

    @property
    def stays(self) -> bool:
        """Whether it goes on in the background."""
        return self.typed.endswith("&")


def fenced(text: str, language: str) -> list[str]:
    """The fenced blocks of a language in a document."""
    return [block for name, block in _FENCED.findall(text) if name == language]


def commands(block: str) -> list[Command]:
    """The commands of a console block; what ends in a backslash goes on in the next line."""
    found: list[Command] = []
    typed: list[str] = []
    output: list[str] = []
    for line in [*block.splitlines(), "$ "]:
        if typed and typed[-1].endswith("\\") and not output:
            typed.append(line)
        elif line.startswith("$ "):
            if typed:
                found.append(Command("\n".join(typed), "\n".join(output)))
            typed, output = [line.removeprefix("$ ")], []
        else:
            output.append(line)
    return found


def same(expected: str, seen: str) -> bool:
    """Whether an output is what the document says."""
    lines = ["(?:.*\n)*?" if line == "..." else re.escape(line) + "\n" for line in _levelled(expected)]
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in _levelled(seen))) is not None


def _levelled(text: str) -> list[str]:
    return [_SPACES.sub(" ", _SECONDS.sub("in 0s", line.rstrip())) for line in text.strip("\n").splitlines()]


class Shell:
    """A bash in a folder. ``port`` takes the place of 8080 in all that is typed."""

    def __init__(self, folder: Path, environ: Mapping[str, str], port: int) -> None:
        self.folder, self.port = folder, str(port)
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._seen = ""
        self._read = threading.Thread(target=self._keep_reading, daemon=True)
        self._read.start()

    def run(self, command: Command) -> str:
        """Type a command; what is seen then, with the document's names for port and folder."""
        marker = f"-- {os.urandom(6).hex()} --"
        self._type(f"{{ {command.typed.replace(PORT, self.port)}\n}} </dev/null\necho; echo '{marker}'\n")
        self._wait(lambda: f"{marker}\n" in self._seen, f"the end of: {command.typed}")
        if command.stays:
            self._wait(self._listens, f"a listener after: {command.typed}")
            self._wait(lambda: same(command.output, self._shown(marker)), f"the output of: {command.typed}")
        shown, self._seen = self._shown(marker), ""
        return shown

    def close(self) -> None:
        """End the shell and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.kill()
        self._process.wait()

    def _wait(self, check: Callable[[], bool], what: str) -> None:
        until(check, what, PATIENCE, said=lambda: self._seen)

    def _type(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def _keep_reading(self) -> None:
        assert self._process.stdout is not None
        while data := os.read(self._process.stdout.fileno(), 65536):
            self._seen += data.decode(errors="replace")

    def _shown(self, marker: str) -> str:
        text = self._seen.replace(f"\n{marker}\n", "", 1)
        return text.replace(f":{self.port}", f":{PORT}").replace(str(self.folder), PROJECT)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return not probe.connect_ex(("127.0.0.1", int(self.port)))
