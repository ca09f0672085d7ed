"""The flow of both seeds: replay what is there, say why when it does not fit, record what may be recorded."""

import functools
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import recordings
from running import Mitmdump, Starter
from secrets_for_tests import OPENAI_KEY, OTHER_OPENAI_KEY
from talking import CHAT, MODELS, SOME_KEY, Clients, chat, is_json, refusal
from upstream import Upstream
from waiting import until


@pytest.fixture
def real_library(library: Path) -> Path:
    """A library that holds the real recordings."""
    if not recordings.FOLDER.is_dir():
        pytest.skip("the real recordings are not there")
    return Path(shutil.copytree(recordings.FOLDER, library, dirs_exist_ok=True))


def only_file(library: Path) -> Path:
    """The one cassette of a library, as soon as it is published."""
    (found,) = until(lambda: list(library.rglob("*.yaml")), "a cassette is published")
    return found


def published(path: Path, count: int) -> list[dict[str, Any]]:
    """The interactions of a cassette, as soon as it holds that many."""
    until(lambda: path.exists() and len(recordings.interactions(path)) == count, f"{path.name} holds {count}")
    return recordings.interactions(path)


# -- the cassette is there --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared(mitmdump_for_module: Starter, tmp_path_factory: pytest.TempPathFactory) -> Mitmdump:
    """A proxy in the default mode over the real recordings, with no key anywhere."""
    if not recordings.FOLDER.is_dir():
        pytest.skip("the real recordings are not there")
    library = tmp_path_factory.mktemp("shared") / "cassettes"
    shutil.copytree(recordings.FOLDER, library)
    return mitmdump_for_module(library)


def test_named_and_matching_is_replayed(shared: Mitmdump, client: Clients, upstream: Upstream) -> None:
    """A named request that its cassette holds gets the recording, with the credential or without."""
    for headers in ({}, {"Authorization": f"Bearer {OPENAI_KEY}"}):
        answer = client(shared.proxy("chat-basic")).post(CHAT, json=chat(), headers=headers)
        assert answer.content == recordings.one("chat-basic").answer
    assert upstream.connections == 0


def test_named_without_match_says_what_differs(shared: Mitmdump, client: Clients, upstream: Upstream) -> None:
    """A cassette that does not hold the request is out of date, even with a key at hand, and the text says why."""
    answer = client(shared.proxy("chat-basic")).post(
        CHAT, json=chat("Hi!"), headers={"Authorization": f"Bearer {OPENAI_KEY}"}
    )
    text = refusal(answer, "out-of-date")
    assert is_json(answer)
    assert "chat-basic" in text
    assert "body.messages[0].content: recorded 'Hello!', got 'Hi!'" in text
    assert "hint: " in text
    assert "record" in text
    assert upstream.connections == 0


def test_several_differences_are_all_named(shared: Mitmdump, client: Clients) -> None:
    """Each part that differs stands in the text, also a part that only one side has."""
    asked = {**chat(), "model": "gpt-5", "seed": 7}
    text = refusal(client(shared.proxy("chat-basic")).post(CHAT, json=asked), "out-of-date")
    assert "body.model: recorded 'gpt-5-nano', got 'gpt-5'" in text
    assert "body.seed" in text
    assert "body.messages" not in text


def test_another_method_or_path_is_named(shared: Mitmdump, client: Clients) -> None:
    """A request for another path says so, in plain text to a client that speaks no JSON."""
    answer = client(shared.proxy("chat-basic")).get(MODELS)
    text = refusal(answer, "out-of-date")
    assert not is_json(answer)
    assert "GET" in text
    assert "/v1/models" in text


def test_accept_header_asks_for_json(shared: Mitmdump, client: Clients) -> None:
    """A client that sends no JSON but accepts it gets the refusal as JSON."""
    answer = client(shared.proxy("chat-basic")).get(MODELS, headers={"Accept": "application/json"})
    refusal(answer, "out-of-date")
    assert is_json(answer)


# -- no cassette yet --------------------------------------------------------------------------------------------------


def test_named_without_file_and_key_says_what_to_set(shared: Mitmdump, client: Clients, upstream: Upstream) -> None:
    """Without a cassette and without a credential the text names the variable that would let us record."""
    text = refusal(client(shared.proxy("not-there")).post(CHAT, json=chat()), "no-cassette")
    assert "not-there" in text
    assert "OPENAI_API_KEY" in text
    assert upstream.connections == 0


