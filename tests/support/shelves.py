"""Libraries that a test fills: the starter cassettes, and cassettes of interactions made in the test."""

import json
import shutil
from pathlib import Path
from typing import Any

from running import ROOT

from tokentape import formats
from tokentape.model import Cassette, Interaction, Request, Response

CHAT_URL = "https://api.openai.com/v1/chat/completions"
JSON_TYPE = (("Content-Type", "application/json"),)
# What a terminal would act on, or would not show: an escape sequence, a bell, a bidi override, a zero-width space.
NASTY = "\x1b]0;owned\x07\x1b[31mred\r\u202egnp.exe\u200b[bold]not markup[/bold] :smile:"
NASTY_CHARACTERS = frozenset("\x1b\x07\r\u202e\u200b")


def starter(folder: Path, *names: str) -> Path:
    """The starter library, or some of it, in a folder of the test's own."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (ROOT / "cassettes").glob("*.yaml"):
        if not names or path.stem in names:
            shutil.copy(path, folder)
    return folder


def put(folder: Path, name: str, *interactions: Interaction) -> Path:
    """A cassette of these interactions."""
    path = folder / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(formats.dump(Cassette(interactions), "yaml"))
    return path


def asked(text: str = "Hello!", answer: str = "Hi.", *, url: str = CHAT_URL, **more: Any) -> Interaction:
    """A question to a model and what it says."""
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **more}
    message = {"role": "assistant", "content": answer}
    tree = {"model": "m-1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    request = Request("POST", url, JSON_TYPE, json.dumps(body).encode())
    return Interaction(request, Response(200, "OK", JSON_TYPE, json.dumps(tree).encode()), 0.25)


def plain(path: str = "/", body: bytes = b"", answer: bytes = b"", kind: str = "text/plain") -> Interaction:
    """A request that is no conversation."""
    request = Request("POST" if body else "GET", f"https://files.example{path}", (), body)
    return Interaction(request, Response(200, "OK", (("Content-Type", kind),), answer))
