"""A proxy of one's own, from Python: a process beside the program, and ended with it.

    with Proxy(library="cassettes", mode="replay") as proxy:
        subprocess.run(["my-agent"], env=proxy.env())

The rules: this needs Python alone, for the proxy may live in another environment (``TOKENTAPE_COMMAND``); what goes
wrong in the process comes out here as an exception with its own words; and the process ends when its stdin does, so
that nothing is left behind however this program ends.
"""

import http.client
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from tokentape.names import NO_SESSION
from tokentape.proxytalk import ProxyTrouble, Setting, ask, flags, launching_command, trouble_in
from tokentape.reporting.reports import Report, report_from, report_trees

START = 60.0  # seconds; it takes one, on a machine that does much else ten
END = 60.0  # seconds to publish what was recorded


class Address:
    """Where a proxy is, and the variables and URLs that lead to it. ``details`` is what the process says when it
    listens: whoever has that can use the proxy, in another process too."""

    def __init__(self, details: Mapping[str, Any] | None = None) -> None:
        self._details = details

    @property
    def details(self) -> Mapping[str, Any]:
        """What the process said when it listened. Raises ProxyTrouble before that."""
        if self._details is None:
            raise ProxyTrouble("the proxy was not started", "with Proxy(...) as proxy: ...")
        return self._details

    @property
    def url(self) -> str:
        """What clients set ``HTTPS_PROXY`` to; ``url_of`` names a cassette in it."""
        return str(self.details["url"])

    @property
    def base_url(self) -> str:
        """For clients that take a base URL. With ``listen="reverse:URL"`` it records too, else it only replays."""
        return self.url

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.details["port"])

    @property
    def pid(self) -> int:
        """The process's id."""
        return int(self.details["pid"])

    @property
    def ca_file(self) -> Path:
        """The certificate that a client has to trust."""
        return Path(self.details["ca"])

    @property
    def ca_bundle(self) -> Path:
        """A file with the usual roots and that certificate."""
        return Path(self.details["ca_bundle"])

    def url_of(self, cassette: str, session: str = "") -> str:
        """The proxy URL that names a cassette, and a session."""
        user, password = quote(cassette, safe=""), quote(session or NO_SESSION, safe="")
        return self.url.replace("://", f"://{user}:{password}@", 1)

    def base_url_of(self, cassette: str, session: str = "") -> str:
        """The base URL that names a cassette, and a session; ``/v1`` or whatever the API has comes behind it."""
        return f"{self.base_url}/@{quote(f'{cassette}:{session}' if session else cassette, safe='')}"

    def variables(self, cassette: str = "", session: str = "") -> dict[str, str]:
        """The variables that lead a program through the proxy and make it trust the certificate. With a session, name
        a cassette too where the program uses requests: it sends nothing for an empty user name."""
        url = self.url_of(cassette, session) if cassette or session else self.url
        given: Mapping[str, str] = self.details["env"]
        return {name: url if value == self.url else value for name, value in given.items()}

    def env(self, cassette: str = "", session: str = "") -> dict[str, str]:
        """The whole environment for a program behind the proxy."""
        return {**os.environ, **self.variables(cassette, session)}

    def ask(self, method: str, path: str, **fields: str) -> dict[str, Any]:
        """Ask the control endpoint. Raises ProxyTrouble with what it says is wrong."""
        try:
            return ask(self.port, method, path, fields)
        except (OSError, http.client.HTTPException) as error:
            raise ProxyTrouble(f"the proxy at {self.url} does not answer: {type(error).__name__}") from error

    def session(self, cassette: str = "", mode: str = "", *, commit: str = "end") -> "Session":
        """Begin a session with a cassette and a mode of its own. Its takes are published when it ends well, or with
        ``commit="rest"`` after a second of rest. Raises ProxyTrouble."""
        wanted = {"cassette": cassette, "mode": mode, "commit": commit}
        begun = self.ask("POST", "/sessions", **{name: value for name, value in wanted.items() if value})
        return Session(self, begun["session"], begun["cassette"], begun["mode"])


