"""redact: no secret of a known place comes through, everything else does, and no form depends on one."""

import json
import re
from base64 import b64encode
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from recordings import FOLDER
from secrets_for_tests import OPENAI_KEY, OTHER_OPENAI_KEY

from tokentape.facts.places import SECRET_HEADERS, secret_role
from tokentape.matching.form import form_of
from tokentape.model import Chunk, Headers, Interaction, Request, Response, header
from tokentape.redaction.placeholders import dressed, is_placeholder, placeholder
from tokentape.redaction.redact import Place, RedactionFailed, places, redact, redact_request

JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
# Put together here, so that the file holds nothing that a scanner takes for a key.
JWT = ".".join(("eyJhbGciOiJSUzI1NiJ9", "eyJleHAiOjE3MDAwMDAwMDB9", "c2VjcmV0"))
KEY_ID = "Q3ERTYU7OPAS5DFG"
TOKENS = "https://login.test/oauth2/token"


def asked(url: str = "https://x.test/", headers: Headers = (), body: str = "", method: str = "POST") -> Request:
    """A request."""
    return Request(method, url, headers, body.encode())


def answered(headers: Headers = (), body: str = "", **more: object) -> Response:
    """A response."""
    return Response(200, "OK", headers, body.encode(), **more)  # type: ignore[arg-type]


def redact_response(response: Response) -> Response:
    """What is left of an answer."""
    return redact(Interaction(asked(), response)).response


# --- requests


@pytest.mark.parametrize("name", sorted(SECRET_HEADERS.keys() - {"sec-websocket-protocol"}))
def test_a_credential_header_is_removed_from_a_request(name: str) -> None:
    """Every header of the table goes, in any case; its neighbours stay as they are."""
    request = asked(headers=(("Accept", "*/*"), (name.title(), "SECRET"), JSON, (name, "SECRET2")))
    assert redact_request(request).headers == (("Accept", "*/*"), JSON)


def test_trace_headers_are_removed_from_a_request() -> None:
    """Trace ids say who called when, and are of no use in a recording."""
    traces = ("traceparent", "00-1-2-01"), ("B3", "1-2"), ("X-B3-TraceId", "1"), ("X-Datadog-Trace-Id", "1")
    request = asked(headers=(*traces, ("X-Request-Id", "1")))
    assert redact_request(request).headers == (("X-Request-Id", "1"),)


def test_a_placeholder_in_a_header_takes_its_number_though_no_secret_is_there() -> None:
    """Else the secret in the body would be the first in the recording and the second when the first is live again. One
    that stands for what was in a known place keeps its role."""
    first, second = OPENAI_KEY, OTHER_OPENAI_KEY
    live = redact_request(asked(headers=(("X-Note", f"it is {first}"),), body=f"use {second}"))
    passed_on = redact_request(asked(headers=live.headers, body=f"use {second}"))
    assert live.body == passed_on.body == b"use tokentape-redacted-secret-2"
    url = asked(headers=(("Referer", f"https://x.test/?access_token={first}&a=it"), ("X-Note", second)))
    once = redact_request(url)
    assert dict(once.headers) == {
        "Referer": "https://x.test/?access_token=tokentape-redacted-access-token-1&a=it",
        "X-Note": "tokentape-redacted-secret-1",
    }
    assert redact_request(once) == once


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x.test/a?b=1", "https://x.test/a?b=1"),
        ("https://u:p@x.test/a", "https://x.test/a"),
        ("https://u:p@ss@x.test?a=@", "https://x.test?a=@"),
        ("https://x.test/@me?a=b@c", "https://x.test/@me?a=b@c"),
        ("https://x.test/?api_key=SECRET", "https://x.test/"),
        ("https://x.test/?a=%20&access_token=SECRET&b=+#f", "https://x.test/?a=%20&b=+#f"),
        (
            "https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse&key=SECRET",
            "https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse",
        ),
        ("https://x.test/cb?code=SECRET&state=1", "https://x.test/cb?state=1"),
        (
            "https://b.s3.amazonaws.com/o?X-Amz-Date=1&X-Amz-Credential=AKIA1%2F1&X-Amz-Signature=SECRET",
            "https://b.s3.amazonaws.com/o?X-Amz-Date=1",
        ),
    ],
)
def test_credentials_go_out_of_the_url(url: str, expected: str) -> None:
    """User info and credential pairs are cut out; what stays keeps its spelling."""
    assert redact_request(asked(url)).url == expected


