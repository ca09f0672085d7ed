"""The SDKs of Google and Amazon: what each sees while recording it sees again with the upstream stopped."""

from typing import Any

import boto3
import pytest
from botocore.config import Config
from google import genai
from google.genai import types
from rehearsal import Outcome, Pair, Stage, Talk, rehearse
from running import Starter
from secrets_for_tests import GEMINI_KEY
from talking import DEADLINE, trusting
from upstream import Upstream
from upstream_answers import WORDS


def gemini(*, stream: bool) -> Talk:
    """The google-genai SDK."""

    def talk(stage: Stage) -> Outcome:
        web = {"proxy": stage.proxy, "verify": trusting(stage.ca_file), "trust_env": False}
        options = types.HttpOptions(client_args=web, timeout=DEADLINE * 1000)
        client = genai.Client(api_key=GEMINI_KEY, http_options=options)
        ask: Any = {"model": "gemini-test", "contents": "Hello!"}
        if not stream:
            return Outcome(objects=(_plain(client.models.generate_content(**ask)),))
        said = []
        stage.cue()
        for response in client.models.generate_content_stream(**ask):
            said.append(_plain(response))
            stage.heard()
        return Outcome(objects=tuple(said))

    return talk


def _plain(response: types.GenerateContentResponse) -> dict[str, Any]:
    """What the SDK read, less the raw answer it keeps beside it."""
    return response.model_dump(exclude={"sdk_http_response"})


def bedrock(*, stream: bool) -> Talk:
    """boto3, which signs what it sends."""

    def talk(stage: Stage) -> Outcome:
        config = Config(proxies={"https": stage.proxy}, retries={"total_max_attempts": 1}, read_timeout=DEADLINE)
        client = boto3.client(
            "bedrock-runtime",
            region_name="us-east-1",
            aws_access_key_id="AKIA" + "X" * 16,
            aws_secret_access_key="x" * 40,
            verify=str(stage.ca_file),
            config=config,
        )
        ask: Any = {"modelId": "test.model", "messages": [{"role": "user", "content": [{"text": "Hello!"}]}]}
        if not stream:
            return Outcome(objects=(_without_metadata(client.converse(**ask)),))
        said = []
        stage.cue()
        for event in client.converse_stream(**ask)["stream"]:
            said.append(event)
            stage.heard()
        return Outcome(objects=tuple(said))

    return talk


def _without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


WHOLE = {"google-genai": gemini(stream=False), "boto3": bedrock(stream=False)}
STREAMED = {"google-genai, streamed": gemini(stream=True), "boto3, streamed": bedrock(stream=True)}


@pytest.fixture(scope="module")
def pairs(
    mitmdump_for_module: Starter, tmp_path_factory: pytest.TempPathFactory, the_upstream: Upstream
) -> dict[str, Pair]:
    """Each talk, recorded and replayed."""
    library = tmp_path_factory.mktemp("google-and-aws") / "cassettes"
    talks = {**WHOLE, **STREAMED}
    return rehearse(talks, mitmdump_for_module, library, the_upstream, hold=lambda name: name in STREAMED)


@pytest.mark.parametrize("name", [*WHOLE, *STREAMED])
def test_replay_is_what_was_recorded(name: str, pairs: dict[str, Pair]) -> None:
    """The SDK reads the replay into the same objects as the live answer."""
    assert pairs[name].again.comparable == pairs[name].first.comparable
    said = "".join(str(one) for one in pairs[name].first.objects)
    assert all(word in said for word in WORDS)


@pytest.mark.parametrize("name", STREAMED)
def test_the_stream_came_event_by_event(name: str, pairs: dict[str, Pair]) -> None:
    """Each event was in the client's hand before the upstream was let to send the next one."""
    assert len(pairs[name].first.objects) >= len(WORDS) + 1
