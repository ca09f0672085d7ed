"""A real ``tokentape web``: started as a user starts it, asked over the interface that its page uses.

The rule: what a test reads here is what a browser would be given; nothing is looked up inside of the process.
"""

import signal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from commands import CommandLine
from processes import Staying
from waiting import until


class Web(Staying):
    """One ``tokentape web``, listening; left, it is stopped as Ctrl-C does."""

    def __init__(self, command_line: CommandLine, library: Path, *flags: object, mapped: bool = True) -> None:
        """``flags`` are more flags; ``mapped`` records the APIs from the tests' upstream."""
        where = command_line.mapping() if mapped else []
        words = ["web", "--json", "--port=0", "--web-port=0", f"--library={library}", *where, *flags]
        place = command_line.place
        super().__init__(command_line.command(*words), place / "web.log", env=command_line.environment(), cwd=place)
        said = self.where()
        self.page, self.port = said["web"], said["port"]
        page = urlsplit(self.page)
        token = parse_qs(page.query)["token"][0]
        self._http = httpx.Client(
            base_url=f"http://{page.netloc}",
            # The page proves with a cookie and a header of the same value that a request is its own.
            headers={"Authorization": f"Bearer {token}", "X-XSRFToken": "aa"},
            cookies={"_mitmproxy_xsrf": "aa"},
            trust_env=False,
        )

    def stop(self, number: int = signal.SIGINT) -> int:
        """End it as Ctrl-C does; its exit code."""
        self._http.close()
        return super().stop(number)

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
