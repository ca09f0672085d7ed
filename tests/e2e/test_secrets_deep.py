"""Secrets where nobody expects them, over a real proxy: logins with a refresh, AWS signatures, odd places, the log.

Everything that is written (library, journal, cache) and printed is searched for every secret of the talk.
"""

import base64
import json
import stat
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import httpx
from botocore.config import Config
from planting import leaks
from running import Mitmdump, Starter
from secrets_for_tests import OPENAI_KEY, OTHER_OPENAI_KEY
from talking import CHAT, DEADLINE, FILES, Clients, chat
from upstream import Upstream
from waiting import until

CLIENT_SECRET = "c5T~8q" + "Lm2Kp9WdRf7vXz3"
AWS = {
    "AWS_ACCESS_KEY_ID": "AKIA" + "Q3ERTYU7OPAS5DFG",
    "AWS_SECRET_ACCESS_KEY": "wJalr" + "XUtnFEMIK7MDENGbPxRfiCYzq8Lm",
}


def searched(place: Path, *secrets: str) -> list[str]:
    """Which secret stands where, in any spelling, below a folder."""
    return [
        f"{spelling!r} in {path}"
        for path in place.rglob("*")
        if path.is_file()
        for secret in secrets
        for spelling in leaks(secret)
        if spelling in path.read_bytes()
    ]


# --- a login by client credentials, and a refresh


def login(talk: httpx.Client, **form: str) -> dict[str, Any]:
    """The tokens that a token endpoint gives."""
    answer = talk.post(f"{FILES}/oauth/token", data={"client_id": "app", "client_secret": CLIENT_SECRET, **form})
    assert answer.status_code == 200
    return dict(answer.json())


