"""Secrets left in cassettes, from whatever source: what is said of them, and what is taken out."""

import difflib
import json
import re

import pytest
from recordings import FOLDER
from recordings_in_text import GO_VCR, VCR_PY
from secrets_for_tests import OPENAI_KEY, SHAPELESS_KEY

from tokentape import formats
from tokentape.checking.checks import Survey
from tokentape.checking.leaks import CannotScrub, scrubbed
from tokentape.model import Cassette, Chunk, Interaction, Request, Response, header
from tokentape.redaction.hidden import Search
from tokentape.redaction.redact import STANDARD
from tokentape.redaction.taints import Needles
from tokentape.rules.rules import Rules

PLAIN_SECRET = "Zq3" + "vT8xLm2Kp9WdRf5"


def said_of(data: bytes, path: str = "cassettes/chat.yaml", search: Search = STANDARD) -> list[tuple[str, int | None]]:
    """The leaks of one file: what is said, and the line."""
    found = Survey(search=search).look(path, "chat", data)
    assert not any(OPENAI_KEY in one.text + one.hint or PLAIN_SECRET in one.text + one.hint for one in found)
    return [(one.text, one.line) for one in found if one.kind == "leak"]


def with_text(old: str, new: str) -> bytes:
    """The file that go-vcr wrote, with one piece of it changed."""
    assert old in GO_VCR
    return GO_VCR.replace(old, new, 1).encode()


def file_of(request: Request, response: Response) -> bytes:
    """A cassette that somebody wrote without any redaction."""
    return formats.dump(Cassette((Interaction(request, response, 0.5),)), "yaml")


ASKED = Request("POST", "https://api.example.com/v1/x", (("Content-Type", "application/json"),), b'{"a": 1}')
LEAKY = {
    "a key in a header": (
        file_of(Request("GET", "https://x.test/", (("Authorization", f"Bearer {OPENAI_KEY}"),)), Response(200)),
        ["an authorization stands in the request header authorization"],
    ),
    "a key in the query": (
        file_of(Request("GET", f"https://x.test/?api_key={PLAIN_SECRET}&a=1"), Response(200)),
        ["an api key stands in the request query api_key", "an api key stands in the request form api_key"],
    ),
    "a password in the URL": (
        file_of(Request("GET", f"https://me:{PLAIN_SECRET}@x.test/"), Response(200)),
        ["a user info stands in the request URL"],
    ),
    "a key in a prompt": (
        file_of(Request("POST", "https://x.test/", (), json.dumps({"p": f"use {OPENAI_KEY}"}).encode()), Response(200)),
        ["a secret stands in the request body"],
    ),
    "a token in an answer": (
        file_of(ASKED, Response(200, "OK", (), json.dumps({"access_token": PLAIN_SECRET}).encode())),
        ["an access token stands in the response body"],
    ),
    "a cookie": (
        file_of(ASKED, Response(200, "OK", (("Set-Cookie", f"sid={PLAIN_SECRET}; Path=/"),))),
        ["a cookie stands in the response header set-cookie"],
    ),
}


@pytest.mark.parametrize("what", LEAKY)
def test_a_leak_is_an_error_with_its_place(what: str) -> None:
    """Where it stands and what kind of secret it is; nothing of the secret itself."""
    data, expected = LEAKY[what]
    found = said_of(data)
    assert [text for text, _ in found] == expected
    assert all(line is not None for _, line in found)
    (first, *_) = Survey().look("cassettes/chat.yaml", "chat", data)
    assert (first.kind, first.is_error) == ("leak", True)
    assert first.hint == "tokentape scrub cassettes/chat.yaml"


@pytest.mark.parametrize("what", LEAKY)
def test_what_was_scrubbed_has_nothing_left(what: str) -> None:
    """No leak, no stale length, the same request; and a second time nothing is to be done."""
    data, _ = LEAKY[what]
    after, count = scrubbed(data, "chat.yaml", STANDARD)
    assert count == 1
    assert PLAIN_SECRET.encode() not in after
    assert OPENAI_KEY.encode() not in after
    assert Survey().look("chat.yaml", "chat", after) == []
    assert scrubbed(after, "chat.yaml", STANDARD) == (after, 0)


