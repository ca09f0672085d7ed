"""A real ``tokentape web``: started as a user starts it, asked over the interface that its page uses.

The rule: what a test reads here is what a browser would be given; nothing is looked up inside of the process.
"""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx
from commands import CommandLine
from waiting import ENOUGH, until


class Web:
    """One ``tokentape web``, listening; left, it is stopped as Ctrl-C does."""

    def __init__(self, command_line: CommandLine, library: Path, *flags: object, mapped: bool = True) -> None:
        """``flags`` are more flags; ``mapped`` records the APIs from the tests' upstream."""
        self.log_file = command_line.place / "web.log"
        where = command_line.mapping() if mapped else []
        words = ["web", "--json", "--port=0", "--web-port=0", f"--library={library}", *where, *flags]
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                command_line.command(*words),
                env=command_line.environment(),
                cwd=command_line.place,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"it ended at its start:\n{self.log}"
        self.said = json.loads(line)
        page = urlsplit(self.said["web"])
        self.page = self.said["web"]
        self.port = self.said["port"]
        token = parse_qs(page.query)["token"][0]
        self._http = httpx.Client(
            base_url=f"http://{page.netloc}",
            # The page proves with a cookie and a header of the same value that a request is its own.
            headers={"Authorization": f"Bearer {token}", "X-XSRFToken": "aa"},
            cookies={"_mitmproxy_xsrf": "aa"},
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        """End it as Ctrl-C does; its exit code."""
        self._http.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(ENOUGH)

    @property
    def log(self) -> str:
        """All it has said on stderr."""
        return self.log_file.read_text(errors="replace")

    def proxy(self, name: str = "") -> str:
        """The proxy URL that names a cassette; without a name the plain one."""
        return f"http://{f'{name}:x@' if name else ''}127.0.0.1:{self.port}"

    def rows(self) -> list[dict[str, Any]]:
        """The flows as the page gets them, oldest first."""
        rows: list[dict[str, Any]] = self._http.get("/flows").raise_for_status().json()
        return rows

    def comments(self) -> list[str]:
        """What each row says, oldest first."""
        return [row["comment"] for row in self.rows()]

    def row(self, comment: str) -> dict[str, Any]:
        """Wait for a row whose comment holds these words."""
        found: dict[str, Any] = until(
            lambda: next((row for row in self.rows() if comment in row["comment"]), None),
            f"a row says {comment!r}",
        )
        return found

    def run(self, command: str, *arguments: str) -> Any:
        """Run a command as the page's command bar does: its value, or its error as text."""
        answer = self._http.post(f"/commands/{command}", json={"arguments": list(arguments)}).raise_for_status().json()
        return answer.get("error", answer.get("value"))

    def view(self, row: dict[str, Any], message: str, name: str = "auto") -> str:
        """A body as a content view of the page shows it."""
        answer = self._http.get(f"/flows/{row['id']}/{message}/content/{name}.json").raise_for_status().json()
        text: str = answer["text"]
        return text

    def change(self, row: dict[str, Any], **fields: object) -> None:
        """Change what a person can change of a row: its comment, its marker."""
        self._http.put(f"/flows/{row['id']}", json=fields).raise_for_status()

    def press(self, row: dict[str, Any], button: str) -> None:
        """Press a row's ``resume`` or ``kill``."""
        self._http.post(f"/flows/{row['id']}/{button}", json={}).raise_for_status()

    def option(self, name: str) -> Any:
        """The value of an option of mitmproxy's."""
        return self._http.get("/options").raise_for_status().json()[name]["value"]