def test_urls_in_other_headers_get_placeholders() -> None:
    """A Referer is text that holds a URL; subprotocols keep their protocol."""
    headers = (
        ("Referer", "https://x.test/cb?code=SECRET&state=1"),
        ("Sec-WebSocket-Protocol", "realtime, openai-insecure-api-key.SECRET, openai-beta.realtime-v1"),
    )
    assert redact_request(asked(headers=headers)).headers == (
        ("Referer", "https://x.test/cb?code=tokentape-redacted-code-1&state=1"),
        (
            "Sec-WebSocket-Protocol",
            "realtime, openai-insecure-api-key.tokentape-redacted-api-key-1, openai-beta.realtime-v1",
        ),
    )


def test_a_request_gets_plain_placeholders() -> None:
    """In a request the placeholder tells nothing of the value's shape, so that every value gives the same text."""
    bodies = {
        redact_request(asked(TOKENS, (FORM,), f"grant_type=refresh_token&refresh_token={token}")).body
        for token in ("a", quote(JWT), "sk-proj-abc", dressed("refresh-token", 2, JWT), placeholder("refresh-token", 9))
    }
    assert bodies == {b"grant_type=refresh_token&refresh_token=tokentape-redacted-refresh-token-1"}


def test_members_that_only_an_endpoint_tells() -> None:
    """At a token endpoint a code is a secret in what is asked, and a token in what is answered."""
    exchange = Interaction(
        asked(TOKENS, (JSON,), '{"grant_type":"authorization_code","code":"SECRET"}'),
        answered((JSON,), '{"token":"SECRET2","code":"stays"}'),
    )
    clean = redact(exchange)
    assert clean.request.body == b'{"grant_type":"authorization_code","code":"tokentape-redacted-code-1"}'
    assert clean.response.body == b'{"token":"tokentape-redacted-access-token-1","code":"stays"}'
    elsewhere = Interaction(asked("https://api.test/v1/chat"), exchange.response)
    assert redact(elsewhere) is elsewhere


# --- responses


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("sid=SECRET; Path=/; HttpOnly; Secure", "sid=tokentape-redacted-cookie-1; Path=/; HttpOnly; Secure"),
        ("sid=SECRET", "sid=tokentape-redacted-cookie-1"),
        (' sid = "SECRET;1" ; Path=/', " sid = tokentape-redacted-cookie-1; Path=/"),
        ("sid=a=SECRET==; Max-Age=1", "sid=tokentape-redacted-cookie-1; Max-Age=1"),
        ("SECRET; Path=/", "tokentape-redacted-cookie-1; Path=/"),
        ("sid=; Max-Age=0", "sid=; Max-Age=0"),
        (
            "a=SECRET; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/, b=SECRET2; Path=/, c=SECRET",
            "a=tokentape-redacted-cookie-1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/, "
            "b=tokentape-redacted-cookie-2; Path=/, c=tokentape-redacted-cookie-1",
        ),
        (f"sid={JWT}; Path=/", f"sid={dressed('cookie', 1, JWT)}; Path=/"),
    ],
)
def test_a_cookie_keeps_its_name_and_attributes(value: str, expected: str) -> None:
    """Only the value of a cookie is replaced, also where several were joined with commas."""
    assert redact_response(answered((("Set-Cookie", value),))).headers == (("Set-Cookie", expected),)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Openai-Organization", "user-abc", "tokentape-redacted-organization-1"),
        ("Openai-Project", "proj_abc", "proj_tokentape-redacted-project-1"),
        ("X-Auth-Token", "SECRET", "tokentape-redacted-access-token-1"),
        ("Authorization", "Bearer SECRET", "Bearer tokentape-redacted-authorization-1"),
        ("Location", "/cb?code=SECRET&state=1", "/cb?code=tokentape-redacted-code-1&state=1"),
        (
            "Location",
            "https://u:SECRET@x.test/?token=SECRET#id_token=SECRET",
            "https://tokentape-redacted-user-info-1@x.test/?token=tokentape-redacted-access-token-1"
            "#id_token=tokentape-redacted-id-token-1",
        ),
        (
            "Link",
            '<https://x.test/?page_token=1&sig=SECRET>; rel="next"',
            '<https://x.test/?page_token=1&sig=tokentape-redacted-signature-1>; rel="next"',
        ),
        ("X-Request-Id", "req_1", "req_1"),
        ("Cf-Ray", "96ec92b78fe0e4fe-JHB", "96ec92b78fe0e4fe-JHB"),
        ("X-Bytes", "\udcff://", "\udcff://"),
    ],
)
def test_response_headers_get_placeholders(name: str, value: str, expected: str) -> None:
    """A client finds each header again, as trailers too, with a placeholder in the place of the secret."""
    clean = redact_response(answered(((name, value),), trailers=((name, value),)))
    assert clean.headers == clean.trailers == ((name, expected),)