@pytest.mark.parametrize(
    "value", ["REDACTED", "[FILTERED]", "Bearer xxxxxxxx", "unused", "***", "sk-test-1234567890abcdefABCD"]
)
def test_what_other_tools_put_there_is_no_leak(value: str) -> None:
    """Their placeholders, and keys that are obviously made up."""
    assert said_of(file_of(Request("GET", "https://x.test/", (("Authorization", value),)), Response(200))) == []


def test_a_key_in_a_comment_or_a_field_that_nobody_replays() -> None:
    """It is in the file all the same, so it is found by its line and taken out of the text."""
    for data in (
        with_text("interactions:\n", f"# my key was {OPENAI_KEY}\ninteractions:\n"),
        with_text("        url: ", f"        x_note: {OPENAI_KEY}\n        url: "),
    ):
        ((text, line),) = said_of(data)
        assert text == "a secret stands in a part of the file that is never replayed"
        assert line is not None
        assert OPENAI_KEY in data.decode().splitlines()[line - 1]
        after, count = scrubbed(data, "chat.yaml", STANDARD)
        assert count == 1
        assert OPENAI_KEY.encode() not in after
        assert said_of(after) == []
        assert len(data.splitlines()) == len(after.splitlines())


def test_a_spelled_secret_in_a_field_that_nobody_replays_goes_whole() -> None:
    """One placeholder for all of its pieces."""
    pieces = ",\n".join(json.dumps({"content": PLAIN_SECRET[at : at + 6]}) for at in range(0, len(PLAIN_SECRET), 6))
    data = f'{{"version": 2, "notes": [\n{pieces}\n], "interactions": []}}\n'.encode()
    after, _ = scrubbed(data, "chat.json", Search(taints=Needles([PLAIN_SECRET])))
    assert [note["content"] for note in json.loads(after)["notes"]] == ["tokentape-redacted-secret-1", "", ""]


def test_a_leak_in_a_trailer_is_shown_at_the_trailer() -> None:
    """At its own line, though a header has the same beginning."""
    response = Response(200, "OK", (("X-Note", "nothing"),), b"{}", trailers=(("X-Last", f"it is {OPENAI_KEY}"),))
    data = file_of(ASKED, response)
    ((text, line),) = said_of(data)
    assert text == "a secret stands in the response trailer x-last"
    assert line is not None
    assert "X-Last" in data.decode().splitlines()[line - 1]


def test_unknown_fields_are_told() -> None:
    """A field that nobody here reads may be a slip, or another version's."""
    found = Survey().look("a.yaml", "a", with_text("        url: ", "        ur1: x\n        url: "))
    assert [(one.kind, one.is_error) for one in found] == [("unknown-field", False)]
    assert "`ur1` of the request" in found[0].text


def test_a_value_of_the_environment_is_found_in_any_disguise() -> None:
    """Who has the key at hand finds it, though it has no shape that tells."""
    search = Search(taints=Needles([PLAIN_SECRET]))
    data = file_of(
        Request("POST", "https://x.test/", (), json.dumps({"p": PLAIN_SECRET.encode().hex()}).encode()), Response(200)
    )
    assert said_of(data) == []
    assert said_of(data, search=search) == [("a secret stands in the request body", 11)]
    after, _ = scrubbed(data, "chat.yaml", search)
    assert PLAIN_SECRET.encode().hex().encode() not in after


LEARNED = (
    Interaction(ASKED, Response(200, "OK", (), f"use {SHAPELESS_KEY}".encode())),
    Interaction(Request("GET", "https://x.test/", (("Authorization", f"Bearer {SHAPELESS_KEY}"),)), Response(200)),
)


