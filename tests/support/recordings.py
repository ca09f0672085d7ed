"""The real recordings that live beside the project, and cassettes that a test writes by hand.

The rule: what is expected is read from the file by PyYAML alone, never by the code under test.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from running import ROOT

BESIDE = ROOT / "../shared/testopenai"
FOLDER = BESIDE / "cassettes"
SPEECH = BESIDE / "sunrise_fact.wav"
MISSING = pytest.mark.skip(reason=f"the real recordings are not at {FOLDER.parent.name}/{FOLDER.name}")

# Said anew for each client: they describe how the body travels on one connection, not what it is.
FRAMING = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection", "keep-alive"})
# The C reader where PyYAML has one: some of the bodies are large.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Recording:
    """One real recording: its only request and what was answered."""

    name: str
    method: str
    url: str
    content_type: str
    body: str
    status: int
    headers: tuple[tuple[str, str], ...]
    answer: bytes

    @property
    def path(self) -> str:
        """Path and query of its URL."""
        split = urlsplit(self.url)
        return split.path + (f"?{split.query}" if split.query else "")

    @property
    def is_multipart(self) -> bool:
        """Whether its body was left out by the recorder."""
        return self.content_type.startswith("multipart/")


def read(path: Path) -> Recording:
    """The recording in a file."""
    (only,) = yaml.safe_load(path.read_text())["interactions"]
    asked, answered = only["request"], only["response"]
    headers = tuple((name, str(value)) for name, values in answered["headers"].items() for value in values)
    kind = asked["headers"]["Content-Type"][0]
    answer = answered["body"].encode()
    return Recording(path.stem, asked["method"], asked["url"], kind, asked["body"], answered["code"], headers, answer)


def all_of_them() -> list[Any]:
    """Every recording as a parameter of a test; one skipped parameter where the folder is missing."""
    if not FOLDER.is_dir():
        return [pytest.param(None, id="missing", marks=MISSING)]
    return [pytest.param(read(path), id=path.stem) for path in sorted(FOLDER.glob("*.yaml"))]


def one(name: str) -> Recording:
    """One recording by its name; skips the test where the folder is missing."""
    if not FOLDER.is_dir():
        pytest.skip(MISSING.kwargs["reason"])
    return read(FOLDER / f"{name}.yaml")


def shuffled(body: str) -> str:
    """The same JSON value with the keys of every object the other way round and other white space."""
    return json.dumps(_reversed(json.loads(body)), indent=7, separators=(" ,", "\t: ")) + " \n"


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(item) for item in value] if isinstance(value, list) else value


def comparable(headers: Any) -> list[tuple[str, str]]:
    """Headers as they compare: lower-case names, without framing, in the order of their names."""
    pairs = headers.multi_items() if hasattr(headers, "multi_items") else headers
    return sorted(((name.lower(), value) for name, value in pairs if name.lower() not in FRAMING), key=lambda p: p[0])


def write(path: Path, *interactions: tuple[dict[str, Any], dict[str, Any]]) -> Path:
    """Write a go-vcr cassette by hand: pairs of what differs from a plain GET and from a plain 200."""
    entries = []
    for number, (request, response) in enumerate(interactions):
        asked = {"url": "https://files.example/plain", "method": "GET", "body": "", "headers": {}, **request}
        answered = {"body": "", "headers": {}, "status": "", "code": 200, "duration": "1ms", **response}
        proto = {"proto": "HTTP/1.1", "proto_major": 1, "proto_minor": 1, "content_length": -1}
        entries.append({"id": number, "request": {**proto, **asked}, "response": {**proto, **answered}})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"version": 2, "interactions": entries}, sort_keys=False, allow_unicode=True))
    return path


def interactions(path: Path) -> list[dict[str, Any]]:
    """The interactions of a cassette, as the YAML says them."""
    found: list[dict[str, Any]] = yaml.load(path.read_bytes(), Loader=_LOADER)["interactions"]
    return found


def names(library: Path) -> list[str]:
    """The names of a library's cassettes in YAML."""
    return sorted(path.relative_to(library).with_suffix("").as_posix() for path in library.rglob("*.yaml"))
