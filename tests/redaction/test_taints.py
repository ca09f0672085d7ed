"""Which values are looked for everywhere, and in which disguises they are found."""

import base64
import json
import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planting import WRITINGS, leaks, secrets
from secrets_for_tests import SHAPELESS_KEY as KEY

from tokentape.model import Interaction, Request, Response
from tokentape.redaction.hidden import Search
from tokentape.redaction.redact import RedactionFailed, redact, redact_request
from tokentape.redaction.taints import Needles, taints_of

BASIC = base64.b64encode(f"{KEY}:".encode()).decode()
LOGIN = base64.b64encode(f"me:{KEY}".encode()).decode()
LINES = base64.encodebytes(b"x" * 50 + KEY.encode() + b"y" * 50)
CASES = [
    ("api-key", KEY, (KEY,)),
    ("api-key", "short1", ()),
    ("api-key", "unused-unused-unused", ()),
    ("api-key", "tokentape-redacted-api-key-1", ()),
    ("password", "Winter2024!!", ("Winter2024!!",)),
    ("cookie", KEY, (KEY,)),
    ("cookie", "en_US_POSIX_1", ()),
    ("cookie", "2024-01-01T00:00:00Z", ()),
    ("signature", KEY, ()),
    ("user-info", f"me:{KEY}", (f"me:{KEY}", KEY)),
    ("authorization", LOGIN, (LOGIN, KEY)),
    ("authorization", BASIC, (BASIC, KEY)),
]


@pytest.mark.parametrize(("role", "value", "expected"), CASES)
def test_what_is_worth_looking_for(role: str, value: str, expected: tuple[str, ...]) -> None:
    """Long enough and random enough; a role under which much else stands asks for more."""
    assert taints_of(role, value) == expected


@settings(max_examples=150, deadline=None)
@given(secrets(), st.sampled_from(sorted(WRITINGS)), st.text("ab ,{}[]", max_size=9), st.text("ab ,{}[]", max_size=9))
def test_a_taint_is_found_in_every_disguise(secret: str, how: str, before: str, behind: str) -> None:
    """And in a thousand others' company."""
    search = Search(taints=Needles([secret, *(f"other{number}Zq7{KEY}" for number in range(20))]), shapes=False)
    text = f"{before} {WRITINGS[how](secret)} {behind}"
    assert [span.value for span in search.spans(text.encode())] == [secret]


@pytest.mark.parametrize("how", sorted(WRITINGS))
def test_a_key_with_a_backslash_in_it_is_found_in_every_disguise(how: str) -> None:
    r"""In a header ``\f`` is two letters of the key and no form feed, as it would be in JSON."""
    key = "Kq7Zx3Vw000012\\f9Rj"
    clean = redact_request(asked(("Authorization", f"Bearer {key}"), body=WRITINGS[how](key).encode()))
    assert [spelling for spelling in leaks(key) if spelling in clean.body] == []


def asked(*headers: tuple[str, str], url: str = "https://x.test/", body: bytes = KEY.encode()) -> Request:
    """A request, the key in its body if nothing else is said."""
    return Request("POST", url, headers, body)


PART = f'--B\r\nContent-Disposition: form-data; name="f"; filename="{KEY}.txt"\r\n\r\nx\r\n--B--\r\n'.encode()
MULTIPART = ("Content-Type", "multipart/form-data; boundary=B")
PLACES = {
    "a user without a password": (asked(("Authorization", f"Basic {BASIC}")), Response(200)),
    "a cookie": (asked(("Cookie", f"a=b; s={KEY}")), Response(200)),
    "a subprotocol": (asked(("Sec-WebSocket-Protocol", f"openai-insecure-api-key.{KEY}")), Response(200)),
    "the reason of an answer": (asked(url=f"https://{KEY}@x.test/"), Response(401, f"no {KEY}")),
    "a trailer": (asked(url=f"https://x.test/?token={KEY}"), Response(200, trailers=(("X-T", KEY),))),
    "base64 in lines": (asked(("x-api-key", KEY), body=LINES), Response(200)),
    "the name of a file": (asked(("x-api-key", KEY), MULTIPART, body=PART), Response(200)),
}


@pytest.mark.parametrize("place", PLACES)
def test_it_is_nowhere_in_what_is_written(place: str) -> None:
    """Whatever the known place was, and wherever it turns up."""
    clean = redact(Interaction(*PLACES[place]))
    said = repr(clean).encode() + clean.request.body + clean.response.body
    assert KEY.encode() not in said
    assert base64.b64encode(KEY.encode())[4:20] not in said


def test_a_method_can_not_hold_one() -> None:
    """No placeholder fits there: the interaction is not to be written."""
    with pytest.raises(RedactionFailed) as caught:
        redact(Interaction(Request(f"GET-{KEY}", "https://x.test/", (("x-api-key", KEY),)), Response(200)))
    assert KEY not in str(caught.value)


def test_a_short_secret_that_was_asked_for_is_found_as_it_stands() -> None:
    """A value of ``[redact] env`` may be of eight characters; it is not only looked for in disguise."""
    search = Search(taints=Needles(["pl41n-wd"]), shapes=False)
    assert [span.value for span in search.spans(b"it says pl41n-wd here")] == ["pl41n-wd"]


def test_base64_in_lines_inside_json_is_one_word() -> None:
    """The lines of a file that was read into compact JSON end in a backslash and an n."""
    body = json.dumps({"file": LINES.decode()}).encode()
    assert b"\n" not in body
    assert [span.value for span in Search(taints=Needles([KEY]), shapes=False).spans(body)] == [KEY]


def test_a_long_token_over_the_edge_of_a_slice_goes_whole() -> None:
    """A body is looked through in slices, and a token of two thousand characters may lie on both."""
    token = "sk-" + "Zq7Lm82KpXv".join(str(number) for number in range(150))
    for before in ((1 << 18) - 1000, (1 << 18) - 10):
        text = b"a " * (before // 2) + token.encode() + b" b"
        (span,) = Search().spans(text)
        assert text[span.start : span.end] == token.encode()


def test_a_named_key_that_is_longer_than_what_is_looked_at_goes_whole() -> None:
    """A session token of eight hundred characters leaves no rest."""
    token = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=900))
    text = f'export AWS_SESSION_TOKEN="{token}" # set'.encode()
    spans = Search().spans(text)
    assert [text[span.start : span.end].decode() for span in spans] == [token]
