"""``send``, ``verify`` and ``refresh``: recorded requests once more, against a real upstream."""

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from commands import CommandLine, Ended
from running import Starter
from secrets_for_tests import OPENAI_KEY
from shelves import asked, plain, put
from upstream import Upstream
from upstream_answers import WORDS
from waiting import until

from tokentape import formats, transcript
from tokentape.library import recovery
from tokentape.model import Interaction

KEY = {"OPENAI_API_KEY": OPENAI_KEY}
SAID = "".join(WORDS)


def again(tokentape: CommandLine, command: str, *words: str, env: dict[str, str] | None = None) -> Ended:
    """One of the three commands, with the APIs mapped to the upstream."""
    return tokentape(command, *tokentape.mapping(), *words, env=KEY if env is None else env)


def load(path: Path) -> tuple[Interaction, ...]:
    """What is in a cassette."""
    return formats.load(path.read_bytes(), str(path)).interactions


def said(interaction: Interaction) -> str:
    """What a model says in an answer."""
    reply = transcript.read_response(interaction.request, interaction.response)
    assert reply is not None
    return "".join(part.text for turn in reply.turns for part in turn.parts if isinstance(part, transcript.Text))


def left(tokentape: CommandLine, library: Path) -> str:
    """What is left in the journal."""
    return recovery.notice(tokentape.home / ".local" / "state" / "tokentape", library)


# --- refresh


def test_refresh_replaces_the_answers(tokentape: CommandLine, library: Path, upstream: Upstream) -> None:
    """The same requests in their order, with the key of the environment; new answers, streams with their chunks."""
    path = put(library, "more/chat", asked("A", "old"), asked("B", "old", stream=True), plain("/no-content"))
    before = load(path)
    ended = again(tokentape, "refresh", "more/chat")
    assert (ended.code, ended.out) == (0, ""), ended.err
    assert "recorded 3 anew into cassettes/more/chat.yaml" in ended.err
    after = load(path)
    assert [(one.request.url, one.request.body) for one in after] == [
        (one.request.url, one.request.body) for one in before
    ]
    assert [said(one) for one in after[:2]] == [SAID, SAID]
    assert len(after[1].response.chunks) > 1
    assert after[2].response.status == 204
    assert upstream.requests[0].header("authorization") == f"Bearer {OPENAI_KEY}"
    assert not any(name.lower().startswith("x-cassette") for seen in upstream.requests for name, _ in seen.headers)
    assert OPENAI_KEY.encode() not in path.read_bytes()


def gone(tokentape: CommandLine) -> Ended:
    """The second request is answered by an error now."""
    return again(tokentape, "refresh", "--json", "chat")


def without_a_key(tokentape: CommandLine) -> Ended:
    """No credential is at hand."""
    return again(tokentape, "refresh", "--json", "chat", env={})


def unplugged(tokentape: CommandLine) -> Ended:
    """The API can't be reached."""
    with tokentape.upstream.unplugged():
        return again(tokentape, "refresh", "--json", "chat")


FAILURES = {
    gone: ("chat#1: answered 404, recorded 200", "hint: tokentape send --live 'chat#1'"),
    without_a_key: ("chat#0: not sent: no credential for openai at hand: set OPENAI_API_KEY",),
    unplugged: ("chat#0: refused (upstream): ", "can't be reached"),
}


@pytest.mark.parametrize("failing", FAILURES, ids=lambda one: one.__name__)
def test_refresh_that_fails_changes_nothing(failing, tokentape: CommandLine, library: Path) -> None:
    """Not a byte of the cassette, and nothing is left in the journal."""
    path = put(library, "chat", asked("A", "old"), plain("/no-such-path", b"", b"was there"))
    before = path.read_bytes()
    ended = failing(tokentape)
    [row] = json.loads(ended.out)
    assert (ended.code, row["cassette"], row["recorded"]) == (1, "chat", 0)
    assert row["trouble"].startswith(FAILURES[failing][0])
    for words in FAILURES[failing]:
        assert words in ended.err
    assert "cassettes/chat.yaml is as it was" in ended.err
    assert path.read_bytes() == before
    assert not left(tokentape, library)


def test_refresh_that_is_interrupted_changes_nothing(tokentape: CommandLine, library: Path, upstream: Upstream) -> None:
    """Ctrl-C in the middle of the second answer."""
    path = put(library, "chat", asked("A", "old"), asked("B", "old", stream=True))
    before = path.read_bytes()
    with upstream.held() as gate, tokentape.staying("refresh", *tokentape.mapping(), "chat", env=KEY) as refresh:
        gate.release()
        until(lambda: gate.sent, "the first event of the stream")
        assert refresh.stop() == 130, refresh.log
    assert path.read_bytes() == before
    assert not left(tokentape, library)


# --- placeholders

LOGIN = b"grant_type=client_credentials&client_secret=tokentape-redacted-client-secret-1"
SECRET = "Zx9Yq8+Wv7Ut6&Sr5Pq4"  # of the test


def login() -> Interaction:
    """A login whose secret is not in the recording any more."""
    one = plain("/plain", LOGIN, b"old")
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    return replace(one, request=replace(one.request, headers=form))


def test_a_placeholder_is_told_before_it_is_sent_as_a_secret(
    tokentape: CommandLine, library: Path, upstream: Upstream
) -> None:
    """Once, with the flag that puts the secret back; the API got it without a word before."""
    put(library, "login", login(), login())
    for words in (("refresh", "login"), ("send", "--live", "login"), ("verify",)):
        ended = again(tokentape, *words)
        assert "tokentape: login#0 and 1 more: sent with tokentape-redacted-client-secret-1 where" in ended.err
        assert "hint: --secret tokentape-redacted-client-secret-1=VARIABLE" in ended.err
        assert ended.err.count("where a secret stood") == 1
    assert {one.body for one in upstream.requests} == {LOGIN}


