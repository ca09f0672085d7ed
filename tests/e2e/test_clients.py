"""Real clients: what each sees while recording it sees again with the upstream stopped, and no stream is held back."""

import re
import shutil
from collections import Counter
from pathlib import Path

import anthropic
import openai
import pytest
import recordings
from client_talks import STREAMED, WHOLE
from rehearsal import Pair, Stage, rehearse, slug
from running import Mitmdump, Starter
from secrets_for_tests import OPENAI_KEY
from talking import DEADLINE, trusting
from upstream import Upstream
from upstream_answers import WORDS

# curl is everywhere but on the smallest machines; what is missing is said.
TALKS = {
    name: talk for name, talk in {**WHOLE, **STREAMED}.items() if shutil.which("curl") or not name.startswith("curl")
}
HTTP2 = [name for name in TALKS if "HTTP/2" in name]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the talks are recorded."""
    return tmp_path_factory.mktemp("clients") / "cassettes"


@pytest.fixture(scope="module")
def pairs(mitmdump_for_module: Starter, library: Path, the_upstream: Upstream) -> dict[str, Pair]:
    """Each talk, recorded and replayed."""
    the_upstream.forget()
    return rehearse(TALKS, mitmdump_for_module, library, the_upstream, hold=lambda name: name in STREAMED)


def pair_of(pairs: dict[str, Pair], name: str) -> Pair:
    """The two sides of one talk, or a skip that says what is missing."""
    if name not in pairs:
        pytest.skip(f"no command for {name!r} on this machine")
    return pairs[name]


@pytest.mark.parametrize("name", [*WHOLE, *STREAMED])
def test_replay_is_what_was_recorded(name: str, pairs: dict[str, Pair]) -> None:
    """Status, headers, decoded body and parsed objects are equal."""
    pair = pair_of(pairs, name)
    assert pair.again.comparable == pair.first.comparable


@pytest.mark.parametrize("name", WHOLE)
def test_the_answer_is_the_upstreams(name: str, pairs: dict[str, Pair]) -> None:
    """What was recorded is what the API said."""
    first = pair_of(pairs, name).first
    said = first.body.decode() + "".join(str(one) for one in first.objects)
    assert first.status == 200
    assert "".join(WORDS) in said


@pytest.mark.parametrize("name", STREAMED)
def test_the_stream_came_event_by_event(name: str, pairs: dict[str, Pair]) -> None:
    """Each event was in the client's hand before the upstream was let to send the next one."""
    first = pair_of(pairs, name).first
    said = first.body.decode() + "".join(str(one) for one in first.objects)
    assert all(word in said for word in WORDS)
    assert first.body.count(b"\n\n") == len(WORDS) + 3 or len(first.objects) >= len(WORDS) + 2


def test_each_talk_has_its_cassette(pairs: dict[str, Pair], library: Path) -> None:
    """One cassette for each talk, with one interaction."""
    assert pairs
    held = {name: len(recordings.interactions(library / f"{name}.yaml")) for name in recordings.names(library)}
    assert held == dict.fromkeys(map(slug, TALKS), 1)


def test_http2_reached_the_upstream_as_http2(pairs: dict[str, Pair], the_upstream: Upstream) -> None:
    """A client that speaks HTTP/2 is connected to the API over HTTP/2."""
    spoken = Counter(seen.proto for seen in the_upstream.requests)
    assert spoken == {"HTTP/1.1": len(pairs) - len(HTTP2), "HTTP/2": len(HTTP2)}


def test_each_talk_reached_the_upstream_once(pairs: dict[str, Pair], the_upstream: Upstream) -> None:
    """No client repeated itself, and replay asked nothing."""
    assert len(the_upstream.requests) == len(pairs)


# -- refusals, as the SDKs show them ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def empty(mitmdump_for_module: Starter, tmp_path_factory: pytest.TempPathFactory) -> Mitmdump:
    """A proxy in replay mode that has nothing to replay."""
    library = tmp_path_factory.mktemp("empty") / "cassettes"
    library.mkdir()
    return mitmdump_for_module(library, vcr_mode="replay")


def asked_for(proxy: Mitmdump, url: str) -> int:
    """How often mitmproxy tells of a POST to a URL: a line with the client's address in front."""
    return len(re.findall(rf"^[\d.:]+: POST {re.escape(url)}", proxy.log, re.MULTILINE))


def test_the_openai_sdk_shows_the_refusal(empty: Mitmdump) -> None:
    """The SDK raises at once, without its usual retries, and its error has our text, type and code."""
    stage = Stage(empty.proxy("nothing"), empty.ca_file)
    web = openai.DefaultHttpxClient(proxy=stage.proxy, verify=trusting(stage.ca_file), trust_env=False)
    client = openai.OpenAI(api_key=OPENAI_KEY, http_client=web, timeout=DEADLINE)
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="gpt-5-nano", messages=[{"role": "user", "content": "Hello!"}])
    assert caught.value.code == "no-cassette"
    assert caught.value.type == "cassette_error"
    assert "nothing" in caught.value.message
    assert asked_for(empty, "https://api.openai.com") == 1


def test_the_anthropic_sdk_shows_the_refusal(empty: Mitmdump) -> None:
    """The same for Anthropic's."""
    stage = Stage(empty.proxy("nothing"), empty.ca_file)
    web = anthropic.DefaultHttpxClient(proxy=stage.proxy, verify=trusting(stage.ca_file), trust_env=False)
    client = anthropic.Anthropic(api_key="unused", http_client=web, timeout=DEADLINE)
    with pytest.raises(anthropic.InternalServerError, match="no-cassette"):
        client.messages.create(max_tokens=8, model="claude-test", messages=[{"role": "user", "content": "Hello!"}])
    assert asked_for(empty, "https://api.anthropic.com") == 1