@pytest.mark.parametrize("recorded", [LEARNED, LEARNED[::-1]], ids=["before", "after"])
def test_the_key_of_one_recording_stayed_in_the_text_of_another(recorded: tuple[Interaction, ...]) -> None:
    """Nothing tells it there; and where it had told, it was gone by then. In whatever order they stand."""
    data = formats.dump(Cassette(recorded), "yaml")
    search = STANDARD.learning()
    after, count = scrubbed(data, "chat.yaml", search)
    assert count == 2
    assert SHAPELESS_KEY.encode() not in after
    assert SHAPELESS_KEY in search.taints
    assert SHAPELESS_KEY not in STANDARD.taints


NAMED = Rules.parse('[redact]\nnames = ["pin", "x-team"]\n', "library.toml").search
OF_THE_NAMES = {
    "a number": (Request("POST", "https://x.test/", (), b'{"pin": 1234}'), "request body"),
    "a word": (Request("POST", "https://x.test/", (), b'{"pin": "swordfish"}'), "request body"),
    "a short one": (Request("GET", "https://x.test/", (("X-Team", "aa-11"),)), "request header x-team"),
}


@pytest.mark.parametrize("what", OF_THE_NAMES)
def test_what_goes_by_a_name_of_the_library_is_a_leak_however_plain(what: str) -> None:
    """It was taken for something made up, told by nobody and left where it stood."""
    request, where = OF_THE_NAMES[what]
    data = file_of(request, Response(200))
    assert said_of(data) == []
    assert [text for text, _ in said_of(data, search=NAMED)] == [f"a secret stands in the {where}"]
    after, count = scrubbed(data, "chat.yaml", NAMED)
    assert (count, said_of(after, search=NAMED)) == (1, [])


@pytest.mark.parametrize("value", ["unused", "REDACTED", "***", "a-test-pin", "tokentape-redacted-secret-1"])
def test_what_says_that_it_is_none_is_no_leak_by_a_name_of_the_library(value: str) -> None:
    """A placeholder, of whatever tool, and what calls itself made up."""
    assert said_of(file_of(Request("GET", "https://x.test/", (("X-Team", value),)), Response(200)), search=NAMED) == []


def test_lengths_and_chunks_are_right_after_scrubbing() -> None:
    """The body is shorter then; what tells of its size tells the new one."""
    body = json.dumps({"id_token": PLAIN_SECRET * 4, "n": 1}).encode()
    sized = (("Content-Length", str(len(body))),)
    chunks = (Chunk(20, 0.1), Chunk(len(body) - 20, 0.2))
    after, _ = scrubbed(file_of(ASKED, Response(200, "OK", sized, body, chunks=chunks)), "chat.yaml", STANDARD)
    (only,) = formats.load(after, "chat.yaml").interactions
    assert header(only.response.headers, "content-length") == str(len(only.response.body)) != str(len(body))
    assert sum(chunk.size for chunk in only.response.chunks) == len(only.response.body)
    assert Survey().look("chat.yaml", "chat", after) == []


LENGTHS = {
    "of a request": ("""'{"n":1}'""", "7", f"""'{{"k":"{OPENAI_KEY}"}}'""", len(f'{{"k":"{OPENAI_KEY}"}}')),
    "of a response, and its header": ("hello world!", "12", f"hello {OPENAI_KEY}!", len(f"hello {OPENAI_KEY}!")),
}


@pytest.mark.parametrize("what", LENGTHS)
def test_the_length_that_go_vcr_wrote_was_left_as_it_was(what: str) -> None:
    """go-vcr answers with it. The digits change, and the rest of the file stays as go-vcr wrote it."""
    old, told, new, tells = LENGTHS[what]
    data = GO_VCR.replace(old, new).replace(f"content_length: {told}\n", f"content_length: {tells}\n")
    data = data.replace(f'- "{told}"', f'- "{tells}"')
    assert [one.kind for one in Survey().look("chat.yaml", "chat", data.encode())] == ["leak"]
    after, count = scrubbed(data.encode(), "chat.yaml", STANDARD)
    assert count == 1
    assert Survey().look("chat.yaml", "chat", after) == []
    lines = zip(data.splitlines(), after.decode().splitlines(), strict=True)
    changed = [now.strip() for before, now in lines if before != now]
    assert len(changed) == data.count(str(tells)) + 1
    assert re.sub(r"[0-9]+", "N", changed[0]) == "content_length: N"


