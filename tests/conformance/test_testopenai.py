"""What testopenai answers is answered here: every recording that is beside the project, and its own list of cases.

A case of that list which is about a server is asked of both doors, in both forms. Those about a part of one (how a
file is read, what is scrubbed) have their place in tests of that part: ``ELSEWHERE`` says where, and a test that it is
there.
Where we answer differently on purpose, the case says what.
"""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import recordings
from raw_http import Pairs, Said
from recordings import Recording
from running import ROOT
from shelf_of_cases import said
from shelves import put
from ways import Way, Ways

from tokentape.model import Response

OPENAI = "api.openai.com"
CHAT = "/v1/chat/completions"
JSON = (("Content-Type", "application/json"),)
REPEATED = (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-C", "1"), ("X-C", "2"))


@pytest.fixture(scope="session")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the recordings."""
    place = tmp_path_factory.mktemp("theirs") / "cassettes"
    if not recordings.FOLDER.is_dir():
        pytest.skip("the real recordings are not there")
    shutil.copytree(recordings.FOLDER, place)
    put(
        place,
        "complex-headers",
        said("/v1/headers", Response(201, "Created", REPEATED)),
        said("/v1/text", Response(200, "OK", (), b"same"), method="POST", body=b"not JSON"),
    )
    put(place, "nested/named-with-path", said("/v1/models", Response(200, "OK", JSON, b'{"data":[]}')))
    return place


@pytest.fixture
def asked(way: Ways, theirs: Path) -> Way:
    """A way to ask for them."""
    return way(library=theirs)


def ask(
    asked: Way, method: str, path: str, name: str = "", body: bytes = b"", headers: Pairs = JSON, host: str = OPENAI
) -> Said:
    """A request as a gateway sends it."""
    with asked.talk(host=host) as talk:
        return talk.ask(method, path, asked.headers(name, *headers), body)


# --- every recording --------------------------------------------------------------------------------------------------


def multipart() -> tuple[bytes, str]:
    """The speech file and its fields, for the recordings whose body was left out."""
    disposition = "--xxBOUNDARYxx\r\nContent-Disposition: form-data; name="
    fields = {"model": "gpt-4o-mini-transcribe", "response_format": "json"}
    told = "".join(f'{disposition}"{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
    file = f'{disposition}"file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    body = f"{told}{file}".encode() + recordings.SPEECH.read_bytes() + b"\r\n--xxBOUNDARYxx--\r\n"
    return body, "multipart/form-data; boundary=xxBOUNDARYxx"


NAMED: dict[str, Callable[[Recording], str]] = {"named": lambda recording: recording.name, "unnamed": lambda _: ""}


@pytest.mark.parametrize("named", NAMED)
@pytest.mark.parametrize("recording", recordings.all_of_them())
def test_every_recording(recording: Recording, named: str, asked: Way) -> None:
    """Each is answered with its status and its bytes, by name and without one; streams event by event.

    TestNewRequest{Chat,Completion,Embeddings,Images,AudioTranscription,AudioTranslation}: 200, but 400 for what was
    malformed and 404 for unknown models, as recorded.
    """
    body, kind = (recording.body.encode(), recording.content_type)
    if recording.is_multipart:
        body, kind = multipart()
    host = "my-res.openai.azure.com" if recording.name.startswith("azure") else OPENAI
    heard = ask(asked, "POST", recording.path, NAMED[named](recording), body, (("Content-Type", kind),), host)
    assert (heard.status, heard.body, heard.end) == (recording.status, recording.answer, "whole")
    wrong = recording.name.endswith(("-bad-request", "-no-messages"))
    assert heard.status == (404 if recording.name.endswith("-unknown-model") else 400 if wrong else 200)
    assert recordings.comparable(heard.headers) == recordings.comparable(
        (name, value.encode().decode("latin-1")) for name, value in recording.headers
    )
    if heard.header("transfer-encoding") == "chunked":
        assert len(heard.chunks) == recording.answer.count(b"\n\n")


# --- its own list: what is about a server -----------------------------------------------------------------------------


def chat_basic() -> bytes:
    """The body of chat-basic."""
    return recordings.one("chat-basic").body.encode()


def test_existing_cassette(asked: Way) -> None:
    """TestServer_ExistingCassette."""
    heard = ask(asked, "POST", CHAT, "chat-basic", chat_basic())
    assert heard.status == 200
    assert b"chat.completion" in heard.body
    assert b"Hi there! How can I help you today?" in heard.body


def test_missing_cassette(asked: Way) -> None:
    """TestServer_MissingCassette: an unnamed request that nothing matches. Theirs is 500; ours 400, for a name is what
    is missing."""
    heard = ask(asked, "POST", CHAT, body=b'{"model": "never", "messages": []}')
    assert (heard.status, heard.header("x-cassette-error")) == (400, "unnamed")
    assert b"no recording" in heard.body
    assert b"X-Cassette-Name" in heard.body


@pytest.mark.parametrize("path", ["/v1/embeddings", "/v1/nowhere", "/v1/completions"])
def test_different_endpoints(path: str, asked: Way) -> None:
    """TestServer_DifferentEndpoints: a GET that was never recorded is refused, whatever the endpoint."""
    heard = ask(asked, "GET", path)
    assert (heard.status, heard.header("x-cassette-error")) == (400, "unnamed")


def test_json_matching(asked: Way) -> None:
    """TestServer_JSONMatching, TestMatchJSONBodies: compact, and with the keys in another order."""
    compact = json.dumps(json.loads(chat_basic()), separators=(",", ":")).encode()
    for body in (compact, recordings.shuffled(chat_basic().decode()).encode()):
        assert ask(asked, "POST", CHAT, "chat-basic", body).status == 200


def test_outdated_cassette(asked: Way) -> None:
    """TestHandler_OutdatedCassette: 409, which file, and how it is recorded anew."""
    heard = ask(asked, "POST", CHAT, "chat-basic", chat_basic().replace(b"Hello!", b"Goodbye!"))
    assert (heard.status, heard.header("x-cassette-error")) == (409, "out-of-date")
    assert b"chat-basic.yaml" in heard.body
    assert b"record it" in heard.body


def test_no_api_key(asked: Way) -> None:
    """TestHandler_NoAPIKeyError: a name without a cassette, and nothing to record it with."""
    heard = ask(asked, "POST", CHAT, "never-recorded", chat_basic())
    assert (heard.status, heard.header("x-cassette-error")) == (500, "no-cassette")


def test_a_body_that_can_not_be_read(asked: Way) -> None:
    """TestServeHTTP_BodyReadError: who breaks off within a body gets no answer, and the next one does."""
    with asked.talk(host=OPENAI) as talk:
        talk.send(talk.request("POST", CHAT, asked.headers("chat-basic", *JSON, ("Content-Length", "1000"))) + b"{")
    assert ask(asked, "POST", CHAT, "chat-basic", chat_basic()).status == 200


def test_a_name_with_a_folder(asked: Way) -> None:
    """TestServeHTTP_ComplexScenarios: a cassette below a folder, by its name with and without its ending."""
    for name in ("nested/named-with-path", "nested/named-with-path.yaml"):
        heard = ask(asked, "GET", "/v1/models", name, host="api.example.com")
        assert (heard.status, heard.body) == (200, b'{"data":[]}')


def test_complex_headers(asked: Way) -> None:
    """TestWriteResponse_ComplexHeaders: repeated headers stay, in their order."""
    heard = ask(asked, "GET", "/v1/headers", "complex-headers", host="api.example.com")
    assert heard.status == 201
    assert [value for name, value in heard.headers if name == "Set-Cookie"] == ["a=1", "b=2"]
    assert [value for name, value in heard.headers if name == "X-C"] == ["1", "2"]


@pytest.mark.parametrize(
    ("method", "path", "body", "matches"),
    [
        ("POST", "/v1/text", b"not JSON", True),
        ("POST", "/v1/text", b"not  JSON", False),
        ("POST", "/v1/text", b"", False),
        ("PUT", "/v1/text", b"not JSON", False),
        ("POST", "/v1/texts", b"not JSON", False),
    ],
)
def test_edge_cases_of_matching(method: str, path: str, body: bytes, matches: bool, asked: Way) -> None:
    """TestMatchRequest_EdgeCases, TestRequestMatcher: method, path and a body that is no JSON, byte for byte."""
    heard = ask(asked, method, path, "complex-headers", body, host="api.example.com")
    assert heard.status == (200 if matches else 409)


def test_headers_do_not_count(asked: Way) -> None:
    """TestRequestMatcher: theirs compares them on the disk; none of ours does, so no client is another client."""
    more = (*JSON, ("User-Agent", "other/1.0"), ("X-Custom", "1"), ("OpenAI-Organization", "org"))
    assert ask(asked, "POST", CHAT, "chat-basic", chat_basic(), more).status == 200


@pytest.mark.parametrize("query", ["", "?api-version=2024-10-21"])
@pytest.mark.parametrize("host", ["my-res.openai.azure.com", "eastus.cognitiveservices.azure.com"])
def test_azure_hosts_and_versions(host: str, query: str, asked: Way) -> None:
    """TestIsAzureURL, TestScrubAzureURL: what was recorded under a scrubbed name answers any resource and version."""
    recording = recordings.one("azure-chat-basic")
    heard = ask(asked, "POST", recording.path + query, recording.name, recording.body.encode(), host=host)
    assert (heard.status, heard.body) == (200, recording.answer)


# --- its own list: what is about a part -------------------------------------------------------------------------------

BODY, REDACT, SEED_FLOW = "formats/test_body.py", "redaction/test_redact.py", "e2e/test_seed_flow.py"
CREDENTIALS = (REDACT, "test_a_credential_header_is_removed_from_a_request")
AS_IT_IS = (BODY, "test_all_else_stays_as_it_is")
DAMAGE = ("wire/test_encoding.py", "test_damage_is_an_error")
FAILED = (SEED_FLOW, "test_a_failed_call_reaches_the_client_and_is_saved_only_where_it_is_an_answer")
# The file, and the test in it.
ELSEWHERE = {
    "TestServer_Recording": (SEED_FLOW, "test_named_without_file_but_with_key_is_recorded"),
    "TestRecordNewInteraction": (SEED_FLOW, "test_a_run_is_recorded_and_then_replayed_without_restart"),
    "TestRecordNewInteraction_NoAPIKey": (SEED_FLOW, "test_named_without_file_and_key_says_what_to_set"),
    "TestRecordNewInteraction_Errors": ("e2e/test_testopenai_faults.py", "test_a_failed_recording_leaves_no_cassette"),
    "TestRecordNewInteraction_ServerError": FAILED,
    "TestRecordNewInteraction_WithHeaders": (
        "forwarding/test_upstream.py",
        "test_nothing_between_the_client_and_us_goes_upstream",
    ),
    "TestFilterHeaders": CREDENTIALS,
    "TestFilterHeaders_AzureCaseInsensitive": CREDENTIALS,
    "TestAfterCaptureHook": (BODY, "test_known_layouts_are_shown_indented"),
    "TestAfterCaptureHook_NonJSONContent": AS_IT_IS,
    "TestAfterCaptureHook_InvalidGzip": DAMAGE,
    "TestAfterCaptureHook_GzipReadError": DAMAGE,
    "TestAfterCaptureHook_InvalidJSONInRequest": AS_IT_IS,
    "TestAfterCaptureHook_AzureHeaderScrubbing": CREDENTIALS,
    "TestBuildAzurePath": ("matching/test_form.py", "test_azure_without_a_version_stands_for_any"),
    "TestPrettyPrintJSON": (BODY, "test_no_token_changes"),
    "TestPrettyPrintJSON_InvalidJSON": AS_IT_IS,
    "TestSplitSSEEvents": ("wire/test_sse.py", "test_events_keep_their_line_ends"),
    "TestVCR_DurationUnmarshaling": ("formats/test_loading.py", "test_what_go_vcr_takes_is_taken"),
    "TestLoadCassettes_EmbeddedFS": ("test_packaging.py", "test_a_wheel_holds_the_script_and_the_starter_library"),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_the_rest_of_the_list_is_tested_elsewhere(case: str) -> None:
    """Each case that is about a part has a test of ours, and that test is there."""
    file, name = ELSEWHERE[case]
    assert re.search(rf"^def {name}\(", (ROOT / "tests" / file).read_text(), re.MULTILINE)
