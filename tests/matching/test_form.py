"""form: when are two requests the same?"""

import gzip
import json
import random
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from memory import memory
from posting import AZURE, CHAT, FORM, PARTS, post
from recordings import FOLDER
from spellings import respelled, trees, typed

from tokentape.errors import BadBody
from tokentape.matching.form import body_hash, form_of, incoming_keys, recorded_keys
from tokentape.model import Headers, Request
from tokentape.redaction.redact import redact_request
from tokentape.rules.profile import DEFAULT, Profile
from tokentape.rules.rules import Rules

JSON: Headers = (("Content-Type", "application/json"),)
OMITTED = b"[multipart form data omitted]"
PART = b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
RECORDINGS = sorted(FOLDER.glob("*.yaml"))


def answers(recorded: Request, incoming: Request, profile: Profile = DEFAULT, *, host_known: bool = True) -> bool:
    """Whether the recording answers the request."""
    index = set(recorded_keys(form_of(recorded, profile)))
    return any(key in index for key in incoming_keys(form_of(incoming, profile, host_known=host_known)))


def parts(*rows: tuple[bytes, bytes], boundary: bytes = b"B") -> Request:
    """A multipart request."""
    body = b"".join(PART % row for row in rows).replace(b"--B\r\n", b"--" + boundary + b"\r\n")
    header = ("content-type", f"multipart/form-data; boundary={boundary.decode()}")
    return post(body + b"--" + boundary + b"--\r\n", headers=(header,))


@pytest.mark.parametrize(
    ("recorded", "incoming"),
    [
        (post({"a": 1, "b": 2}), post({"b": 2, "a": 1})),
        (post({"a": 1}, headers=JSON), post({"a": 1}, headers=(("content-type", "text/plain"),))),
        (post({"a": 1}), post(b'\xef\xbb\xbf \r\n{"a" : 1.0}')),
        (post({"a": 1}), post({"a": 1}, CHAT.replace("https", "http"))),
        (post({"a": 1}), post({"a": 1}, CHAT + "?")),
        (post({"a": 1}), post({"a": 1}, headers=(("User-Agent", "x"), ("traceparent", "y"), ("X-Stainless-OS", "z")))),
        (post({"a": 1}), post({"a": 1}, headers=(("Authorization", "Bearer sk-1"),))),
        (post({"a": 1}), post(gzip.compress(b'{"a":1}'), headers=(("Content-Encoding", "gzip"),))),
        # The body is decoded already, and the header was left.
        (post({"a": 1}), post({"a": 1}, headers=(("Content-Encoding", "gzip"),))),
        (post(b"x"), post(gzip.compress(b"x"), headers=(("Content-Encoding", "gzip"),))),
        (post(b"b=2&a=1&b=1", headers=FORM), post(b"a=1&b=2&&b=1&", headers=FORM)),
        (post(b"a=%41+b&c", headers=FORM), post(b"a=A%20b&c=", headers=FORM)),
        (post(b"b=2&a=1", headers=FORM), post(b"a=1&b=2", headers=((FORM[0][0], f"{FORM[0][1]}; charset=utf-8"),))),
        (parts((b"f", b"x"), (b"g", b"y")), parts((b"f", b"x"), (b"g", b"y"), boundary=b"other")),
        (post(b""), post(gzip.compress(b""), headers=(("Content-Encoding", "gzip"),))),
    ],
)
def test_the_same_request(recorded: Request, incoming: Request) -> None:
    """What the form says it ignores makes no difference, in either direction."""
    assert answers(recorded, incoming)
    assert answers(incoming, recorded)


