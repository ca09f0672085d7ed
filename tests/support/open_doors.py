"""Either door as a command that stays: ``tokentape proxy`` or ``tokentape serve``, and where it listens.

The rule: what is tested is the command that a user starts, in a process of its own, with nothing of the developer's
shell in its environment.
"""

import itertools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from processes import Staying
from running import ADDON, clean_environment

COMMANDS = {"mitm": "proxy", "fast": "serve"}

_numbers = itertools.count()


class OpenDoor(Staying):
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
        super().__init__(
            [sys.executable, *python, "-m", "tokentape", *command],
            home / f"{kind}-{next(_numbers)}.log",
            env=clean_environment(home, **{"PYTHONPATH": str(ADDON), **(env or {})}),
        )
        self.port = 0

    def ready(self) -> "OpenDoor":
        """Wait until it listens."""
        if not self.port:
            self.port = self.where()["port"]
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

    def close(self) -> int:
        """End it as Ctrl-C does; its exit code."""
        return self.stop()