def test_a_variable_s_value_is_sent_in_the_place_of_a_placeholder(
    tokentape: CommandLine, library: Path, upstream: Upstream
) -> None:
    """Spelled as the body spells it; what is recorded has the placeholder again, and nothing that is said has the
    secret."""
    path = put(library, "login", login())
    flag = "--secret=tokentape-redacted-client-secret-1=ACME_SECRET"
    for words in (("refresh", flag, "login"), ("send", "--live", "--raw", flag, "login"), ("verify", flag)):
        ended = again(tokentape, *words, env={**KEY, "ACME_SECRET": SECRET})
        assert "where a secret stood" not in ended.err
        assert SECRET not in ended.out + ended.err
    assert {one.body for one in upstream.requests} == {LOGIN.partition(b"=tok")[0] + b"=" + quote_plus(SECRET).encode()}
    (recorded,) = load(path)
    assert recorded.request.body == LOGIN
    assert recorded.response.body != b"old"
    assert quote_plus(SECRET) not in path.read_text()


# --- verify


def test_verify_compares_shapes(tokentape: CommandLine, library: Path) -> None:
    """What drifted is told place by place; values are nobody's business."""
    put(library, "chat", asked("A", "old"), asked("B", "old", stream=True))
    assert again(tokentape, "refresh", "chat").code == 0
    before = {path: path.read_bytes() for path in library.rglob("*.yaml")}
    ended = again(tokentape, "verify")
    assert ended.code == 0, ended.out
    assert [line.split()[:2] for line in ended.out.splitlines()] == [["holds", "chat#0"], ["holds", "chat#1"]]
    assert "2 of 2 answered in the recorded shape" in ended.err
    assert {path: path.read_bytes() for path in library.rglob("*.yaml")} == before
    path = library / "chat.yaml"
    path.write_text(
        path.read_text().replace('"created": 17', '"made": 17').replace('"total_tokens": 14', '"total_tokens": "many"')
    )
    ended = again(tokentape, "verify", "chat#0")
    assert ended.code == 1
    first, *drifted = ended.out.splitlines()
    assert first.startswith("drifted chat#0 POST https://api.openai.com/")
    assert drifted == [
        "  answer.created: new (number)",
        "  answer.made: gone (was number)",
        "  answer.usage.total_tokens: was text, is number",
    ]


def test_verify_as_json_and_without_an_answer(tokentape: CommandLine, library: Path) -> None:
    """A request that gets no answer does not hold, and says why."""
    put(library, "chat", asked("A", "old"), plain("/no-content", b"", b"old"))
    ended = again(tokentape, "verify", "--json", env={})
    refused, other = json.loads(ended.out)
    assert (ended.code, refused["holds"], refused["interaction"]) == (1, False, "chat#0")
    assert refused["trouble"] == "not sent: no credential for openai at hand: set OPENAI_API_KEY"
    assert [drift["path"] for drift in other["drift"]][:2] == ["status", "content-type"]


# --- send


def test_send_to_the_live_api(tokentape: CommandLine, library: Path, upstream: Upstream) -> None:
    """The answer is shown, the recording stays."""
    path = put(library, "chat", asked("A", "old"))
    before = path.read_bytes()
    ended = again(tokentape, "send", "--live", "chat")
    assert ended.code == 0, ended.err
    assert f"assistant (stop)\n  {SAID}\n" in ended.out
    assert path.read_bytes() == before
    assert len(upstream.requests) == 1
    assert sorted(library.rglob("*.*")) == [path]


def test_send_through_a_proxy_that_runs(
    tokentape: CommandLine, library: Path, mitmdump: Starter, upstream: Upstream
) -> None:
    """What comes back is up to its mode; its certificate is learned from itself; a refusal says why."""
    put(library, "chat", asked("A", "old"), asked("B", "b"))
    proxy = mitmdump(library, vcr_mode="replay")
    ended = tokentape("send", "--proxy", proxy.url, "chat#1", "--json")
    [one] = json.loads(ended.out)
    assert (ended.code, one["interaction"]) == (0, "chat#1")
    assert one["reply"]["turns"][0]["parts"][0]["text"] == "b"
    put(library, "chat", asked("C", "c"))
    put(tokentape.place / "other", "chat", asked("A", "old"))
    ended = tokentape("send", "--proxy", proxy.url, "--library", "other", "chat")
    assert (ended.code, ended.out) == (1, "")
    assert "refused (out-of-date): no recording in" in ended.err
    assert "body.messages[0].content: recorded 'C', got 'A'" in ended.err
    assert not upstream.requests


def test_send_where_nothing_listens(tokentape: CommandLine, library: Path) -> None:
    """The first thing that a new user meets."""
    put(library, "chat", asked("A", "old"))
    ended = tokentape("send", "--proxy", "http://127.0.0.1:1", "chat")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: no proxy answers on 127.0.0.1:1\n\nhint: tokentape proxy")


def test_send_through_what_is_no_proxy_of_ours(tokentape: CommandLine, library: Path, upstream: Upstream) -> None:
    """Nothing recorded is given to it."""
    put(library, "chat", asked("A", "old"))
    ended = tokentape("send", "--proxy", upstream.plain_url, "chat")
    assert ended.code == 1
    assert "is no tokentape proxy" in ended.err
    assert all(not seen.body for seen in upstream.requests)
