"""No credential is written or said: not in a cassette, not in the journal, not in the log, not in a refusal.

The deep search (secrets inside bodies, under other names, in other spellings) has tests of its own; this is the floor.
"""

import base64
from pathlib import Path
from urllib.parse import quote

import pytest
import recordings
from running import Mitmdump, Starter
from secrets_for_tests import ANTHROPIC_KEY, AZURE_KEY, GEMINI_KEY, OPENAI_KEY, OTHER_GEMINI_KEY
from talking import CHAT, FILES, Clients, chat, refusal
from upstream import Upstream
from waiting import until

GEMINI = "https://generativelanguage.googleapis.com/plain"
ANTHROPIC = "https://api.anthropic.com/v1/messages"
ANTHROPIC_BODY = {"model": "claude-test", "max_tokens": 8, "messages": [{"role": "user", "content": "Hello!"}]}

REQUEST_HEADERS = {
    "Authorization": f"Bearer {OPENAI_KEY}",
    "api-key": AZURE_KEY,
    "x-api-key": ANTHROPIC_KEY,
    "x-goog-api-key": GEMINI_KEY,
    "Cookie": "session=cookie-of-the-client; other=second-cookie-of-the-client",
}
SECRETS = {
    "OpenAI's key": OPENAI_KEY,
    "Azure's key": AZURE_KEY,
    "Anthropic's key": ANTHROPIC_KEY,
    "Gemini's key": GEMINI_KEY,
    "the client's cookie": "cookie-of-the-client",
    "the client's second cookie": "second-cookie-of-the-client",
    "the answer's cookie": "cookie-of-the-answer",
    "the answer's second cookie": "second-cookie",
    "the key in the query": OTHER_GEMINI_KEY,
    "Basic credentials": "basic-password-9876",
}
BASIC = base64.b64encode(b"user:" + SECRETS["Basic credentials"].encode()).decode()


def spellings(secret: str) -> list[bytes]:
    """A secret as it is, percent-encoded, and in base64."""
    return [secret.encode(), quote(secret, safe="").encode(), base64.b64encode(secret.encode())]


def told(place: Path) -> dict[str, bytes]:
    """Everything that was written below a folder: the library, the journal, the log."""
    return {str(path): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def found(place: Path) -> list[str]:
    """Which secret stands where."""
    return [
        f"{what} in {path}"
        for path, data in told(place).items()
        for what, secret in SECRETS.items()
        for spelling in spellings(secret)
        if spelling in data
    ]


def say_all_secrets(proxy: Mitmdump, client: Clients) -> None:
    """Record with every credential that the known providers take, and get cookies back."""
    talk = client(proxy.proxy("secrets"))
    assert talk.post(CHAT, json=chat(), headers=REQUEST_HEADERS).status_code == 200
    assert talk.post(CHAT, json=chat(stream=True), headers=REQUEST_HEADERS).status_code == 200
    assert talk.post(ANTHROPIC, json=ANTHROPIC_BODY, headers=REQUEST_HEADERS).status_code == 200
    assert talk.get(f"{FILES}/cookies", headers=REQUEST_HEADERS).status_code == 200
    key = SECRETS["the key in the query"]
    assert talk.get(f"{GEMINI}?key={key}&alt=sse").status_code == 200
    assert talk.get(f"http://plain.example/plain?alt=json&api_key={key}").status_code == 200
    assert talk.get(f"{FILES}/plain", headers={"Authorization": f"Basic {BASIC}"}).status_code == 200
    unnamed = client(proxy.proxy())
    assert unnamed.get(f"{GEMINI}?key={key}&unnamed=1", headers=REQUEST_HEADERS).status_code == 200


@pytest.fixture
def recorded(tmp_path: Path, library: Path, mitmdump: Starter, client: Clients, upstream: Upstream) -> Mitmdump:
    """A proxy that has recorded with every credential; its keys are in the environment as well."""
    env = {"OPENAI_API_KEY": OPENAI_KEY, "ANTHROPIC_API_KEY": ANTHROPIC_KEY, "GEMINI_API_KEY": GEMINI_KEY}
    proxy = mitmdump(library, env=env)
    say_all_secrets(proxy, client)
    return proxy


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """The search of these tests would see a secret, in each of its spellings."""
    for number, spelling in enumerate(spellings(OPENAI_KEY)):
        (tmp_path / f"file-{number}").write_bytes(b"before" + spelling + b"after")
    assert len(found(tmp_path)) >= 3


def test_no_credential_is_written_or_logged(recorded: Mitmdump, tmp_path: Path, library: Path) -> None:
    """Neither while the takes are in the journal, nor when they are published, nor in any line of the log."""
    assert found(tmp_path) == []
    until(lambda: len(list(library.rglob("*.yaml"))) == 2, "both takes are published")
    recorded.stop()
    assert len(recordings.interactions(library / "secrets.yaml")) == 7
    assert found(tmp_path) == []


def test_a_crash_leaves_no_credential_behind(recorded: Mitmdump, tmp_path: Path) -> None:
    """What a killed proxy leaves in its journal is redacted already."""
    recorded.kill()
    assert found(tmp_path) == []


def test_the_upstream_did_get_the_credentials(recorded: Mitmdump, upstream: Upstream) -> None:
    """Redaction is for the file: the API got what the client sent."""
    first = upstream.requests[0]
    for name, value in REQUEST_HEADERS.items():
        assert first.header(name) == value
    assert SECRETS["the key in the query"] in upstream.requests[4].target


def test_what_was_redacted_replays_with_another_key_or_none(
    recorded: Mitmdump, client: Clients, upstream: Upstream
) -> None:
    """A recording answers whoever asks: the credential is no part of the question."""
    recorded.restart(vcr_mode="replay", env={})
    talk = client(recorded.proxy("secrets"))
    upstream.forget()
    assert talk.post(CHAT, json=chat()).status_code == 200
    assert talk.post(CHAT, json=chat(), headers={"Authorization": "Bearer other"}).status_code == 200
    assert talk.get(f"{GEMINI}?alt=sse").status_code == 200
    assert talk.get(f"{GEMINI}?alt=sse&key=another-key").status_code == 200
    assert upstream.connections == 0


def test_no_credential_is_in_a_refusal(recorded: Mitmdump, tmp_path: Path, client: Clients) -> None:
    """What a client is told about a miss holds none of its own secrets either."""
    recorded.restart(vcr_mode="replay")
    key = SECRETS["the key in the query"]
    asks = {"secrets": "out-of-date", "not-there": "no-cassette", "": "unnamed"}
    for name, code in asks.items():
        answer = client(recorded.proxy(name)).get(f"{GEMINI}?key={key}&other=1", headers=REQUEST_HEADERS)
        said = refusal(answer, code)
        assert [what for what, secret in SECRETS.items() if secret in said] == []
    recorded.stop()
    assert found(tmp_path) == []
