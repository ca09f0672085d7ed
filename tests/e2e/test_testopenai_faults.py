"""What a predecessor got wrong, as far as no other test holds it: the same situation here ends well."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import recordings
from running import Mitmdump, Starter
from secrets_for_tests import AZURE_KEY, OPENAI_KEY
from talking import CHAT, FILES, Clients, chat, refusal
from upstream import Upstream
from upstream_answers import EXACT_JSON, STREAMS
from waiting import until

EVENTS = {"Content-Type": ["text/event-stream"]}
AZURE_CHAT = "https://my-res.openai.azure.com/openai/deployments/gpt-5-nano/chat/completions?api-version=2024-10-21"


def asking(path: str, **more: object) -> dict[str, object]:
    """A recorded request for a path of the files host."""
    return {"url": FILES + path, **more}


def posting(body: str, **more: object) -> dict[str, object]:
    """A recorded JSON request."""
    headers = {"Content-Type": ["application/json"]}
    return {"url": f"{FILES}/post", "method": "POST", "body": body, "headers": headers, **more}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library written by hand, with what used to go wrong."""
    library = tmp_path_factory.mktemp("faults") / "cassettes"
    for name in random.Random(7).sample("abcdefgh", 8):
        recordings.write(library / f"{name}.yaml", (asking("/same"), {"body": f"from {name}"}))
    streams = {name: b"".join(pieces).decode() for name, pieces in STREAMS.items()}
    kept = [(asking(f"/stream/{name}"), {"body": text, "headers": EVENTS}) for name, text in streams.items()]
    recordings.write(library / "streams.yaml", *kept)
    lengths = [
        (asking(f"/length/{said}"), {"body": "ten bytes!", "headers": {"Content-Length": [said]}})
        for said in ("3", "10", "4000", "0")
    ]
    recordings.write(library / "lengths.yaml", *lengths)
    packed = {"body": "in plain", "headers": {"Content-Encoding": ["gzip"], "Content-Length": ["8"]}}
    recordings.write(library / "packed.yaml", (asking("/packed"), packed))
    recordings.write(library / "query.yaml", (asking("/query?a=1&b=2"), {"body": "both"}))
    numbers = '{"n": 9007199254740993, "one": 1, "nothing": null}'
    recordings.write(library / "numbers.yaml", (posting(numbers), {"body": "exact"}))
    return library


@pytest.fixture(scope="module")
def proxy(library: Path, mitmdump_for_module: Starter) -> Mitmdump:
    """A proxy that only replays."""
    return mitmdump_for_module(library, vcr_mode="replay")


# -- replay -----------------------------------------------------------------------------------------------------------


def test_equal_matches_are_chosen_by_name(proxy: Mitmdump, library: Path, mitmdump: Starter, client: Clients) -> None:
    """Of several cassettes with the same request the first by name answers, each time and in each process."""
    for one in (proxy, mitmdump(library, vcr_mode="replay")):
        talk = client(one.proxy())
        assert {talk.get(f"{FILES}/same").text for _ in range(10)} == {"from a"}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_replays_byte_for_byte(name: str, proxy: Mitmdump, client: Clients) -> None:
    """Three newlines in a row, CRLF, no last blank line: nothing panics, nothing is added, nothing is lost."""
    for talk in (client(proxy.proxy("streams")), client(proxy.proxy("streams"), http2=True)):
        assert talk.get(f"{FILES}/stream/{name}").content == b"".join(STREAMS[name])


@pytest.mark.parametrize("said", ["3", "10", "4000", "0"])
def test_a_wrong_stored_length_does_not_matter(said: str, proxy: Mitmdump, client: Clients) -> None:
    """The length is counted anew: no client waits for more, none gets less."""
    for talk in (client(proxy.proxy("lengths")), client(proxy.proxy("lengths"), http2=True)):
        answer = talk.get(f"{FILES}/length/{said}")
        assert answer.text == "ten bytes!"
        assert answer.headers["content-length"] == "10"


def test_a_stored_encoding_that_is_not_there_does_not_matter(proxy: Mitmdump, client: Clients) -> None:
    """A body that stands in the file in plain is not announced as packed."""
    assert client(proxy.proxy("packed")).get(f"{FILES}/packed").text == "in plain"


@pytest.mark.parametrize("query", ["?a=1&b=2", "?b=2&a=1", "?a=%31&b=2"])
def test_query_order_and_spelling_do_not_matter(query: str, proxy: Mitmdump, client: Clients) -> None:
    """The same pairs are the same query."""
    assert client(proxy.proxy("query")).get(f"{FILES}/query{query}").text == "both"