AWKWARD = {
    "a length on a line of its own": "content_length:\n            {}",
    "a length on a line with the same number": "x_n: {} # {}\n        content_length: {}",
    "a length that is not written in tens": "content_length: 0x{:x}",
}


@pytest.mark.parametrize("what", AWKWARD)
def test_a_length_is_right_after_scrubbing_however_it_is_written(what: str) -> None:
    """Where its digits can't be changed alone, the recording is laid out anew."""
    body = f"hello {OPENAI_KEY}!"
    told = AWKWARD[what].format(*[len(body)] * 3)
    data = with_text("content_length: 12", told).replace(b"hello world!", body.encode()).replace(b'"12"', b'"1 2"')
    after, _ = scrubbed(data, "chat.yaml", STANDARD)
    assert [one.text for one in Survey().look("chat.yaml", "chat", after) if one.kind == "length"] == []


def test_a_length_that_was_wrong_stays_wrong() -> None:
    """What is no secret is left alone; ``check`` tells of it as before."""
    data = with_text("hello world!", f"hello {OPENAI_KEY}!")
    after, _ = scrubbed(data, "chat.yaml", STANDARD)
    assert after == data.replace(OPENAI_KEY.encode(), b"sk-proj-tokentape-redacted-secret-1")


def test_another_tool_s_file_is_only_looked_at() -> None:
    """It says so, and what to do."""
    data = VCR_PY.replace(
        "      accept:\n", f"      authorization:\n      - Bearer {OPENAI_KEY}\n      accept:\n", 1
    ).encode()
    assert said_of(data) == [("an authorization stands in the request header authorization", 4)]
    with pytest.raises(CannotScrub, match="another tool's format") as caught:
        scrubbed(data, "chat.yaml", STANDARD)
    assert caught.value.hint


UNSAFE = [
    ("redacted|word", "its secrets can't all be taken out"),
    ("interactions", "its secrets can't all be taken out"),
    ("2", "its secrets can't all be taken out"),
    ("POST", "without its secrets it would answer other requests"),
]


@pytest.mark.parametrize(("pattern", "why"), UNSAFE)
def test_a_file_that_would_not_be_what_it_was_is_left_alone(pattern: str, why: str) -> None:
    """A pattern of the library's finds what the format, the request or our placeholder is made of.

    Where the new file did not even read, the old one was called damaged.
    """
    search = Rules.parse(f'[redact]\npatterns = ["{pattern}"]\n', "library.toml").search
    data = file_of(Request("POST", "https://x.test/?word=1", (), b'{"a": "word"}'), Response(200))
    with pytest.raises(CannotScrub, match=f"chat.yaml: {why}") as caught:
        scrubbed(data, "chat.yaml", search)
    assert caught.value.hint


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the real recordings are not beside the project")
def test_the_real_recordings_hold_an_id_that_their_makers_meant_to_remove() -> None:
    """26 of 29 tell the OpenAI project they were made for; one an image's signed URL, with the organization's id.
    Scrubbing changes these lines, the lengths of that one answer, and nothing else."""
    counted: dict[str, int] = {}
    changed = 0
    for file in sorted(FOLDER.glob("*.yaml")):
        data = file.read_bytes()
        for text, _ in said_of(data, str(file)):
            counted[text] = counted.get(text, 0) + 1
        after, _ = scrubbed(data, str(file), STANDARD)
        assert said_of(after, str(file)) == []
        differences = difflib.unified_diff(data.decode().splitlines(), after.decode().splitlines(), n=0)
        changed += sum(line.startswith("+") and not line.startswith("+++") for line in differences)
    assert counted == {
        "a project id stands in the response header openai-project": 26,
        "a signature stands in the response body": 1,
        "a secret stands in the response body": 1,
    }
    assert changed < 60