def test_azure_without_key_names_the_azure_variables(shared: Mitmdump, client: Clients) -> None:
    """For an Azure host the text names Azure's key, not OpenAI's."""
    url = "https://my-res.openai.azure.com/openai/deployments/gpt-5-nano/chat/completions"
    text = refusal(client(shared.proxy("azure-not-there")).post(url, json=chat()), "no-cassette")
    assert "AZURE_OPENAI_API_KEY" in text


def test_unnamed_without_key_is_refused(shared: Mitmdump, client: Clients, upstream: Upstream) -> None:
    """An unnamed request that nothing answers and that can't be recorded asks for a name or a key."""
    text = refusal(client(shared.proxy()).post(CHAT, json=chat("never recorded")), "unnamed")
    assert "X-Cassette-Name" in text
    assert upstream.connections == 0


def test_refusals_leave_the_library_alone(shared: Mitmdump) -> None:
    """None of the refusals above wrote a file."""
    library = Path(str(shared.options["vcr_library"]))
    assert sorted(path.name for path in library.rglob("*.yaml")) == sorted(
        path.name for path in recordings.FOLDER.glob("*.yaml")
    )


# Where the key is: in the environment, in the request; and which one the API is given.
KEYS = {
    "in the environment": (OPENAI_KEY, "", OPENAI_KEY),
    "in the environment, a dummy in the request": (OPENAI_KEY, "unused", OPENAI_KEY),
    "in both, and the request's is used": (OPENAI_KEY, OTHER_OPENAI_KEY, OTHER_OPENAI_KEY),
    "in the request": ("", OPENAI_KEY, OPENAI_KEY),
    "of no known shape, for a mapped host": ("", "whatever", "whatever"),
}


@pytest.fixture(scope="module")
def with_key(mitmdump_for_module: Starter, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Mitmdump]:
    """A proxy over an empty library with OpenAI's key in its environment, or with none."""

    @functools.cache
    def proxy(key: str) -> Mitmdump:
        library = tmp_path_factory.mktemp("keys") / "cassettes"
        return mitmdump_for_module(library, env={"OPENAI_API_KEY": key} if key else {})

    return proxy


@pytest.mark.parametrize("where", KEYS)
def test_named_without_file_but_with_key_is_recorded(
    where: str, with_key: Callable[[str], Mitmdump], client: Clients, upstream: Upstream
) -> None:
    """With a credential at hand a new name is recorded, and the upstream was given that credential."""
    in_environment, in_request, used = KEYS[where]
    proxy = with_key(in_environment)
    headers = {"Authorization": f"Bearer {in_request}"} if in_request else {}
    name = re.sub(r"\W+", "-", where)
    answer = client(proxy.proxy(f"new/{name}")).post(CHAT, json=chat(), headers=headers)
    assert answer.status_code == 200
    assert answer.json()["object"] == "chat.completion"
    assert upstream.requests[0].header("authorization") == f"Bearer {used}"
    assert upstream.requests[0].path == "/v1/chat/completions"
    (recorded,) = published(Path(str(proxy.options["vcr_library"])) / f"new/{name}.yaml", 1)
    assert recorded["request"]["url"] == CHAT
    assert recorded["request"]["method"] == "POST"


@pytest.fixture
def recorder(mitmdump: Starter, library: Path) -> Mitmdump:
    """A proxy in the default mode over an empty library, with OpenAI's key."""
    return mitmdump(library, env={"OPENAI_API_KEY": OPENAI_KEY})


def test_a_run_is_recorded_and_then_replayed_without_restart(
    recorder: Mitmdump, library: Path, client: Clients, upstream: Upstream
) -> None:
    """All requests of a run go under its name, in their order, and each replays at once."""
    talk = client(recorder.proxy("run"))
    first = [talk.post(CHAT, json=chat(text)).content for text in ("one", "two", "three")]
    first.append(talk.get(MODELS).content)
    assert len(set(first)) == 4
    with upstream.unplugged():
        again = [talk.post(CHAT, json=chat(text)).content for text in ("one", "two", "three")]
        again.append(talk.get(MODELS).content)
    assert again == first
    assert len(upstream.requests) == 4
    recorded = published(library / "run.yaml", 4)
    assert [entry["request"]["method"] for entry in recorded] == ["POST", "POST", "POST", "GET"]
    assert [entry["id"] for entry in recorded] == [0, 1, 2, 3]