@pytest.mark.parametrize("query", ["?a=1", "?a=1&b=3", "?a=1&b=2&c=3", "?a=2&b=1"])
def test_another_query_is_another_request(query: str, proxy: Mitmdump, client: Clients) -> None:
    """A pair more, less or other does not match."""
    refusal(client(proxy.proxy("query")).get(f"{FILES}/query{query}"), "out-of-date")


KINDS = [
    "application/json",
    "application/json; charset=utf-8",
    "Application/JSON",
    "application/vnd.api+json",
    "text/plain",
    "",
]


@pytest.mark.parametrize("kind", KINDS)
def test_json_is_json_whatever_its_content_type(kind: str, proxy: Mitmdump, client: Clients) -> None:
    """What parses as a JSON object compares by value, however the client labels it."""
    headers = {"Content-Type": kind} if kind else {}
    body = '{"one": 1.0, "nothing": null,  "n": 9007199254740993}'
    assert client(proxy.proxy("numbers")).post(f"{FILES}/post", content=body, headers=headers).text == "exact"


OTHER_VALUES = [
    '{"n": 9007199254740992, "one": 1, "nothing": null}',
    '{"n": 9007199254740993, "one": 1}',
    '{"n": 9007199254740993, "one": "1", "nothing": null}',
    '{"n": 9007199254740993, "one": true, "nothing": null}',
    '{"n": 9007199254740993, "one": 1, "nothing": null} trailing',
]


@pytest.mark.parametrize("body", OTHER_VALUES)
def test_other_values_do_not_match(body: str, proxy: Mitmdump, client: Clients) -> None:
    """Numbers are exact, null is not absent, text is not a number."""
    headers = {"Content-Type": "application/json"}
    refusal(client(proxy.proxy("numbers")).post(f"{FILES}/post", content=body, headers=headers), "out-of-date")


# -- record -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def recorder(tmp_path: Path, mitmdump: Starter) -> Mitmdump:
    """A proxy in the default mode over an empty library, with OpenAI's key."""
    (tmp_path / "new").mkdir()
    return mitmdump(tmp_path / "new", env={"OPENAI_API_KEY": OPENAI_KEY})


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, mitmdump_for_module: Starter) -> Mitmdump:
    """The same, for tests that need no library of their own and no restart."""
    library = tmp_path_factory.mktemp("standing") / "cassettes"
    library.mkdir()
    return mitmdump_for_module(library, env={"OPENAI_API_KEY": OPENAI_KEY})


def test_a_failed_recording_leaves_no_cassette(
    recorder: Mitmdump, tmp_path: Path, client: Clients, upstream: Upstream
) -> None:
    """When the API can't be reached the client hears so, no file appears, and the next try records."""
    talk = client(recorder.proxy("later"))
    with upstream.unplugged():
        refusal(talk.post(CHAT, json=chat()), "upstream")
    recorder.restart()
    assert list((tmp_path / "new").rglob("*.yaml")) == []
    talk = client(recorder.proxy("later"))
    assert talk.post(CHAT, json=chat()).status_code == 200
    until((tmp_path / "new/later.yaml").exists, "the cassette is published")


@pytest.mark.parametrize("path", ["/broken", "/broken-stream"])
def test_an_answer_that_breaks_off_is_not_kept(
    path: str, recorder: Mitmdump, tmp_path: Path, client: Clients, upstream: Upstream
) -> None:
    """Half an answer is no recording; asked again, the API is asked again."""
    talk = client(recorder.proxy("half"))
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            talk.get(FILES + path)
    assert len(upstream.requests) == 2
    recorder.stop()
    assert list((tmp_path / "new").rglob("*.yaml")) == []


def test_an_equal_request_is_recorded_once(
    recorder: Mitmdump, tmp_path: Path, client: Clients, upstream: Upstream
) -> None:
    """A repeated request replays what was just recorded, compact or indented."""
    talk = client(recorder.proxy("again"))
    first = talk.post(CHAT, json=chat())
    for _ in range(3):
        assert talk.post(CHAT, json=chat()).content == first.content
    indented = json.dumps(chat(), indent=2)
    again = talk.post(CHAT, content=indented, headers={"Content-Type": "application/json"})
    assert again.content == first.content
    recorder.restart()
    assert client(recorder.proxy("again")).post(CHAT, json=chat()).content == first.content
    recorder.stop()
    assert len(upstream.requests) == 1
    assert len(recordings.interactions(tmp_path / "new/again.yaml")) == 1