def oauth_talk(talk: httpx.Client) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Log in, use the token (also where none is expected), refresh, use the new one; the tokens and what was said."""
    first = login(talk, grant_type="client_credentials")
    said = []
    second = login(talk, grant_type="refresh_token", refresh_token=first["refresh_token"])
    for tokens in (first, second):
        token = tokens["access_token"]
        answer = talk.post(
            f"{FILES}/oauth/things?session={quote(token)}",
            headers={"Authorization": f"Bearer {token}"},
            json={"deep": [json.dumps({"token": token})], "blob": base64.b64encode(f"t:{token}".encode()).decode()},
        )
        assert answer.status_code == 200, answer.text
        said.append(answer.json()["hello"])
    return first, second, said


def test_a_login_with_a_refresh_replays_and_leaves_no_token(
    tmp_path: Path, library: Path, mitmdump: Starter, client: Clients, upstream: Upstream
) -> None:
    """The tokens are in no file; on replay the placeholders take their way through the client, and everything is
    found again."""
    proxy = mitmdump(library)
    first, second, said = oauth_talk(client(proxy.proxy("login")))
    tokens = [tokens[name] for tokens in (first, second) for name in ("access_token", "refresh_token")]
    assert len(set(tokens)) == 4
    proxy.stop()
    assert searched(tmp_path, CLIENT_SECRET, *tokens) == []
    proxy.restart(vcr_mode="replay")
    upstream.forget()
    replayed_first, replayed_second, again = oauth_talk(client(proxy.proxy("login")))
    assert upstream.connections == 0
    assert again == said
    assert "tokentape-redacted" in replayed_first["access_token"] + replayed_second["access_token"]
    assert replayed_first["expires_in"] == first["expires_in"]


def test_a_token_that_is_learned_late_is_taken_out_of_what_was_written(
    tmp_path: Path, library: Path, mitmdump: Starter, client: Clients
) -> None:
    """It was in an answer at an odd place, published long ago, when it came along as a key for the first time."""
    token = "tk" + "9Xw2Lm7Kp4WdRf5vQz8"
    proxy = mitmdump(library)
    talk = client(proxy.proxy("late"))
    assert talk.get(f"{FILES}/echo?note={token}").status_code == 200
    until((library / "late.yaml").exists, "the first take is published")
    assert token in (library / "late.yaml").read_text()
    assert talk.get(f"{FILES}/plain", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    until(lambda: token not in (library / "late.yaml").read_text(), "the cassette was gone over")
    proxy.stop()
    assert searched(tmp_path / "cassettes", token) == []
    assert searched(tmp_path / "mitmdump-0" / "home", token) == []


# --- AWS


def converse(proxy: Mitmdump, key_id: str, secret: str) -> Any:
    """boto3, which signs what it sends."""
    config = Config(proxies={"https": proxy.proxy("aws")}, retries={"total_max_attempts": 1}, read_timeout=DEADLINE)
    client = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        aws_session_token="FwoGZXIvYXdzE" + "Lm7Kp4WdRf5vQz8Xw2",
        verify=str(proxy.ca_file),
        config=config,
    )
    return client.converse(modelId="test.model", messages=[{"role": "user", "content": [{"text": "Hello!"}]}])["output"]


def test_a_client_without_credentials_is_signed_for(
    tmp_path: Path, library: Path, mitmdump: Starter, upstream: Upstream
) -> None:
    """The proxy holds them: the upstream sees its signature alone, no file holds it, and any client replays."""
    proxy = mitmdump(library, env=AWS)
    said = converse(proxy, "test", "test")
    (seen,) = upstream.requests
    assert AWS["AWS_ACCESS_KEY_ID"] in (seen.header("authorization") or "")
    assert seen.header("x-amz-security-token") is None
    signature = (seen.header("authorization") or "").rpartition("Signature=")[2]
    proxy.stop()
    assert searched(tmp_path, *AWS.values(), signature) == []
    proxy.restart(vcr_mode="replay", env={})
    upstream.forget()
    assert converse(proxy, "other", "other") == said
    assert upstream.connections == 0


# --- odd places, and what is printed


def test_a_key_at_odd_places_is_nowhere_and_replays_with_another(
    tmp_path: Path, library: Path, mitmdump: Starter, client: Clients, upstream: Upstream
) -> None:
    """In the prompt, in JSON in JSON, in base64, in a header, in the path; streamed back by the API."""

    def ask(talk: httpx.Client, key: str) -> list[int]:
        headers = {"Authorization": f"Bearer {key}", "X-Debug": f"key={key}"}
        body = chat(stream=True)
        body["messages"][0]["content"] = f"my key is {key}, and {json.dumps(json.dumps({'key': key}))}"
        body["user"] = base64.b64encode(f"me:{key}".encode()).decode()
        return [
            talk.post(CHAT, json=body, headers=headers).status_code,
            talk.get(f"{FILES}/echo/{key}?x={quote(quote(key))}", headers=headers).status_code,
        ]

    proxy = mitmdump(library)
    assert ask(client(proxy.proxy("odd")), OPENAI_KEY) == [200, 200]
    proxy.stop()
    assert searched(tmp_path, OPENAI_KEY) == []
    proxy.restart(vcr_mode="replay")
    upstream.forget()
    assert ask(client(proxy.proxy("odd")), OPENAI_KEY) == [200, 200]
    assert ask(client(proxy.proxy("odd")), OTHER_OPENAI_KEY) == [200, 200]
    assert upstream.connections == 0


def test_what_mitmdump_prints_holds_no_key(tmp_path: Path, library: Path, mitmdump: Starter, client: Clients) -> None:
    """Its own line for each request has the URL, cut where the terminal ends: not even the beginning of a key is in
    it, at any level of detail."""
    for detail in (1, 3):
        proxy = mitmdump(library, flow_detail=detail)
        talk = client(proxy.proxy(f"printed-{detail}"))
        for at in range(3):
            url = f"http://plain.example/plain?{'x' * at}&api_key={OPENAI_KEY}&n={at}"
            assert talk.get(url, headers={"X-Note": OPENAI_KEY}).status_code == 200
        proxy.says(f"plain.example/plain.*n={at}" if detail > 1 else "plain.example/plain")
        proxy.stop()
        assert OPENAI_KEY[:12] not in proxy.log


def test_a_cassette_can_not_be_named_after_a_key(library: Path, mitmdump: Starter, client: Clients) -> None:
    """The name would be a file's; nothing is forwarded, and the refusal does not repeat it."""
    proxy = mitmdump(library)
    named = {"X-Cassette-Name": OPENAI_KEY, "Authorization": f"Bearer {OPENAI_KEY}"}
    answer = client(proxy.proxy()).post(CHAT, json=chat(), headers=named)
    assert (answer.status_code, answer.headers["x-cassette-error"]) == (400, "bad-name")
    assert OPENAI_KEY not in answer.text
    assert list(library.rglob("*")) == []


def test_journal_and_authority_are_private(tmp_path: Path, library: Path, mitmdump: Starter, client: Clients) -> None:
    """Nobody else on the machine looks into the journal, or takes the key that every client trusts."""
    proxy = mitmdump(library)
    assert client(proxy.proxy("private")).get(f"{FILES}/plain").status_code == 200
    until(lambda: list((proxy.home / "state").rglob("*.take")) or (library / "private.yaml").exists(), "it is written")
    proxy.kill()
    kept = list((proxy.home / "state" / "tokentape" / "journal").rglob("*"))
    assert kept
    for path in kept:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE((proxy.confdir / "mitmproxy-ca.pem").stat().st_mode) & 0o077 == 0


def test_what_can_not_be_looked_into_is_not_written(library: Path, mitmdump: Starter, client: Clients) -> None:
    """A body in a coding that can't be undone: the client gets its answer, and the log says why nothing was kept."""
    proxy = mitmdump(library)
    coded = {"content": b"\x1f\x8bnot gzip at all", "headers": {"Content-Encoding": "gzip"}}
    answer = client(proxy.proxy("coded")).post(f"{FILES}/plain", **coded)
    assert answer.status_code == 200
    proxy.says("not recorded: .*can't be searched for secrets")
    proxy.stop()
    assert not (library / "coded.yaml").exists()
