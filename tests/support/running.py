"""A real mitmdump with the addon, as a user starts it: ``mitmdump -s addon/vcr.py --set vcr_...``.

The rule: the process gets a small environment of its own (no CI, no provider's key, a home that is empty), so what the
developer's shell has set can't decide a test; everything it says is kept and can be asked for.
"""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from processes import PATIENCE, end_of
from upstream import HOSTS, Upstream
from waiting import until

ROOT = Path(__file__).parents[2]
ADDON = ROOT / "addon"
SCRIPT = ADDON / "vcr.py"
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH")
# What mitmproxy logs when an exception of ours, or of its own, has ended a connection.
CRASH = "mitmproxy has crashed"
_LISTENING = re.compile(r"listening at [^\s]*:(\d+)\.")


def beside_python(name: str) -> str:
    """The path of a command that was installed with the interpreter that runs the tests."""
    return str(Path(sys.executable).with_name(name))


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """What a child of the tests sees: nothing of ours but the path, and all its own files below ``home``."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    own = {"HOME": home, "XDG_STATE_HOME": home / "state", "XDG_CACHE_HOME": home / "cache"}
    files = {name: str(place) for name, place in own.items()}
    return {**kept, **files, "PYTHONUNBUFFERED": "1", **more}


def free_ports(count: int) -> list[int]:
    """Different ports of this machine that nothing listens on at this moment."""
    with contextlib.ExitStack() as held:
        servers = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in servers]


class Mitmdump:
    """One mitmdump process. ``url`` is the proxy of its first mode; ``log`` is all it has said so far."""

    def __init__(
        self,
        place: Path,
        confdir: Path,
        options: Mapping[str, object],
        *,
        modes: Sequence[str] = ("regular",),
        env: Mapping[str, str] | None = None,
        script: Path = SCRIPT,
    ) -> None:
        """``place`` is a folder for the log and the home; ``options`` are mitmproxy options, ``env`` adds variables."""
        self.place, self.confdir, self.script, self.modes = place, confdir, script, tuple(modes)
        self.options = dict(options)
        self.env = dict(env or {})
        self.home = place / "home"
        self.log_file = place / "mitmdump.log"
        # mitmproxy finds a free port itself, but only where there is one mode.
        self.ports = [0] if len(self.modes) == 1 else free_ports(len(self.modes))
        self.process: subprocess.Popen[bytes] | None = None

    # -- its life -----------------------------------------------------------------------------------------------------

    def command(self) -> list[str]:
        """The command line; a port that was ours before is asked for again."""
        listen = [f"--mode={mode}@{port}" for mode, port in zip(self.modes, self.ports, strict=True)]
        options = {"confdir": self.confdir, "listen_host": "127.0.0.1", **self.options}
        settings = [f"--set={name}={value}" for name, value in _flat(options)]
        return [beside_python("mitmdump"), "-s", str(self.script), *listen, *settings]

    def launch(self) -> None:
        """Start the process and wait for nothing."""
        self.place.mkdir(parents=True, exist_ok=True)
        self._said_before = len(self.log)
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                env=clean_environment(self.home, **self.env),
                cwd=self.place,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start(self) -> "Mitmdump":
        """Start, and return when every mode listens and the authority's certificate is there."""
        self.launch()
        until(
            lambda: not self.runs or len(self._listening()) == len(self.modes),
            "mitmdump listens",
            PATIENCE,
            said=lambda: self.log,
        )
        if not self.runs or "error in script" in self.log[self._said_before :]:
            raise AssertionError(f"mitmdump ended at its start:\n{self.log}")
        if len(self.modes) == 1:
            self.ports = self._listening()
        until(self.ca_file.exists, "mitmdump has written its certificate")
        return self

    def stop(self) -> int:
        """End it as Ctrl-C does; its exit code. A second time does nothing."""
        if self.process is None:
            return 0
        if self.runs:
            self.process.send_signal(signal.SIGINT)
        return self.ended()

    def kill(self) -> None:
        """End it as a crash does: it can save nothing any more."""
        assert self.process is not None
        self.process.kill()
        self.ended()

    def ended(self) -> int:
        """Wait until it has ended by itself; its exit code."""
        assert self.process is not None
        return end_of(self.process, "mitmdump", lambda: self.log)

    def restart(self, env: Mapping[str, str] | None = None, **options: object) -> None:
        """Stop and start on the same ports, with some options (and, if given, the environment) changed."""
        self.stop()
        self.options.update(options)
        self.env = self.env if env is None else dict(env)
        self.start()

    @property
    def runs(self) -> bool:
        """Whether the process is alive."""
        return self.process is not None and self.process.poll() is None

    # -- where it is, and what it says --------------------------------------------------------------------------------

    @property
    def ca_file(self) -> Path:
        """The certificate that its clients have to trust."""
        return self.confdir / "mitmproxy-ca-cert.pem"

    @property
    def port(self) -> int:
        """The port of the first mode."""
        return self.ports[0]

    @property
    def url(self) -> str:
        """The URL of the first mode."""
        return f"http://127.0.0.1:{self.port}"

    def url_of(self, mode: str) -> str:
        """The URL of a mode that was asked for, by its text."""
        return f"http://127.0.0.1:{self.ports[self.modes.index(mode)]}"

    def proxy(self, name: str = "", password: str = "x") -> str:
        """The proxy URL that names a cassette; without a name the plain one."""
        user = f"{quote(name, safe='')}:{quote(password, safe='')}@" if name else ""
        return f"http://{user}127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """All it has said, of every start."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def says(self, pattern: str) -> str:
        """Wait until its log, since its last start, matches a regular expression; the text that did."""
        seen = re.compile(pattern, re.IGNORECASE)
        found = until(
            lambda: seen.search(self.log, self._said_before), f"the log says {pattern!r}", said=lambda: self.log
        )
        assert found
        return found[0]

    def _listening(self) -> list[int]:
        return [int(port) for port in _LISTENING.findall(self.log, self._said_before)]