def test_tokens_of_a_login_keep_their_shape() -> None:
    """What a client parses goes on parsing: a JWT, a prefix, the id of an AWS key; the rest of the body stays."""
    body = (
        f'{{"token_type":"Bearer","expires_in":3599, "access_token":"{JWT}",\n"refresh_token":"1.AQ\\/x",'
        f'"id_token":"{JWT}","api_key":"sk-abc","AccessKeyId":"ASIA{KEY_ID}","refreshToken":"1.AQ/x"}}'
    )
    assert redact_response(answered((JSON,), body)).body.decode() == (
        f'{{"token_type":"Bearer","expires_in":3599, "access_token":"{dressed("access-token", 1, JWT)}",\n'
        '"refresh_token":"tokentape-redacted-refresh-token-1",'
        f'"id_token":"{dressed("id-token", 1, JWT)}","api_key":"sk-tokentape-redacted-api-key-1",'
        '"AccessKeyId":"ASIATOKENTAPE0000001","refreshToken":"tokentape-redacted-refresh-token-1"}'
    )


def test_ordinals_follow_first_appearance_through_request_and_response() -> None:
    """Equal values of a role have one number in an interaction, different ones different numbers."""
    exchange = Interaction(
        asked(TOKENS, (FORM,), "grant_type=refresh_token&refresh_token=OLD%2B"),
        answered((JSON,), '[{"refresh_token":"NEW"},{"refresh_token":"OLD+"},{"refresh_token":"NEW"}]'),
    )
    clean = redact(exchange)
    assert clean.request.body.endswith(b"refresh-token-1")
    assert re.findall(rb"refresh-token-\d", clean.response.body) == [b"refresh-token-%d" % n for n in (2, 1, 2)]


def test_a_changed_interaction_loses_the_tree_it_was_loaded_from() -> None:
    """The raw tree would bring the secret back; without a secret it stays, and so does the whole object."""
    exchange = Interaction(asked(), answered((("Set-Cookie", "a=SECRET"),)), raw={"response": "a=SECRET"})
    assert redact(exchange).raw is None
    harmless = Interaction(asked(), answered(), raw={"x": 1})
    assert redact(harmless) is harmless


# --- chunks


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        # 13 bytes, 40 of the secret (its placeholder has 27), 4 bytes
        ((2, 55), (2, 42)),
        ((13, 40, 4), (13, 27, 4)),
        ((20, 33, 4), (20, 20, 4)),
        ((14, 9, 9, 21, 4), (14, 9, 9, 8, 4)),
        ((13, 35, 1, 1, 7), (13, 27, 4)),
        ((57,), (44,)),
        ((0, 57, 0), (0, 44, 0)),
        ((), ()),
    ],
)
def test_chunk_sizes_go_on_adding_up(sizes: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """A border in a secret stays behind its start or moves to the placeholder's end; empty pieces are dropped."""
    body = 'AB{"secret":"' + "x" * 40 + '"}CD'
    response = answered(body=body, chunks=tuple(Chunk(size, 0.5) for size in sizes))
    clean = redact_response(response)
    assert tuple(chunk.size for chunk in clean.chunks) == expected
    assert sum(expected) == (len(clean.body) if sizes else 0)
    assert sum(chunk.delay for chunk in clean.chunks) == 0.5 * len(sizes)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.text("ab", max_size=30), st.text("xyz", min_size=1, max_size=90)), max_size=5), st.data())