@pytest.mark.parametrize(
    ("recorded", "incoming"),
    [
        (post({"a": 1}), post({"a": 1}, method="PUT")),
        (post({"a": 1}), post({"a": 1}, method="post")),
        (post({"a": 1}), post({"a": 1}, CHAT + "/x")),
        (post({"a": 1}), post({"a": 1}, CHAT + "?page=1")),
        (post({"a": 1}), post({"a": 1}, "https://api.example.com/v1/chat/completions")),
        (post({"a": None}), post({})),
        (post({}), post(b"")),
        (post([]), post({})),
        (post(b"x"), post(b"x ")),
        (post(b'"x"'), post(b'"x" ')),
        (post(b"a=1", headers=FORM), post(b"a=1")),
        (post(b"a=1&a=2", headers=FORM), post(b"a=2&a=1", headers=FORM)),
        (post(b"a=1", headers=FORM), post({"a": "1"})),
        (post(b"\xff"), post(b"\xfe")),
        (parts((b"f", b"x"), (b"g", b"y")), parts((b"g", b"y"), (b"f", b"x"))),
        (parts((b"f", b"x")), parts((b"f", b"y"))),
        (parts((b"f", b"x")), parts((b"g", b"x"))),
        (parts((b"f", b"x")), parts((b"f", b"x"), (b"f", b"x"))),
        (parts((b'f"; filename="a', b"x")), parts((b'f"; filename="b', b"x"))),
    ],
)
def test_another_request(recorded: Request, incoming: Request) -> None:
    """Everything that is not ignored counts."""
    assert not answers(recorded, incoming)
    assert not answers(incoming, recorded)


@pytest.mark.parametrize(
    ("incoming", "found"),
    [
        (parts((b"file", b"sound"), (b"model", b"whisper-1")), True),
        (post(b"not well-formed", headers=PARTS), True),
        (post(OMITTED, headers=PARTS), True),
        (post(OMITTED, headers=(("Content-Type", "multipart/form-data; boundary=other"),)), True),
        (post(OMITTED), False),
        (post({}, headers=PARTS), False),
        (post(b"", headers=PARTS), False),
        (post(b"text", headers=(("Content-Type", "text/plain"),)), False),
        (post(b"--B--", CHAT + "/x", PARTS), False),
    ],
)
def test_omitted_multipart_stands_for_any(incoming: Request, found: bool) -> None:
    """A recording that left its multipart out answers any multipart to that address, and nothing else."""
    assert answers(post(OMITTED, headers=PARTS), incoming) is found


def test_multipart_that_was_kept_is_exact() -> None:
    """A whole recording answers only its own parts, and is found before one that stands for any."""
    whole = parts((b"f", b"x"))
    assert not answers(whole, post(OMITTED, headers=PARTS))
    exact, any_parts = incoming_keys(form_of(parts((b"f", b"x"), boundary=b"new")))
    assert exact in recorded_keys(form_of(whole))
    assert any_parts in recorded_keys(form_of(post(OMITTED, headers=PARTS)))


@pytest.mark.parametrize(
    ("recorded", "incoming", "host_known", "found"),
    [
        (AZURE, AZURE + "?api-version=2024-10-21", True, True),
        (AZURE, AZURE + "?api-version=2024-10-21", False, True),
        (AZURE, AZURE.replace("acme", "other") + "?api-version=2024-10-21", True, True),
        (AZURE + "?a=1", AZURE + "?a=1&api-version=1", True, True),
        (AZURE, AZURE, True, True),
        (AZURE + "?api-version=1", AZURE + "?api-version=1", True, True),
        (AZURE + "?api-version=1", AZURE + "?api-version=2", True, False),
        (AZURE + "?api-version=1", AZURE, True, False),
        (AZURE, AZURE + "?api-version=1&a=1", True, False),
        (CHAT, CHAT + "?api-version=1", True, False),
        (CHAT, CHAT + "?api-version=1", False, False),
        (AZURE, AZURE.replace("openai.azure", "example") + "?api-version=1", True, False),
    ],
)
def test_azure_without_a_version_stands_for_any(recorded: str, incoming: str, host_known: bool, found: bool) -> None:
    """Only an Azure recording without api-version answers a request that has one; resource hosts are one."""
    assert answers(post({}, recorded), post({}, incoming), host_known=host_known) is found