def _flat(options: Mapping[str, object]) -> list[tuple[str, object]]:
    """Options as pairs; a list is the same option several times."""
    pairs: list[tuple[str, object]] = []
    for name, value in options.items():
        pairs += [(name, one) for one in value] if isinstance(value, list | tuple) else [(name, value)]
    return pairs


class Starter:
    """Starts mitmdumps below one folder, with the hosts of the tests' upstream mapped to it, and stops them all."""

    def __init__(self, base: Path, confdir: Path, upstream: Upstream) -> None:
        self.base, self.confdir, self.upstream = base, confdir, upstream
        self.started: list[Mitmdump] = []

    def __call__(
        self,
        library: Path | None,
        *,
        modes: Sequence[str] = ("regular",),
        env: Mapping[str, str] | None = None,
        script: Path = SCRIPT,
        **options: object,
    ) -> Mitmdump:
        """A mitmdump that listens; ``options`` are mitmproxy's and ours."""
        return self.prepare(library, modes=modes, env=env, script=script, **options).start()

    def prepare(
        self,
        library: Path | None,
        *,
        modes: Sequence[str] = ("regular",),
        env: Mapping[str, str] | None = None,
        script: Path = SCRIPT,
        **options: object,
    ) -> Mitmdump:
        """The same, not started yet."""
        default: dict[str, object] = {
            "ssl_verify_upstream_trusted_ca": self.upstream.ca_file,
            "vcr_upstream": mapped(self.upstream),
        }
        if library is not None:
            default["vcr_library"] = library
        place = self.base / f"mitmdump-{len(self.started)}"
        made = Mitmdump(place, self.confdir, {**default, **options}, modes=modes, env=env, script=script)
        self.started.append(made)
        return made

    def stop_all(self) -> None:
        """Stop what still runs. Raises AssertionError where one did not end, or mitmproxy itself had an error."""
        troubles = []
        for one in self.started:
            try:
                one.stop()
            except AssertionError as trouble:
                troubles.append(str(trouble))
            if CRASH in one.log:
                troubles.append(f"{CRASH}:\n{one.log}")
        assert not troubles, "\n\n".join(troubles)


def mapped(upstream: Upstream) -> list[str]:
    """``vcr_upstream`` for every name the tests' upstream has a certificate for, and ``plain.example`` without TLS."""
    named = [host for host in HOSTS if host not in ("localhost", "127.0.0.1")]
    return [*(f"{host}={upstream.url}" for host in named), f"plain.example={upstream.plain_url}"]