def test_chunks_of_any_size_fit_the_body(pieces: list[tuple[str, str]], data: st.DataObject) -> None:
    """Wherever the borders are, the sizes add up to the body, no new chunk is empty, and the order of time stays."""
    body = "".join(f'{text}{{"password":"{secret}"}}' for text, secret in pieces)
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(body) - 1)), max_size=8))) if len(body) > 1 else []
    borders = [0, *cuts, len(body)] if body else []
    chunks = tuple(Chunk(end - start, 0.25) for start, end in pairwise(borders))
    clean = redact_response(answered(body=body, chunks=chunks))
    assert sum(chunk.size for chunk in clean.chunks) == (len(clean.body) if chunks else 0)
    assert all(chunk.size for chunk in clean.chunks)
    assert sum(chunk.delay for chunk in clean.chunks) <= 0.25 * len(chunks)
    assert redact_response(clean) is clean


# --- planted secrets

SECRETS = st.text('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-. ~%"\\&<>äé', min_size=12).map(
    lambda text: f"Sx{text}xS"
)


def xml(text: str) -> str:
    """A text as XML writes it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def written(secret: str) -> set[str]:
    """Every way in which the plantings below write a secret."""
    json_text = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return {secret, quote(secret), quote(secret, safe=""), xml(secret), *json_text}


def stream(secret: str) -> str:
    """A stream of events in which one holds a token."""
    return f'data: {{"a":"b"}}\n\ndata: {json.dumps({"x": {"session_token": secret}})}\n\ndata: [DONE]\n\n'


REQUEST_PLANTS = {
    "bearer": lambda s: {"headers": (("Authorization", f"Bearer {s}"),)},
    "basic": lambda s: {"headers": (("Authorization", f"Basic {b64encode(s.encode()).decode()}"),)},
    "x-api-key": lambda s: {"headers": (("X-Api-Key", s),)},
    "cookie": lambda s: {"headers": (("Cookie", f"a={s}; b=c"),)},
    "query": lambda s: {"url": f"https://x.test/v1?a=1&api_key={quote(s, safe='')}&b=2"},
    "user info": lambda s: {"url": f"https://me:{quote(s, safe='')}@x.test/v1"},
    "referer": lambda s: {"headers": (("Referer", f"https://x.test/?token={quote(s, safe='')}"),)},
    "json": lambda s: {"headers": (JSON,), "body": json.dumps({"a": [{"clientSecret": s}], "b": 1})},
    "json, not ascii": lambda s: {"headers": (JSON,), "body": json.dumps({"password": s}, ensure_ascii=False)},
    "json without a type": lambda s: {"body": json.dumps({"api_key": s}, indent=2)},
    "form": lambda s: {"headers": (FORM,), "body": f"a=b&client_secret={quote(s, safe='')}&c=d"},
    "signed url in json": lambda s: {"body": json.dumps({"u": f"https://x.test/i?sig={quote(s, safe='')}&se=1"})},
}
RESPONSE_PLANTS = {
    "set-cookie": lambda s: {"headers": (("Set-Cookie", f"sid={quote(s)}; Path=/"),)},
    "project": lambda s: {"headers": (("OpenAI-Project", s),)},
    "location": lambda s: {"headers": (("Location", f"/cb?code={quote(s, safe='')}&state=1"),)},
    "trailer": lambda s: {"trailers": (("X-Auth-Token", s),)},
    "json": lambda s: {"headers": (JSON,), "body": json.dumps({"refresh_token": s, "expires_in": 5})},
    "stream": lambda s: {"headers": (("Content-Type", "text/event-stream"),), "body": stream(s)},
    "sts": lambda s: {"headers": (("Content-Type", "text/xml"),), "body": f"<SessionToken>{xml(s)}</SessionToken>"},
    "form": lambda s: {"headers": (FORM,), "body": f"access_token={quote(s, safe='')}&scope=a"},
    "truncated": lambda s: {"body": json.dumps({"id_token": s})[:-2], "truncated": True},
}


@st.composite
def plantings(draw: st.DrawFn) -> tuple[Interaction, str]:
    """An interaction with one secret in a known place of the request and of the response."""
    secret = draw(SECRETS)
    request = REQUEST_PLANTS[draw(st.sampled_from(sorted(REQUEST_PLANTS)))](secret)
    response = RESPONSE_PLANTS[draw(st.sampled_from(sorted(RESPONSE_PLANTS)))](secret)
    return Interaction(asked(**request), answered(**response)), secret  # type: ignore[arg-type]


@settings(deadline=None, max_examples=300)
@given(plantings())
def test_no_planted_secret_comes_through(planted: tuple[Interaction, str]) -> None:
    """Of a secret in a known place nothing is left, in any spelling, and doing it again changes nothing."""
    exchange, secret = planted
    clean = redact(exchange)
    left = f"{clean} {clean.request.body.decode()} {clean.response.body.decode()}"
    for spelling in (*written(secret), b64encode(secret.encode()).decode()):
        assert spelling not in left
    assert redact(clean) is clean
    assert redact_request(exchange.request) == clean.request
    assert places(exchange)


@settings(deadline=None, max_examples=150)
@given(plantings(), SECRETS)
def test_the_form_does_not_depend_on_the_secret(planted: tuple[Interaction, str], other: str) -> None:
    """Another secret in the same place, or the placeholder itself, gives the same form."""
    exchange, secret = planted
    first = form_of(redact_request(exchange.request))
    for another in (other, placeholder("refresh-token", 7), dressed("access-token", 3, JWT), "x"):
        request = exchange.request
        for spelling in sorted(written(secret), key=len, reverse=True):
            request = replace(
                request,
                url=request.url.replace(spelling, quote(another, safe="")),
                headers=tuple((name, value.replace(spelling, "y")) for name, value in request.headers),
                body=request.body.replace(spelling.encode(), quote(another, safe="").encode()),
            )
        assert form_of(redact_request(request)) == first


@pytest.mark.parametrize(
    ("with_key", "without"),
    [
        (asked(headers=(("Authorization", "Bearer sk-1"), JSON), body="{}"), asked(headers=(JSON,), body="{}")),
        (asked("https://x.test/v1?api_key=1&a=b"), asked("https://x.test/v1?a=b")),
        (asked("https://u:p@x.test/v1"), asked("https://x.test/v1")),
        (
            asked("https://generativelanguage.googleapis.com/v1beta/models?key=1"),
            asked("https://generativelanguage.googleapis.com/v1beta/models", (("x-goog-api-key", "2"),)),
        ),
    ],
)
def test_a_request_with_a_key_has_the_form_of_one_without(with_key: Request, without: Request) -> None:
    """Whether there is a credential, and in which of its places, is not part of the form."""
    assert form_of(redact_request(with_key)) == form_of(redact_request(without))


def test_the_placeholder_of_a_login_is_as_good_as_its_token() -> None:
    """A client that replays a login and sends back what it got asks what was recorded, whatever the ordinals."""
    login = Interaction(
        asked(TOKENS, (FORM,), "grant_type=password&username=me&password=SECRET"),
        answered((JSON,), f'{{"access_token":"{JWT}","refresh_token":"R1","nested":{{"refresh_token":"R2"}}}}'),
    )
    refresh = asked(TOKENS, (FORM,), "grant_type=refresh_token&refresh_token=R2")
    replayed = json.loads(redact(login).response.body)
    assert is_placeholder(replayed["access_token"])
    given_back = replayed["nested"]["refresh_token"]
    assert given_back == placeholder("refresh-token", 2)
    sent = asked(TOKENS, (FORM,), f"grant_type=refresh_token&refresh_token={given_back}")
    assert redact_request(sent) == redact_request(refresh)
    assert form_of(redact_request(sent)) == form_of(redact_request(refresh))


PARTS = st.sampled_from(
    [
        *('{"password":"', '"}', '"a":"b",', "\\", '"', "&", "password=", "https://x.test/?sig=", " ", "\n", "é", "}]"),
        *('{"secret":{"value":"', '"api_key":["', "<Secret>", "</Secret>", "\\u0026token=", "://u:p@", JWT, "sk-proj-"),
        *(placeholder("password", 2), dressed("secret", 3, JWT), "AKIATOKENTAPE0000004", '"authorization":"Bearer '),
    ]
)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(PARTS, max_size=30).map("".join),
    st.lists(PARTS, max_size=30).map("".join),
    st.sampled_from([(), (JSON,), (FORM,), (("Content-Type", "multipart/form-data; boundary=b"),)]),
)
def test_twice_is_once(request_body: str, response_body: str, headers: Headers) -> None:
    """Whatever the bodies are, a second pass finds nothing to change."""
    clean = redact(Interaction(asked(headers=headers, body=request_body), answered(headers, response_body)))
    assert redact(clean) == clean


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=40), st.text(max_size=40), st.integers(0, 3), st.booleans())
def test_everything_else_stays_to_the_byte(before: str, after: str, indent: int, ascii_only: bool) -> None:
    """Only the characters of the secret are replaced; white space, escapes and order are as they were."""
    assume(secret_role(before) is None and secret_role("z" + after) is None)
    tree = {before: after, "access_token": "Sx-secret-xS", "z" + after: [before, {"max_tokens": 1.50}]}
    body = json.dumps(tree, indent=indent or None, ensure_ascii=ascii_only)
    clean = redact_response(answered((JSON,), body)).body.decode()
    assert clean == body.replace("Sx-secret-xS", placeholder("access-token", 1))


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_bytes_without_a_known_place_stay(body: bytes) -> None:
    """A body in which nothing tells of a secret is the same object afterwards."""
    response = Response(200, body=body.replace(b":", b";").replace(b"<", b"(").replace(b"=", b"-"))
    assert redact_response(response) is response


# --- failing and telling


class Unreadable(str):
    """A header value that fails when it is looked at, with the secret in the error."""

    def encode(self, *_: object) -> bytes:
        """Fail."""
        raise ValueError("SECRET")


def test_a_failure_says_nothing_of_what_it_saw() -> None:
    """What can't be redacted raises our own error; neither its text nor its context has the secret."""
    response = answered((("Set-Cookie", Unreadable("SECRET")),))
    for step in (lambda: redact_response(response), lambda: redact(Interaction(asked(), response))):
        with pytest.raises(RedactionFailed) as caught:
            step()
        assert "SECRET" not in f"{caught.value} {caught.value.hint}"
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None