def test_simultaneous_recordings_lose_nothing(standing: Mitmdump, client: Clients, upstream: Upstream) -> None:
    """Twenty requests at once into one cassette are twenty interactions."""
    talk = client(standing.proxy("crowd"))
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda n: talk.post(CHAT, json=chat(f"number {n}")).status_code, range(20)))
    assert statuses == [200] * 20
    path = Path(str(standing.options["vcr_library"])) / "crowd.yaml"
    until(lambda: path.exists() and len(recordings.interactions(path)) == 20, "all of them are published")
    assert len({entry["request"]["body"] for entry in recordings.interactions(path)}) == 20


def test_json_is_kept_exactly(recorder: Mitmdump, tmp_path: Path, client: Clients, upstream: Upstream) -> None:
    """Key order, a key twice, number spellings and escapes survive being made readable."""
    body = b'{"z": 1.50, "a": 12345678901234567890, "a": 1E400, "u": "\\u2028\\/"}'
    headers = {"Content-Type": "application/json"}
    assert client(recorder.proxy("exact")).get(f"{FILES}/exact-json").content == EXACT_JSON
    client(recorder.proxy("exact")).post(f"{FILES}/upload", content=body, headers=headers)
    recorder.restart(vcr_mode="replay")
    talk = client(recorder.proxy("exact"))
    assert talk.get(f"{FILES}/exact-json").content == EXACT_JSON
    assert talk.post(f"{FILES}/upload", content=body, headers=headers).status_code == 200
    (_, sent) = recordings.interactions(tmp_path / "new/exact.yaml")
    assert '"z": 1.50' in sent["request"]["body"]
    assert "12345678901234567890" in sent["request"]["body"]


def test_multipart_is_compared_by_its_parts(
    recorder: Mitmdump, tmp_path: Path, client: Clients, upstream: Upstream
) -> None:
    """Another boundary is the same request, another file is not."""
    talk = client(recorder.proxy("parts"))

    def send(content: bytes, talk=talk):  # type: ignore[no-untyped-def]
        return talk.post(f"{FILES}/upload", files={"file": ("a.bin", content, "application/octet-stream")})

    first = send(b"one\x00two")
    assert send(b"one\x00two").content == first.content
    assert len(upstream.requests) == 1
    recorder.restart()
    talk = client(recorder.proxy("parts"))
    assert send(b"one\x00two", talk).content == first.content
    refusal(send(b"another", talk), "out-of-date")
    assert len(upstream.requests) == 1


# -- keys -------------------------------------------------------------------------------------------------------------


def test_an_openai_key_never_goes_to_azure(
    mitmdump: Starter, tmp_path: Path, client: Clients, upstream: Upstream
) -> None:
    """With both keys set a request to Azure carries Azure's, whatever the name of the cassette says."""
    env = {
        "OPENAI_API_KEY": OPENAI_KEY,
        "AZURE_OPENAI_API_KEY": AZURE_KEY,
        "AZURE_OPENAI_ENDPOINT": "https://my-res.openai.azure.com/",
    }
    (tmp_path / "new").mkdir()
    proxy = mitmdump(tmp_path / "new", env=env)
    for name in ("plain", "azure-like"):
        assert client(proxy.proxy(name)).post(AZURE_CHAT, json=chat(name)).status_code == 200
        assert client(proxy.proxy(name)).post(CHAT, json=chat(name)).status_code == 200
    for seen in upstream.requests:
        keys = (seen.header("api-key"), seen.header("authorization"))
        is_azure = seen.path.startswith("/openai/deployments/")
        assert keys == ((AZURE_KEY, None) if is_azure else (None, f"Bearer {OPENAI_KEY}"))
        assert (OPENAI_KEY in str(seen.headers)) is not is_azure


def test_an_openai_key_does_not_let_azure_be_recorded(standing: Mitmdump, client: Clients, upstream: Upstream) -> None:
    """OpenAI's key in the environment is no credential for Azure: refused, nothing sent."""
    text = refusal(client(standing.proxy("azure")).post(AZURE_CHAT, json=chat()), "no-cassette")
    assert "AZURE_OPENAI_API_KEY" in text
    assert upstream.connections == 0


def test_a_key_goes_to_no_host_that_nobody_configured(standing: Mitmdump, client: Clients, upstream: Upstream) -> None:
    """A host that is no provider gets none of the keys, also when its path looks like one."""
    answer = client(standing.proxy("stranger")).post(f"{upstream.url}/v1/chat/completions", json=chat())
    assert answer.status_code == 200
    assert OPENAI_KEY not in str(upstream.requests[0])