@pytest.mark.parametrize("recorded", [CHAT, CHAT.replace("api.openai.com", "localhost:8000"), AZURE])
def test_an_unknown_host_matches_any(recorded: str) -> None:
    """A request to a base URL finds a recording of any host, but of no other path."""
    local = "http://127.0.0.1:4000/" + recorded.split("/", 3)[3]
    assert answers(post({}, recorded), post({}, local), host_known=False)
    assert not answers(post({}, recorded), post({}, local))
    assert not answers(post({}, recorded), post({}, local + "x"), host_known=False)


@pytest.mark.parametrize(
    ("match_on", "incoming", "found"),
    [
        ("method,url,body", post({}), True),
        ("url,body", post({}, method="PUT"), True),
        ("method,url", post({"a": 1}), True),
        ("method,path,body", post({}, "https://other.test/v1/chat/completions?a=1"), True),
        ("method,path,body", post({}, CHAT + "/x"), False),
        ("host,body", post({}, "https://api.openai.com/other"), True),
        ("host,body", post({}, "https://other.test/v1/chat/completions"), False),
        ("path,query", post({}, CHAT + "?a=1"), False),
        ("method,url,body,scheme", post({}, CHAT.replace("https", "http")), False),
        ("method,url,body,scheme", post({}), True),
        ("url,header:openai-beta", post({}, headers=(("OpenAI-Beta", "a"),)), False),
        ("url,header:openai-beta", post({}, headers=(("X-Other", "a"),)), True),
    ],
)
def test_match_on(match_on: str, incoming: Request, found: bool) -> None:
    """Exactly the parts that are named have to be equal."""
    assert answers(post({}), incoming, Profile(match_on=tuple(match_on.split(",")))) is found


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((("X-A", "1"), ("X-A", "2")), (("x-a", " 1 "), ("X-a", "2")), True),
        ((("X-A", "1"), ("X-A", "2")), (("X-A", "2"), ("X-A", "1")), False),
        ((("X-A", "1"),), (), False),
        ((("X-A", ""),), (), False),
        ((("Authorization", "Bearer a"),), (("Authorization", "Bearer b"),), True),
        ((("Authorization", "Bearer a"),), (), False),
    ],
)
def test_compared_headers(one: Headers, other: Headers, same: bool) -> None:
    """Values count with their order, names without case; of a credential only whether it is there."""
    profile = Profile(match_on=("url", "header:X-A", "header:authorization"))
    assert answers(post(headers=one), post(headers=other), profile) is same


def test_a_body_that_is_not_compared_is_not_read() -> None:
    """Without the body among the compared parts, a body too deep to compare is no obstacle."""
    deep = b"[" * 500 + b"]" * 500
    with pytest.raises(BadBody):
        form_of(post(deep))
    assert answers(post({}), post(deep), Profile(match_on=("url",)))


def test_a_bomb_that_a_door_left_coded_did_fill_memory_when_it_was_compared() -> None:
    """What would be very large is compared as the bytes it is."""
    bomb = gzip.compress(bytes(200_000_000))
    request = Request("POST", CHAT, (*JSON, ("Content-Encoding", "gzip")), bomb)
    with memory() as taken:
        form = form_of(request, DEFAULT)
    assert taken.most < 50_000_000
    assert form.digest == form_of(Request("POST", CHAT, (), bomb), DEFAULT).digest


def test_keys_are_few_and_short() -> None:
    """A look-up is a constant number of probes of 16 bytes, whatever the request."""
    requests = [post({}), post({}, AZURE), post({}, AZURE + "?api-version=1"), parts((b"f", b"x"))]
    requests.append(post(OMITTED, AZURE + "?api-version=1", PARTS))
    for form in map(form_of, requests):
        for keys in (recorded_keys(form), incoming_keys(form)):
            assert 1 <= len(keys) <= 4
            assert len(set(keys)) == len(keys)
            assert {len(key) for key in keys} == {16}


