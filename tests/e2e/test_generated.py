"""What is made up, on real connections: the official clients through either door, and into a cassette and back.

The rule: the door that makes answers up is a process of its own, as ``tokentape serve --mode generate`` starts it; what
is recorded is recorded from it by another proxy, over its wire.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import processes
import pytest
from open_doors import OpenDoor
from running import Starter, clean_environment
from talking import DEADLINE, SOME_KEY, Clients, trusting
from toolchains import NODE_FOLDER, node_package, program

SDK: Any = {"api_key": "unused", "max_retries": 0, "timeout": DEADLINE}
HOSTS = ("api.openai.com", "api.anthropic.com")
ASK = [{"role": "user", "content": "What is the weather in Lisbon?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}]
VERSION = {"anthropic-version": "2023-06-01"}

TALKS = [
    ("chat", "https://api.openai.com/v1/chat/completions", {"model": "gpt-4o", "messages": ASK}),
    ("chat-stream", "https://api.openai.com/v1/chat/completions", {"model": "gpt-4o", "messages": ASK, "stream": True}),
    (
        "tool-stream",
        "https://api.openai.com/v1/chat/completions",
        {"model": "gpt-4o", "messages": ASK, "tools": TOOLS, "stream": True, "stream_options": {"include_usage": True}},
    ),
    ("response-stream", "https://api.openai.com/v1/responses", {"model": "gpt-4o", "input": "Hello", "stream": True}),
    (
        "message-stream",
        "https://api.anthropic.com/v1/messages",
        {"model": "claude-sonnet-5-5", "max_tokens": 90, "messages": ASK, "stream": True},
    ),
    ("embedding", "https://api.openai.com/v1/embeddings", {"model": "text-embedding-3-small", "input": "a tape"}),
    ("speech", "https://api.openai.com/v1/audio/speech", {"model": "tts-1", "input": "hello", "voice": "alloy"}),
    ("wrong", "https://api.openai.com/v1/chat/completions", {"model": "gpt-4o", "messages": []}),
]


@pytest.fixture(scope="module", params=["mitm", "fast"])
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenDoor]:
    """A door that makes up whatever it is asked."""
    home = tmp_path_factory.mktemp("generating")
    opened = OpenDoor(request.param, home, home, "--mode=generate").ready()
    yield opened
    opened.close()


def hear(client: httpx.Client, url: str, body: object) -> tuple[int, bytes, list[int], str]:
    """Status, body, the sizes of the pieces of a stream, and content type."""
    with client.stream("POST", url, json=body, headers={**SOME_KEY, **VERSION}) as response:
        pieces = list(response.iter_raw())
        streamed = response.headers["content-type"].startswith("text/event-stream")
    sizes = [len(piece) for piece in pieces] if streamed else []
    return response.status_code, b"".join(pieces), sizes, response.headers["content-type"]


def test_what_is_made_up_is_recorded_and_replayed_equal(
    door: OpenDoor, mitmdump: Starter, library: Path, client: Clients
) -> None:
    """Streams, plain answers, bytes and errors: the same bytes, and the events of a stream in the same pieces."""
    proxy = mitmdump(library, vcr_mode="record", vcr_upstream=[f"{host}={door.url}" for host in HOSTS])
    heard = {name: hear(client(proxy.proxy(name)), url, body) for name, url, body in TALKS}
    assert [heard[name][0] for name, *_ in TALKS] == [200] * 7 + [400]
    assert sum(bool(sizes) for _, _, sizes, _ in heard.values()) == 4
    proxy.restart(vcr_mode="replay", vcr_upstream=[])
    assert {name: hear(client(proxy.proxy(name)), url, body) for name, url, body in TALKS} == heard
    assert "message_stop" in (library / "message-stream.yaml").read_text()


def test_official_clients_on_a_base_url(door: OpenDoor) -> None:
    """By path: OpenAI's API, Azure's and Anthropic's on one port, streamed too."""
    with openai.OpenAI(base_url=f"{door.url}/v1", **SDK) as client:
        whole = client.chat.completions.create(model="gpt-4o", messages=ASK)
        with client.chat.completions.stream(model="gpt-4o", messages=ASK) as stream:
            assert stream.get_final_completion().choices[0].message.content == whole.choices[0].message.content
    azure = openai.AzureOpenAI(azure_endpoint=door.url, api_version="2024-10-21", **SDK)
    with azure as client:
        choice = client.chat.completions.create(model="d", messages=ASK).choices[0]
        assert choice.model_extra["content_filter_results"]["hate"]["severity"] == "safe"
    ask = {"model": "claude-sonnet-5-5", "max_tokens": 5, "messages": ASK}
    with anthropic.Anthropic(base_url=door.url, **SDK) as client:
        whole = client.messages.create(**ask)
        with client.messages.stream(**ask) as stream:
            assert stream.get_final_message().content[0].text == whole.content[0].text
    assert whole.stop_reason == "max_tokens"