def test_places_are_told_without_values() -> None:
    """The report names where and what for, in the order of numbering."""
    exchange = Interaction(
        asked("https://u:SECRET@x.test/?api_key=SECRET", (("Authorization", "SECRET"),), '{"password":"SECRET"}'),
        answered((("Set-Cookie", "a=SECRET"),), '{"access_token":"SECRET"}'),
    )
    assert places(exchange) == (
        Place("request URL", "user-info"),
        Place("request query api_key", "api-key"),
        Place("request header authorization", "authorization"),
        Place("request body", "password", 1),
        Place("response header set-cookie", "cookie", 1),
        Place("response body", "access-token", 1),
    )


def recorded(file: Path) -> Interaction:
    """The only interaction of a recording, as PyYAML reads it."""
    (only,) = yaml.safe_load(file.read_text())["interactions"]
    sides = []
    for side in (only["request"], only["response"]):
        headers = tuple((name, str(value)) for name, values in side["headers"].items() for value in values)
        sides.append((headers, side["body"].encode()))
    (asked_headers, asked_body), (headers, body) = sides
    request = Request(only["request"]["method"], only["request"]["url"], asked_headers, asked_body)
    return Interaction(request, Response(only["response"]["code"], headers=headers, body=body))


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the real recordings are not beside the project")
def test_the_real_recordings_change_in_three_places_only() -> None:
    """In what others recorded and scrubbed stand the project's id and, once, an image's URL with its signature and the
    organization's id."""
    found: dict[str, int] = {}
    for file in sorted(FOLDER.glob("*.yaml")):
        exchange = recorded(file)
        answer = exchange.response
        clean = redact(exchange)
        project = header(answer.headers, "openai-project")
        headers = tuple(
            (name, f"proj_{placeholder('project', 1)}" if value == project else value) for name, value in answer.headers
        )
        body = re.sub(rb'&sig=[^&"]+', f"&sig={placeholder('signature', 1)}".encode(), answer.body)
        body = re.sub(rb"/org-[^/]+/", f"/org-{placeholder('secret', 1)}/".encode(), body)
        sized = {str(len(answer.body)): str(len(body))} if body != answer.body else {}
        headers = tuple(
            (name, sized.get(value, value) if name == "Content-Length" else value) for name, value in headers
        )
        assert clean == replace(exchange, response=replace(answer, headers=headers, body=body)), file.name
        for place in places(exchange):
            found[f"{place.where}: {place.role}"] = found.get(f"{place.where}: {place.role}", 0) + 1
    assert found == {
        "response header openai-project: project": 26,
        "response body: signature": 1,
        "response body: secret": 1,
    }
