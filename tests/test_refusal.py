"""Refusals: statuses, the words for each kind of client."""

import json
from urllib.parse import unquote

import pytest

from tokentape.model import Request, header
from tokentape.refusal import STATUSES, Refusal, render

REFUSAL = Refusal("out-of-date", "no match", ("nearest: chat#0",), "record it")
TEXT = "tokentape: no match\n  nearest: chat#0\n\nhint: record it"


@pytest.mark.parametrize("code", STATUSES)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_every_refusal_says_its_code_and_is_not_retried(code, accept):
    """The code is in a header, and the SDKs are told not to try again."""
    rendered = render(Refusal(code, "why"), Request("GET", "http://h/", (("Accept", accept),)))
    assert rendered.status == STATUSES[code]
    assert header(rendered.headers, "x-cassette-error") == code
    assert header(rendered.headers, "x-should-retry") == "false"


@pytest.mark.parametrize(
    "headers", [(("Content-Type", "application/json; charset=utf-8"),), (("accept", "application/vnd.x+json"),)]
)
def test_a_client_that_speaks_json_gets_json(headers):
    """The outer message is what boto3 shows, the inner what the other SDKs show: they are the same."""
    rendered = render(REFUSAL, Request("POST", "http://h/", headers))
    told = json.loads(rendered.body)
    assert told == {**told["error"], "error": told["error"]}
    assert told["error"] == {"message": TEXT, "type": "cassette_error", "code": "out-of-date"}


def test_others_get_plain_text():
    """The whole text, with a final newline."""
    rendered = render(REFUSAL, Request("GET", "http://h/"))
    assert rendered.body.decode() == TEXT + "\n"
    assert header(rendered.headers, "content-type") == "text/plain; charset=utf-8"


def test_grpc_gets_its_own_status():
    """HTTP 200, FAILED_PRECONDITION, and the text percent-encoded."""
    rendered = render(REFUSAL, Request("POST", "https://h/s/m", (("content-type", "application/grpc+proto"),)))
    assert rendered.status == 200
    assert header(rendered.headers, "grpc-status") == "9"
    assert unquote(header(rendered.headers, "grpc-message") or "") == TEXT
