"""``tokentape`` as a command, run to its end or staying, and the programs that the tests put behind it.

The rule: it runs as ``python -m tokentape`` from the source tree, so no installed copy can be tested by mistake.
"""

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import processes
from processes import Staying
from running import ADDON, clean_environment
from upstream import Upstream


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended: its exit code, and what it said."""

    code: int
    out: str
    err: str


class CommandLine:
    """Runs ``tokentape`` in a folder with a home of its own."""

    def __init__(self, place: Path, confdir: Path, upstream: Upstream) -> None:
        self.place, self.upstream = place, upstream
        self.home = place / "home"
        # The authority is made once for all tests; mitmproxy looks for it in the home.
        shutil.copytree(confdir, self.home / ".mitmproxy")

    def command(self, *words: object) -> list[str]:
        """The command line of ``tokentape`` with these words."""
        return [sys.executable, "-m", "tokentape", *map(str, words)]

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """What the command sees."""
        return clean_environment(self.home, **{"PYTHONPATH": str(ADDON), **(env or {})})

    def __call__(self, *words: object, env: Mapping[str, str] | None = None) -> Ended:
        """Run ``tokentape`` with these words to its end."""
        done = processes.run(self.command(*words), env=self.environment(env), cwd=self.place)
        return Ended(done.returncode, done.stdout, done.stderr)

    def staying(self, *words: object, env: Mapping[str, str] | None = None) -> Staying:
        """Start ``tokentape`` with these words; it goes on until it is told to end."""
        log_file = self.place / f"{words[0]}.log"
        return Staying(self.command(*words), log_file, env=self.environment(env), cwd=self.place)

    def mapping(self) -> list[str]:
        """The flags that record the APIs from the tests' upstream."""
        return mapping(self.upstream)

    def record(self, command: Sequence[str], *flags: object, env: Mapping[str, str] | None = None) -> Ended:
        """``tokentape record FLAGS -- COMMAND`` with the APIs mapped to the upstream."""
        return self("record", *self.mapping(), *flags, "--", *command, env=env)

    def replay(self, command: Sequence[str], *flags: object, env: Mapping[str, str] | None = None) -> Ended:
        """``tokentape replay FLAGS -- COMMAND`` with nothing mapped."""
        return self("replay", *flags, "--", *command, env=env)


def mapping(upstream: Upstream) -> list[str]:
    """The flags that record the APIs from an upstream."""
    hosts = ("api.openai.com", "api.anthropic.com", "files.example")
    named = [f"--upstream={host}={upstream.url}" for host in hosts]
    return [*named, f"--upstream=plain.example={upstream.plain_url}", f"--upstream-ca={upstream.ca_file}"]


def python(code: str) -> list[str]:
    """A Python program."""
    return [sys.executable, "-c", code]


# They get what is recorded in most tests, print its length, and end well or not.
GET = python("import urllib.request as u; print(len(u.urlopen('https://files.example/plain').read()))")
GET_AND_FAIL = python("import urllib.request as u, sys; u.urlopen('https://files.example/plain').read(); sys.exit(7)")

_ASK = "'https://files.example/stream/usual'"

# Programs that print an answer and know nothing of a proxy: each takes it, and the certificates, from the environment.
PROGRAMS: dict[str, list[str]] = {
    "httpx": python(f"import httpx; print(httpx.get({_ASK}).text)"),
    "requests": python(f"import requests; print(requests.get({_ASK}).text)"),
    "urllib": python(f"import urllib.request as u; print(u.urlopen({_ASK}).read().decode())"),
    "urllib, plain HTTP": python(
        "import urllib.request as u; print(u.urlopen('http://plain.example/stream/usual').read())"
    ),
    "curl": ["curl", "-sS", "--fail-with-body", "https://files.example/stream/usual"],
    "curl, HTTP/2": ["curl", "-sS", "--fail-with-body", "--http2", "https://files.example/stream/usual"],
    "openai": python(
        "import openai; print(openai.OpenAI().chat.completions.create("
        "model='gpt-5-nano', messages=[{'role': 'user', 'content': 'Hello!'}]).to_json())"
    ),
    "anthropic": python(
        "import anthropic; print(anthropic.Anthropic().messages.create("
        "model='claude-test', max_tokens=8, messages=[{'role': 'user', 'content': 'Hello!'}]).to_json())"
    ),
}