class Session:
    """A session of a proxy: positions, takes and a report apart from everybody else's. As a context manager it ends
    with its block, and publishes nothing if the block raised."""

    def __init__(self, address: Address, name: str, cassette: str, mode: str) -> None:
        self._address = address
        self.id = name
        self.cassette = cassette
        self.mode = mode

    @property
    def url(self) -> str:
        """The proxy URL that names this session and its cassette."""
        return self._address.url_of(self.cassette, self.id)

    @property
    def base_url(self) -> str:
        """The base URL that names them; ``/v1`` or whatever the API has comes behind it."""
        return self._address.base_url_of(self.cassette, self.id)

    @property
    def ca_bundle(self) -> Path:
        """A file with the usual roots and the proxy's certificate."""
        return self._address.ca_bundle

    @property
    def variables(self) -> dict[str, str]:
        """The variables that lead a program through the proxy, into this session."""
        return self._address.variables(self.cassette, self.id)

    @property
    def env(self) -> dict[str, str]:
        """The whole environment for a program in this session."""
        return self._address.env(self.cassette, self.id)

    @property
    def report(self) -> Report:
        """What it has done so far."""
        return report_from(self._address.ask("GET", f"/sessions/{self.id}"))

    def rewind(self) -> None:
        """Play its recordings from their start again."""
        self._address.ask("POST", "/rewind", session=self.id)

    def end(self, *, publish: bool = True) -> Report:
        """End it: publish what it recorded, or throw that away; say what it did."""
        return report_from(self._address.ask("DELETE", f"/sessions/{self.id}{'' if publish else '?discard=1'}"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(publish=error is None)


class Proxy(Address):
    """A recording proxy on a free port of this machine, as long as the ``with`` block.

    Each setting is a flag of ``tokentape proxy``: ``library="cassettes"``, ``mode="replay"``, ``pace="recorded"``,
    ``upstream={"api.openai.com": "http://127.0.0.1:9000"}``, ``listen="reverse:https://api.openai.com"``; ``more`` are
    flags as they are. Raises ProxyTrouble when it can't start.
    """

    def __init__(self, *more: str, **settings: Setting) -> None:
        super().__init__()
        self._flags = (*more, *flags(settings))
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._report: Report | None = None
        self._last_words = ""

    def start(self) -> Self:
        """Start the process, and return when it listens."""
        command = launching_command(os.environ)
        self._folder = tempfile.TemporaryDirectory(prefix="tokentape-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        wanted = ["proxy", "--json", "--until-eof", "--port=0", *self._flags]
        with (folder / "log").open("wb") as log:
            try:
                self._process = subprocess.Popen(
                    [*command, *wanted],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    # Ctrl-C is for this program, which then ends the proxy.
                    start_new_session=True,
                )
            except OSError as error:
                raise ProxyTrouble(
                    f"{command[0]} can't be started: {error.strerror}", "echo $TOKENTAPE_COMMAND"
                ) from error
        self._details = self._ready(self._process)
        return self

    def close(self) -> Report:
        """End the proxy: publish what was recorded, and say what the run did. A second time does nothing more."""
        if self._report is None:
            if self._process is None or self._folder is None or self._details is None:
                raise ProxyTrouble("the proxy was not started", "with Proxy(...) as proxy: ...")
            self._end(self._process)
            self._last_words = self.log
            self._folder.cleanup()
            tree = next(report_trees(self._last_words), None)
            if tree is None:
                raise trouble_in(self._last_words, "the proxy ended without a report")
            self._report = report_from(tree)
        return self._report

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Should both go wrong, the block's own exception is the one to see.
        with suppress(*([ProxyTrouble] if error is not None else [])):
            self.close()

    @property
    def log(self) -> str:
        """What the process has said."""
        path = Path(self._folder.name, "log") if self._folder is not None else None
        return path.read_text(errors="replace") if path is not None and path.exists() else self._last_words

    @property
    def report(self) -> Report:
        """What the run has done so far; after its end: what it did."""
        return self._report or report_from(self.ask("GET", "/state")["report"])

    def _ready(self, process: subprocess.Popen[bytes]) -> Mapping[str, Any]:
        """The line that says where the proxy is. Raises ProxyTrouble."""
        assert process.stdout is not None
        overdue = threading.Timer(START, process.kill)
        overdue.start()
        try:
            line = process.stdout.readline()
        finally:
            overdue.cancel()
        with suppress(ValueError):
            details = json.loads(line)
            if isinstance(details, dict) and "env" in details:
                return details
        self._end(process)
        told = f"it says {line[:60]!r}" if line else f"exit code {process.returncode}"
        raise trouble_in(self.log, f"the proxy did not start ({told})")

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Close its stdin, which ends it, and wait; a process that hangs is killed."""
        try:
            process.communicate(timeout=END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
