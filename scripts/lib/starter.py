"""Record the starter library, ``cassettes/``, anew: ``.venv/bin/python scripts/lib/starter.py [FOLDER]``.

The answers are those of a stand-in (``api.py``), not of a provider: they show how cassettes look and let the README's
commands run without network or key, and are no evidence of what a model says. All else is real: this script runs
itself under ``tokentape record``, and what it asks goes through the proxy like any program's requests.

The rule: recording again changes nothing. What differs from run to run, the times that this machine happened to see,
is replaced by those that the stand-in plays by.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import children
from api import ANTHROPIC, OPENAI, PAUSE, TEXT, Keys, new_keys, stand_in
from children import PATIENCE, ROOT
from tokentape import formats
from tokentape.model import Cassette, Chunk, Interaction, header
from tokentape.names import NAME_HEADER


@dataclass(frozen=True, slots=True)
class Ask:
    """A request of the library, and the cassette it belongs to."""

    cassette: str
    host: str
    path: str
    body: Mapping[str, Any]

    @property
    def url(self) -> str:
        """Where it goes."""
        return f"https://{self.host}{self.path}"


QUESTION = {"role": "user", "content": "What does a tape do?"}
CHAT = {"model": "gpt-4o-mini", "messages": [QUESTION]}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city, now",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
CALL = {"name": "get_weather", "arguments": '{"city": "Berlin"}'}
TOOLS: list[Any] = [
    {"role": "user", "content": "What is the weather in Berlin?"},
    {"role": "assistant", "tool_calls": [{"id": "call_standin", "type": "function", "function": CALL}]},
    {"role": "tool", "tool_call_id": "call_standin", "content": "12 degrees, light rain"},
]
MESSAGE = {"model": "claude-haiku-4-5", "max_tokens": 100, "messages": [QUESTION]}

ASKS = (
    Ask("chat-basic", OPENAI, "/v1/chat/completions", CHAT),
    Ask("chat-streaming", OPENAI, "/v1/chat/completions", {**CHAT, "stream": True}),
    Ask("chat-tools", OPENAI, "/v1/chat/completions", {**CHAT, "messages": TOOLS[:1], "tools": [WEATHER]}),
    Ask("chat-tools", OPENAI, "/v1/chat/completions", {**CHAT, "messages": TOOLS, "tools": [WEATHER]}),
    Ask("chat-error", OPENAI, "/v1/chat/completions", {**CHAT, "temperature": 3}),
    Ask(
        "embeddings-basic",
        OPENAI,
        "/v1/embeddings",
        {
            "model": "text-embedding-3-small",
            "input": [TEXT, QUESTION["content"]],
            "dimensions": 8,
            # Without it the SDK asks for base64, which nobody can read in a file.
            "encoding_format": "float",
        },
    ),
    Ask(
        "responses-streaming",
        OPENAI,
        "/v1/responses",
        {"model": "gpt-4o-mini", "input": QUESTION["content"], "stream": True},
    ),
    Ask("messages-basic", ANTHROPIC, "/v1/messages", MESSAGE),
    Ask("messages-streaming", ANTHROPIC, "/v1/messages", {**MESSAGE, "stream": True}),
)


def headers_of(ask: Ask, keys: Keys) -> dict[str, str]:
    """What a client of that provider sends."""
    common = {"Content-Type": "application/json", "User-Agent": "tokentape-starter", NAME_HEADER: ask.cassette}
    if ask.host == ANTHROPIC:
        return {**common, "anthropic-version": "2023-06-01", "x-api-key": keys.anthropic}
    return {**common, "Authorization": f"Bearer {keys.openai}"}


def ask_all(keys: Keys) -> None:
    """Ask everything, as a program that knows nothing of a proxy."""
    for ask in ASKS:
        data = json.dumps(ask.body).encode()
        request = urllib.request.Request(ask.url, data, headers_of(ask, keys))
        try:
            urllib.request.urlopen(request, timeout=PATIENCE).read()
        except urllib.error.HTTPError as error:
            if error.code != 400 or ask.cassette != "chat-error":
                raise


def record(library: Path) -> None:
    """Record every cassette of the library with ``tokentape record``."""
    keys = new_keys()
    with tempfile.TemporaryDirectory(prefix="tokentape-starter-") as name:
        folder = Path(name)
        with stand_in(folder, keys) as port:
            flags = [f"--upstream={host}=https://127.0.0.1:{port}" for host in (OPENAI, ANTHROPIC)]
            flags += [f"--upstream-ca={folder}/api-ca.pem", f"--library={library}", "--strict"]
            command = [sys.executable, "-m", "tokentape", "record", *flags]
            environ = children.environment(folder / "home", STARTER_KEYS=f"{keys.openai} {keys.anthropic}")
            done = subprocess.run([*command, "--", sys.executable, __file__, "--ask"], env=environ, check=False)
    if done.returncode:
        raise SystemExit("error: the library could not be recorded; tokentape's own words are above")


def with_fixed_times(path: Path) -> bytes:
    """A cassette's file, with the stand-in's own times in place of those that were measured."""
    cassette = formats.load(path.read_bytes(), path.name)
    return formats.dump(Cassette(tuple(map(_with_fixed_times, cassette.interactions))), "yaml")


def _with_fixed_times(interaction: Interaction) -> Interaction:
    response = interaction.response
    if response.chunks and "event-stream" in (header(response.headers, "content-type") or ""):
        events = response.body.split(b"\n\n")[:-1]
        chunks = tuple(Chunk(len(data) + 2, PAUSE if number else 0.0) for number, data in enumerate(events))
        response = replace(response, chunks=chunks)
    elif response.chunks:
        response = replace(response, chunks=(Chunk(len(response.body), 0.0),))
    return replace(interaction, response=response, duration=PAUSE, raw=None)


def main(library: Path) -> None:
    """Record the library and fix its times."""
    record(library)
    for cassette in sorted({ask.cassette for ask in ASKS}):
        path = library / f"{cassette}.yaml"
        path.write_bytes(with_fixed_times(path))


if __name__ == "__main__":
    if sys.argv[1:] == ["--ask"]:
        ask_all(Keys(*os.environ["STARTER_KEYS"].split()))
    else:
        main(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "cassettes")
