"""The memo: what it says of a request is what is found without it, and it forgets in time."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokentape.deck import memo
from tokentape.deck.memo import Memo
from tokentape.matching.form import body_hash, form_of, incoming_keys
from tokentape.model import Request
from tokentape.redaction.redact import redact_request
from tokentape.rules.profile import DEFAULT, Profile

URL = "https://api.openai.com/v1/chat/completions"
ASKED = Request(
    "POST",
    URL,
    (
        ("Content-Type", "application/json"),
        ("Authorization", "Bearer sk-abc"),
        ("X-Request-Id", "1"),
        ("Accept", "*/*"),
    ),
    b'{"model": "gpt-4o"}',
)
AGAIN = tuple((name, value) if name != "X-Request-Id" else (name, "2") for name, value in ASKED.headers)

ANY_HEADER = st.tuples(
    st.sampled_from(
        [
            "Content-Type",
            "Content-Encoding",
            "Authorization",
            "Cookie",
            "Referer",
            "X-Cassette-Name",
            "Date",
            "b3",
            "X-Y",
        ]
    ),
    st.sampled_from(
        [
            "application/json",
            "application/x-www-form-urlencoded",
            "gzip",
            "a",
            "https://h/?token=t1",
            "https://h/?api_key=k",
        ]
    ),
)
ANY_REQUEST = st.builds(
    Request,
    st.sampled_from(["GET", "POST"]),
    st.sampled_from([URL, "https://a.example/x?b=1&api_key=k", "https://a.example/x?b=1"]),
    st.lists(ANY_HEADER, max_size=3).map(tuple),
    st.sampled_from([b"", b"{}", b'{"api_key": "k"}', b"api_key=k&a=1", b"a=1", b'{"url": "https://h/?token=t2"}']),
)


def keys_without_memo(request, profile=DEFAULT, *, host_known=True):
    """What the memo must say."""
    return incoming_keys(form_of(redact_request(request), profile, host_known=host_known))


@given(st.lists(st.tuples(ANY_REQUEST, st.booleans()), min_size=1, max_size=12))
@settings(max_examples=150, deadline=None)
def test_it_says_what_is_found_without_it(asked):
    """Whatever was asked before: the keys, the name and the redacted request are those of this very request."""
    kept = Memo(most=4)
    profiles = (DEFAULT, Profile(match_on=("method", "path", "header:X-Y", "header:Date")))
    for request, host_known in [*asked, *asked]:
        known = kept.know(request, host_known=host_known)
        for profile in profiles:
            assert known.keys(profile) == keys_without_memo(request, profile, host_known=host_known)
        assert known.own_cassette().endswith(body_hash(form_of(redact_request(request))))
        assert known.redacted == redact_request(request)


def test_the_same_bytes_are_not_taken_apart_again(monkeypatch):
    """The second time neither redaction nor the form is needed; ids and our own headers may differ."""
    kept = Memo()
    first = kept.know(ASKED)
    keys, name = first.keys(DEFAULT), first.own_cassette()
    monkeypatch.setattr(memo, "cleaned", None)
    monkeypatch.setattr(memo, "form_of", None)
    other = (*AGAIN, ("X-Cassette-Session", "s7"), ("Proxy-Authorization", "Basic eDp4"), ("traceparent", "00-1"))
    for request in (ASKED, replace(ASKED, headers=other)):
        known = kept.know(request)
        assert known.keys(DEFAULT) == keys
        assert known.own_cassette() == name


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, method="PUT"),
        replace(ASKED, url=f"{URL}?a=1"),
        replace(ASKED, body=b'{"model": "gpt-4o-mini"}'),
        replace(ASKED, url="https://api.openai.com/v1/chat", body=b"/completions" + ASKED.body),
        replace(ASKED, headers=(("Content-Type", "application/json,"),)),
    ],
    ids=["method", "query", "body", "where one ends", "header"],
)
def test_another_request_is_another(other):
    """What may make a difference is looked at anew."""
    kept = Memo()
    kept.know(ASKED).keys(DEFAULT)
    assert kept.know(other).keys(DEFAULT) == keys_without_memo(other)


def test_a_compared_header_is_never_remembered():
    """Under a rule that compares a header that differs each time, each request is itself."""
    profile = Profile(match_on=("method", "url", "header:X-Request-Id"))
    kept = Memo()
    one, two = kept.know(ASKED).keys(profile), kept.know(replace(ASKED, headers=AGAIN)).keys(profile)
    assert one == keys_without_memo(ASKED, profile)
    assert one != two


def test_it_forgets_what_was_not_asked_for_longest(monkeypatch):
    """So many are kept and no more."""
    kept = Memo(most=2)
    asks = [replace(ASKED, body=json.dumps({"n": number}).encode()) for number in range(3)]
    for number in (0, 1, 0, 2):
        kept.know(asks[number]).keys(DEFAULT)
    made = []
    monkeypatch.setattr(memo, "form_of", lambda request, *_, **__: made.append(request.body) or form_of(request))
    for ask in (asks[0], asks[2], asks[1]):
        kept.know(ask).keys(DEFAULT)
    assert made == [asks[1].body]
