"""Cassettes of other tools replay through a real proxy as they are, and nothing is ever written to them."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from recordings_in_text import SIMULATOR, VCR_PY
from running import Starter
from talking import SOME_KEY, Clients, refusal
from upstream import Upstream
from waiting import until

OPENAI = "https://api.openai.com"
AZURE = "https://my-res.openai.azure.com"
CHAT = f"{AZURE}/openai/deployments/gpt/chat/completions?api-version=2024-02-01"
ASKED = {"messages": [{"role": "user", "content": "Is this thing on?"}], "max_tokens": 20}
# Longer than the 1,024 characters up to which the later simulator keeps a body.
LONG = {"messages": [{"role": "user", "content": "Is this thing on? " * 80}]}


def json_of(tree: object) -> str:
    """JSON as VCR.py's serializer writes it."""
    return json.dumps(tree, indent=4)


def vcr_py_json() -> str:
    """What the early simulator wrote with ``CASSETTE_FORMAT=json``."""
    request = {
        "method": "POST",
        "uri": CHAT,
        "body": json.dumps(ASKED),
        "headers": {"accept": ["*/*"], "content-type": ["application/json"]},
    }
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"content-type": ["application/json"], "x-ratelimit-remaining-tokens": ["999"]},
        "body": {"string": '{"text": "from the early simulator"}'},
    }
    return json_of({"version": 1, "interactions": [{"request": request, "response": response}]})


VCR_PY_BINARY = """\
interactions:
- request:
    body: null
    headers:
      Accept: ['*/*']
    method: GET
    uri: https://api.openai.com/v1/files/f/content
  response:
    body:
      string: !!binary |
        H4sIAAAAAAACA8tIzcnJVyjPL8pJAQCFEUoNCwAAAA==
    headers:
      Content-Encoding: [gzip]
      Content-Length: ['31']
      Content-Type: [text/plain]
    status: {code: 200, message: OK}
version: 1
"""


def long_simulator() -> str:
    """A recording of the later simulator whose request body is only a digest."""
    digest = hashlib.md5(json.dumps(LONG).encode()).hexdigest()
    text = SIMULATOR.replace("body: '{\"n\": 1}'", "body: null").replace("6ad82e5bc1ffe9d1fe8b2d3e2f9cf1d5", digest)
    return text.replace(f"{OPENAI}/v1/chat/completions", CHAT)


@dataclass(frozen=True)
class Sample:
    """A cassette of another tool, the request it holds, and what it answers."""

    file: str
    text: str
    url: str
    body: object
    answer: bytes
    method: str = "POST"

    def asked(self, body: object = None) -> dict[str, object]:
        """The arguments of a client that asks for it."""
        content = self.body if body is None else body
        sent = json.dumps(content).encode() if content is not None else b""
        kind = {"Content-Type": "application/json"} if sent else {}
        return {"method": self.method, "url": self.url, "content": sent, "headers": {**kind, **SOME_KEY}}


FROM_VCR_PY = b'{"text": "from VCR.py"}'
SAMPLES = {
    "VCR.py, YAML": Sample("chat.yaml", VCR_PY, f"{OPENAI}/v1/chat/completions", {"n": 1}, FROM_VCR_PY),
    "VCR.py, JSON": Sample("chat.json", vcr_py_json(), CHAT, ASKED, b'{"text": "from the early simulator"}'),
    "VCR.py, binary and compressed": Sample(
        "chat.yaml", VCR_PY_BINARY, f"{OPENAI}/v1/files/f/content", None, b"hello world", "GET"
    ),
    "the later simulator": Sample(
        "chat.yaml", SIMULATOR, f"{OPENAI}/v1/chat/completions", {"n": 1}, b'{"text": "from the simulator"}'
    ),
    "the later simulator, a long body": Sample(
        "chat.yaml", long_simulator(), CHAT, LONG, b'{"text": "from the simulator"}'
    ),
}
EACH = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


@pytest.fixture
def foreign(library: Path, sample: Sample) -> Path:
    """The sample as a file of the library."""
    path = library / sample.file
    path.write_text(sample.text)
    return path


@EACH
def test_it_replays(
    sample: Sample, foreign: Path, mitmdump: Starter, library: Path, client: Clients, upstream: Upstream
) -> None:
    """By its name and without one, as often as it is asked for; the file stays as it is."""
    proxy = mitmdump(library, vcr_mode="replay")
    for url in (proxy.proxy("chat"), proxy.proxy()):
        for _ in range(2):
            answer = client(url).request(**sample.asked())
            assert (answer.status_code, answer.content) == (200, sample.answer), answer.text
    assert upstream.connections == 0
    assert foreign.read_text() == sample.text


@EACH
def test_a_miss_explains_itself(
    sample: Sample, foreign: Path, mitmdump: Starter, library: Path, client: Clients
) -> None:
    """What was recorded by another tool is told as any other."""
    proxy = mitmdump(library, vcr_mode="replay")
    told = refusal(client(proxy.proxy("chat")).request(**sample.asked({"other": 1})), "out-of-date")
    assert "chat#0" in told


@EACH
@pytest.mark.parametrize("mode", ["new_episodes", "record"])
def test_recording_into_it_is_refused(
    mode: str, sample: Sample, foreign: Path, mitmdump: Starter, library: Path, client: Clients, upstream: Upstream
) -> None:
    """Before anything goes upstream: with the reason, and what to do instead."""
    proxy = mitmdump(library, vcr_mode=mode)
    told = refusal(client(proxy.proxy("chat")).request(**sample.asked({"other": 1})), "out-of-date")
    assert "not recorded: the cassette is in another tool's format, which is read and never written" in told
    assert "hint: record into a cassette of another name" in told
    assert upstream.connections == 0
    assert proxy.stop() == 0
    assert foreign.read_text() == sample.text


@EACH
def test_others_are_recorded_beside_it(
    sample: Sample, foreign: Path, mitmdump: Starter, library: Path, client: Clients
) -> None:
    """A cassette of another name is recorded as ever, in our own format."""
    proxy = mitmdump(library, vcr_mode="new_episodes")
    answer = client(proxy.proxy("ours")).get("https://files.example/plain")
    assert answer.status_code == 200
    until((library / "ours.yaml").exists, "the cassette is published")
    assert (library / "ours.yaml").read_text().startswith("---\nversion: 2\n")
    assert foreign.read_text() == sample.text