def test_the_next_run_finds_a_finished_cassette(
    recorder: Mitmdump, library: Path, client: Clients, upstream: Upstream
) -> None:
    """After a restart the cassette replays, and what it does not hold is out of date instead of recorded."""
    first = client(recorder.proxy("run")).post(CHAT, json=chat())
    recorder.restart()
    talk = client(recorder.proxy("run"))
    assert talk.post(CHAT, json=chat()).content == first.content
    refusal(talk.post(CHAT, json=chat("new")), "out-of-date")
    assert len(upstream.requests) == 1
    assert len(recordings.interactions(library / "run.yaml")) == 1


def test_a_deleted_cassette_is_recorded_again(
    recorder: Mitmdump, library: Path, client: Clients, upstream: Upstream
) -> None:
    """Deleting the file, as the seeds advise, and asking in a new run records anew."""
    client(recorder.proxy("run")).post(CHAT, json=chat())
    recorder.stop()
    (library / "run.yaml").unlink()
    recorder.start()
    answer = client(recorder.proxy("run")).post(CHAT, json=chat())
    assert answer.status_code == 200
    assert len(upstream.requests) == 2
    published(library / "run.yaml", 1)


def test_unnamed_is_recorded_under_its_body_hash(
    recorder: Mitmdump, library: Path, client: Clients, upstream: Upstream
) -> None:
    """An unnamed request gets a file of its own, whose name says host, path and a hash of what was asked."""
    talk = client(recorder.proxy())
    first = talk.post(CHAT, json=chat("unnamed one"))
    shuffled = recordings.shuffled(first.request.content.decode())
    again = talk.post(CHAT, content=shuffled, headers={"Content-Type": "application/json"})
    assert again.content == first.content
    path = only_file(library).relative_to(library).as_posix()
    assert re.fullmatch(r"unnamed/api\.openai\.com/v1-chat-completions-[0-9a-f]{12}\.yaml", path)
    assert len(upstream.requests) == 1


def test_the_body_hash_is_the_same_whoever_records(
    mitmdump: Starter, tmp_path: Path, client: Clients, upstream: Upstream
) -> None:
    """Another key, other white space and another machine give the same file name; another body does not."""
    names: list[set[str]] = []
    for number, key in enumerate((OPENAI_KEY, OTHER_OPENAI_KEY)):
        library = tmp_path / f"library-{number}"
        library.mkdir()
        proxy = mitmdump(library, env={"OPENAI_API_KEY": key})
        client(proxy.proxy()).post(CHAT, json=chat())
        client(proxy.proxy()).post(CHAT, json=chat("other"))
        proxy.stop()
        names.append({path.name for path in library.rglob("*.yaml")})
    assert names[0] == names[1]
    assert len(names[0]) == 2


def test_replay_mode_refuses_what_once_would_record(
    mitmdump: Starter, library: Path, client: Clients, upstream: Upstream
) -> None:
    """Where CI is set the default is replay: with a key at hand and a cassette missing, nothing is asked upstream."""
    proxy = mitmdump(library, env={"OPENAI_API_KEY": OPENAI_KEY, "CI": "true"})
    text = refusal(client(proxy.proxy("missing")).post(CHAT, json=chat()), "no-cassette")
    assert "missing" in text
    refusal(client(proxy.proxy()).post(CHAT, json=chat()), "unnamed")
    assert upstream.connections == 0


# -- what does not belong in a cassette --------------------------------------------------------------------------------

FAILURES = {401: False, 403: False, 408: False, 429: False, 500: False, 503: False, 400: True, 404: True, 422: True}


def test_a_failed_call_reaches_the_client_and_is_saved_only_where_it_is_an_answer(
    recorder: Mitmdump, library: Path, client: Clients, upstream: Upstream
) -> None:
    """What says that the recording itself failed is passed on and not kept; a refusal of the request itself is kept."""
    for code in FAILURES:
        answer = client(recorder.proxy(f"status-{code}")).post(
            f"https://api.openai.com/status/{code}", json={}, headers=SOME_KEY
        )
        assert answer.status_code == code
        assert answer.json()["error"]["message"] == f"upstream says {code}"
        assert "x-cassette-error" not in answer.headers
    recorder.stop()
    saved = {int(path.stem.removeprefix("status-")) for path in library.rglob("*.yaml")}
    assert saved == {code for code, kept in FAILURES.items() if kept}
