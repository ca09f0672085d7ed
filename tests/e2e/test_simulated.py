"""What the official SDKs make of limits and faults: the errors they are written for, and retries that succeed."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import anthropic
import httpx
import openai
import pytest
from mitmproxy.certs import CertStore
from open_doors import OpenDoor
from talking import DEADLINE

SIMULATION = """
keys = ["right"]

[[deployment]]
name = "one-a-second"
model = "gpt-4o"
requests_per_minute = 60
requests_window = "1s"

[[deployment]]
name = "small"
requests_per_minute = 1
"""
HELLO = [{"role": "user", "content": "What does a tape do?"}]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenDoor]:
    """A door that makes answers up."""
    home = tmp_path_factory.mktemp("home")
    CertStore.from_store(home / ".mitmproxy", "mitmproxy", 2048)
    file = home / "simulation.toml"
    file.write_text(SIMULATION)
    opened = OpenDoor("fast", Path(home / "cassettes"), home, "--mode=generate", f"--simulation={file}").ready()
    yield opened
    opened.close()


@pytest.fixture
def gpt(door: OpenDoor) -> Iterator[openai.OpenAI]:
    """OpenAI's SDK, without retries."""
    with openai.OpenAI(api_key="right", base_url=f"{door.url}/v1", max_retries=0, timeout=DEADLINE) as client:
        yield client


@pytest.fixture
def claude(door: OpenDoor) -> Iterator[anthropic.Anthropic]:
    """Anthropic's SDK, without retries."""
    with anthropic.Anthropic(api_key="right", base_url=door.url, max_retries=0, timeout=DEADLINE) as client:
        yield client


FAULTS = [
    ("status=400", openai.BadRequestError, anthropic.BadRequestError),
    ("status=403", openai.PermissionDeniedError, anthropic.PermissionDeniedError),
    ("status=404", openai.NotFoundError, anthropic.NotFoundError),
    ("status=429", openai.RateLimitError, anthropic.RateLimitError),
    ("status=500", openai.InternalServerError, anthropic.InternalServerError),
    ("status=503", openai.InternalServerError, anthropic.InternalServerError),
    ("status=529", openai.InternalServerError, anthropic.APIStatusError),
    ("reset", openai.APIConnectionError, anthropic.APIConnectionError),
    ("cut", openai.APIConnectionError, anthropic.APIConnectionError),
]


@pytest.mark.parametrize(("fault", "gpt_error", "claude_error"), FAULTS)
def test_a_fault_is_the_error_that_a_program_catches(
    fault: str,
    gpt_error: type[openai.APIError],
    claude_error: type[anthropic.APIError],
    gpt: openai.OpenAI,
    claude: anthropic.Anthropic,
) -> None:
    """With a message of the API's, where there is an answer."""
    headers = {"X-Cassette-Fault": fault}
    with pytest.raises(gpt_error) as by_gpt:
        gpt.chat.completions.create(model="gpt-4o", messages=HELLO, extra_headers=headers)
    with pytest.raises(claude_error) as by_claude:
        claude.messages.create(model="claude-next", max_tokens=20, messages=HELLO, extra_headers=headers)
    if fault.startswith("status"):
        assert by_gpt.value.body["message"]
        assert by_claude.value.body["error"]["message"]


def test_no_answer_is_a_timeout(gpt: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    """The client's own patience ends it."""
    headers = {"X-Cassette-Fault": "timeout"}
    with pytest.raises(openai.APITimeoutError):
        gpt.with_options(timeout=0.3).chat.completions.create(model="m", messages=HELLO, extra_headers=headers)
    with pytest.raises(anthropic.APITimeoutError):
        claude.with_options(timeout=0.3).messages.create(
            model="m", max_tokens=20, messages=HELLO, extra_headers=headers
        )


def test_a_cut_stream_breaks_off_in_the_program_s_hands(gpt: openai.OpenAI) -> None:
    """After so many chunks."""
    stream = gpt.chat.completions.create(
        model="gpt-4o", messages=HELLO, stream=True, extra_headers={"X-Cassette-Fault": "cut=3"}
    )
    chunks: list[object] = []
    with pytest.raises((openai.APIError, httpx.RemoteProtocolError)):
        take(stream, chunks)
    assert len(chunks) == 3


def take(stream: Iterable[object], chunks: list[object]) -> None:
    """Keep what comes of a stream."""
    for chunk in stream:
        chunks.append(chunk)


def test_keys_and_limits(gpt: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    """Both SDKs know what is meant."""
    with pytest.raises(openai.AuthenticationError):
        gpt.with_options(api_key="wrong").chat.completions.create(model="gpt-4o", messages=HELLO)
    with pytest.raises(anthropic.AuthenticationError):
        claude.with_options(api_key="wrong").messages.create(model="m", max_tokens=20, messages=HELLO)
    gpt.chat.completions.create(model="small", messages=HELLO)
    with pytest.raises(openai.RateLimitError, match="Rate limit reached for small"):
        gpt.chat.completions.create(model="small", messages=HELLO)
    claude.messages.create(model="small", max_tokens=20, messages=HELLO)
    with pytest.raises(anthropic.RateLimitError, match="would exceed your organization's rate limit"):
        claude.messages.create(model="small", max_tokens=20, messages=HELLO)


def test_a_retry_comes_through(door: OpenDoor) -> None:
    """The SDK waits as long as it was told, and is served: three requests, one a second, each with one retry."""
    client = openai.AzureOpenAI(
        api_key="right", azure_endpoint=door.url, api_version="2024-10-21", max_retries=1, timeout=DEADLINE
    )
    with client:
        for _ in range(3):
            answer = client.chat.completions.create(model="one-a-second", messages=HELLO, max_tokens=5)
            assert answer.choices[0].message.content