def test_official_clients_through_the_proxy(door: OpenDoor) -> None:
    """By host: each client asks its own API, and no network is there."""

    def http(client):
        return client(proxy=door.proxy("any"), verify=trusting(door.ca_file), trust_env=False)

    with openai.OpenAI(**SDK, http_client=http(openai.DefaultHttpxClient)) as client:
        assert client.responses.create(model="gpt-4o", input="Hello").output_text
        with pytest.raises(openai.NotFoundError, match="Invalid URL"):
            client.post("/none", body={}, cast_to=object)
    with anthropic.Anthropic(**SDK, http_client=http(anthropic.DefaultHttpxClient)) as client:
        assert client.messages.count_tokens(model="claude-sonnet-5-5", messages=ASK).input_tokens > 5


OWN = """
def generate_it(request):
    if request.url.path == "/echo":
        return {"echo": request.data}
    return "It rains in Lisbon."
"""


def test_generators_of_one_s_own(tmp_path: Path) -> None:
    """``--generators FILE``: words in the shape of each API, and answers at paths of one's own."""
    (tmp_path / "own.py").write_text(OWN)
    with OpenDoor("fast", tmp_path, tmp_path, "--mode=generate", f"--generators={tmp_path / 'own.py'}") as opened:
        opened.ready()
        with openai.OpenAI(base_url=f"{opened.url}/v1", **SDK) as client:
            assert client.responses.create(model="gpt-4o", input="Hello").output_text == "It rains in Lisbon."
        claude = anthropic.Anthropic(base_url=opened.url, **SDK)
        with claude, claude.messages.stream(model="claude-sonnet-5-5", max_tokens=50, messages=ASK) as stream:
            assert stream.get_final_text() == "It rains in Lisbon."
        assert httpx.post(f"{opened.url}/echo", json=[1], trust_env=False).json() == {"echo": [1]}


@pytest.mark.slow
def test_official_node_clients(door: OpenDoor, tmp_path: Path) -> None:
    """The Node SDKs of OpenAI and Anthropic read each answer, streams and schemas included."""
    for name in ("openai", "@anthropic-ai/sdk"):
        node_package(name)
    words = [program("node"), NODE_FOLDER / "generated.mjs", door.url]
    ended = processes.run(words, env=clean_environment(tmp_path))
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert said["chat"] == said["streamed"]
    assert said["response"] == said["response streamed"]
    assert said["message"] == said["message streamed"]
    assert said["arguments"] == {"city": "Lisbon"} == said["input"]
    assert isinstance(said["parsed"]["city"], str)
    assert said["embedding"] == 1536
    assert said["speech"] > 1000
    assert said["transcript"]
    assert said["image"].startswith("iVBOR")
    assert said["wrong"] == {"status": 400, "code": "empty_array", "param": "messages"}
    assert said["missing"] == 404