def test_the_body_hash_names_an_unnamed_recording() -> None:
    """Twelve hex digits, fixed for good: cassettes are named after them."""
    form = form_of(post({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello!"}]}))
    assert body_hash(form) == "1fec4a8a9e6f"
    spelled = b'{"messages":[{"content":"Hello!","role":"user"}],"model":"gpt-4o"}'
    assert body_hash(form_of(post(spelled))) == body_hash(form)


def test_the_body_hash_is_of_the_form_without_rules() -> None:
    """A form that went through rules has no body hash."""
    profile = Rules.parse('[[rule]]\nignore = ["body.user"]', "library.toml").profile_for(None)
    with pytest.raises(ValueError, match="without rules"):
        body_hash(form_of(post({}), profile))


def test_a_form_shows_no_body() -> None:
    """The repr of a form, which may end up in a log, has nothing of the body in it."""
    for request in (post({"a": "confidential"}), post(b"confidential"), post(b"a=confidential", headers=FORM)):
        assert "confidential" not in repr(form_of(request))


# --- properties


@given(trees, st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_the_form_ignores_what_it_says(tree: Any, choice: random.Random) -> None:
    """Any mix of what makes no difference makes none."""
    query = ["b=2", "a=1", "a=0"]
    noise = [f"api_key={choice.random()}", "X-Amz-Signature=1f", "X-Amz-Date=20240101T000000Z", ""]
    mixed = [*query[:1], *choice.sample(noise, choice.randint(0, 4)), *query[1:]]
    if choice.random() < 0.5:
        mixed.append(mixed.pop(0))
    scheme = choice.choice(["http://", "https://", "HTTPS://user:secret@"])
    port = choice.choice(["", ":", ":80" if scheme == "http://" else ":443"])
    path = choice.choice(["/v1/a%2Fb", "/v1/x/../a%2fb", "/%76%31/./a%2Fb"])
    headers = choice.sample([*JSON, ("Authorization", "Bearer x"), ("X-Request-Id", "7"), ("Accept", "*/*")], 2)
    url = f"{scheme}{choice.choice(['H.test', 'h.TEST'])}{port}{path}?{'&'.join(mixed)}{choice.choice(['', '#x'])}"
    plain = post(tree, "https://h.test/v1/a%2Fb?a=1&a=0&b=2")
    spelled = post(respelled(tree, choice).encode(), url, tuple(headers))
    assert form_of(plain).digest == form_of(spelled).digest
    assert recorded_keys(form_of(plain)) == recorded_keys(form_of(spelled))
    assert incoming_keys(form_of(plain)) == incoming_keys(form_of(spelled))


@given(trees, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_and_nothing_else(tree: Any, choice: random.Random) -> None:
    """One change of one value, key, item or type, anywhere, makes another request."""
    changed = deepcopy(tree)
    change(changed, choice)
    assume(typed(changed) != typed(tree))
    assert not answers(post(tree), post(changed))
    assert not answers(post(changed), post(tree), host_known=False)


@given(st.text("ab/?&=#%2:@.", max_size=12), st.text("ab/?&=#%2:@.", max_size=12))
@settings(max_examples=200, deadline=None)
def test_addresses_are_equal_only_in_normal_form(one: str, other: str) -> None:
    """Two URLs are one exactly if host, path and query of their normal form are."""
    forms = [form_of(post({}, f"https://h.test/{rest}")) for rest in (one, other)]
    pieces = [(form.host, form.path, form.query) for form in forms]
    assert (recorded_keys(forms[0]) == recorded_keys(forms[1])) == (pieces[0] == pieces[1])


@given(
    st.lists(st.tuples(st.text("ab&=+% é", max_size=4), st.text("ab&=+% é", max_size=4)), max_size=4),
    st.lists(st.tuples(st.text("ab&=+% é", max_size=4), st.text("ab&=+% é", max_size=4)), max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_fields_are_compared_by_value(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:
    """Forms are the same exactly if each name has the same values in the same order."""
    plain = post(urlencode(one).encode(), headers=FORM)
    other_way = "&".join(f"{quote(name, safe='')}={quote(value, safe='é')}" for name, value in other)
    assume(one and other)
    spelled = post(other_way.encode(), headers=FORM)
    assert answers(plain, spelled) == (sorted(one, key=lambda row: row[0]) == sorted(other, key=lambda row: row[0]))


def change(value: Any, choice: random.Random) -> None:
    """Change one thing, somewhere in a list or object."""
    children = list(range(len(value))) if isinstance(value, list) else list(value)
    inner = [key for key in children if isinstance(value[key], list | dict)]
    if inner and choice.random() < 0.6:
        change(value[choice.choice(inner)], choice)
    elif not children or choice.random() < 0.2:
        new = choice.choice([None, 0, "", [], {}])
        if isinstance(value, list):
            value.insert(choice.randint(0, len(value)), new)
        else:
            value["new key" + "!" * len(value)] = new
    elif choice.random() < 0.3:
        del value[choice.choice(children)]
    elif isinstance(value, list) and choice.random() < 0.3:
        choice.shuffle(value)
    else:
        key = choice.choice(children)
        value[key] = choice.choice([True, 1, "1", None, [value[key]], {"": value[key]}, 9007199254740993, "\ud800"])


# --- the recordings of the Envoy AI Gateway


def recorded_request(path: Path) -> Request:
    """The request of a cassette, read without the formats of this package."""
    request = yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"][0]["request"]
    headers = tuple((name, value) for name, values in request["headers"].items() for value in values)
    return Request(request["method"], request["url"], headers, request["body"].encode())


@pytest.mark.skipif(not RECORDINGS, reason="the recordings are not beside this project")
@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_each_recording_is_found_again(path: Path) -> None:
    """The request of each of the 29 recordings, written otherwise, finds its recording, on any host if unknown."""
    request = recorded_request(path)
    again = request
    if request.body != OMITTED:
        body = respelled(json.loads(request.body), random.Random(path.stem)).encode()
        again = replace(request, body=body, headers=(("content-type", "text/plain"),))
    assert answers(request, again)
    local = replace(again, url="http://127.0.0.1:4000" + request.url.partition(".com")[2])
    assert answers(request, local, host_known=False)


@pytest.mark.skipif(not RECORDINGS, reason="the recordings are not beside this project")
def test_recordings_are_told_apart() -> None:
    """Of the recordings only those with the same request share a digest."""
    found: dict[bytes, set[str]] = {}
    for path in RECORDINGS:
        for key in recorded_keys(form_of(recorded_request(path))):
            found.setdefault(key, set()).add(path.stem)
    assert {frozenset(names) for names in found.values() if len(names) > 1} == set()


# --- together with redaction


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        (CHAT, (("Authorization", "Bearer sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"),)),
        (AZURE + "?api-version=1", (("api-key", "0123456789abcdef0123456789abcdef"),)),
        ("https://api.anthropic.com/v1/messages", (("x-api-key", "sk-ant-api03-abcdefghijklmnopqrstuvwxyz012345"),)),
        (
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-pro:generateContent"
            "?key=AIzaSyA0123456789abcdefghijklmnopqrstuv&alt=sse",
            (),
        ),
        (
            "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/invoke",
            (
                ("X-Amz-Date", "20240101T000000Z"),
                ("Authorization", f"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7ABCDEFG/x, Signature={'0' * 64}"),
            ),
        ),
    ],
)
def test_a_form_with_a_key_is_the_form_without(url: str, headers: Headers) -> None:
    """A key, another key or none: the redacted request has one form, whatever the profile compares."""
    profile = Profile(match_on=("method", "url", "body", "header:x-other"))
    with_key = form_of(redact_request(post({"a": 1}, url, headers)), profile)
    other_key = [(name, value.replace("0", "7")) for name, value in headers]
    bare = url.partition("key=")[0].rstrip("&?") + "?alt=sse" if "key=" in url else url
    for again in (post({"a": 1}, url.replace("0123", "9876"), tuple(other_key)), post({"a": 1}, bare)):
        assert form_of(redact_request(again), profile) == with_key
        assert recorded_keys(form_of(redact_request(again), profile)) == recorded_keys(with_key)
