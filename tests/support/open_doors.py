"""Either door as a command that stays: ``tokentape proxy`` or ``tokentape serve``, and where it listens.

The rule: what is tested is the command that a user starts, in a process of its own, with nothing of the developer's
shell in its environment.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from running import ADDON, clean_environment
from waiting import ENOUGH, until

COMMANDS = {"mitm": "proxy", "fast": "serve"}


class OpenDoor:
    """A door that is open, over a library in replay unless ``flags`` say more."""

    def __init__(
        self,
        kind: str,
        library: Path | None,
        home: Path,
        *flags: str,
        env: Mapping[str, str] | None = None,
        python: Sequence[str] = (),
        mode: str = "replay",
    ) -> None:
        """``home`` is the process's; the CA is in its ``.mitmproxy``. ``python`` are flags of the interpreter. Without
        a ``library`` or a ``mode`` it is for the environment to say them."""
        self.kind, self.home = kind, home
        told = [f"--mode={mode}"] if mode and not any(flag.startswith("--mode") for flag in flags) else []
        told += [f"--library={library}"] if library is not None else []
        command = [COMMANDS[kind], "--json", "--port=0", *told, *flags]
        self._log = home / f"{kind}-{id(self)}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *python, "-m", "tokentape", *command],
                env=clean_environment(home, **{"PYTHONPATH": str(ADDON), **(env or {})}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.port = 0

    def ready(self) -> "OpenDoor":
        """Wait until it listens."""
        if not self.port:
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
            assert line, f"the door {self.kind} did not open:\n{self.log}"
            self.port = json.loads(line)["port"]
        return self

    @property
    def ca_file(self) -> Path:
        """What its clients trust."""
        return self.home / ".mitmproxy" / "mitmproxy-ca-cert.pem"

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def proxy(self, name: str = "", password: str = "x") -> str:
        """The proxy URL that names a cassette."""
        return f"http://{name}:{password}@127.0.0.1:{self.port}" if name else self.url

    @property
    def log(self) -> str:
        """All it has said on stderr."""
        return self._log.read_text(errors="replace")

    def says(self, text: str) -> None:
        """Wait until it has said something."""
        until(lambda: text in self.log, f"the door says {text!r}")

    def close(self) -> int:
        """End it as Ctrl-C does; its exit code."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGINT)
        try:
            return self.process.wait(ENOUGH)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the door {self.kind} did not close:\n{self.log}") from None
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()
