"""Limits in the words of each provider: headers of answers, errors, how long to wait."""

import pytest

from tokentape.simulation.limits import Book, Cost, Limit
from tokentape.simulation.limitwords import Asked, go_duration, iso, left, tells_when_used_up, used_up

WALL = 1_767_225_600.0  # 2026-01-01T00:00:00Z
ASKED = Asked("chat", "gpt-4o", "2024-02-01")

DURATIONS = [
    (0, "0s"),
    (0.0004, "1ms"),
    (0.012, "12ms"),
    (1, "1s"),
    (8.64, "8.64s"),
    (59.9999, "1m0s"),
    (60, "1m0s"),
    (360, "6m0s"),
    (90.5, "1m30.5s"),
    (3661.25, "1h1m1.25s"),
]


@pytest.mark.parametrize(("seconds", "text"), DURATIONS)
def test_openai_writes_times_as_go_does(seconds, text):
    """To the millisecond, and never too short."""
    assert go_duration(seconds) == text


def test_openai_says_limit_rest_and_reset():
    """As its guide has them: 500 a minute, one gone, is 120 ms to full."""
    book = Book("openai", Limit(requests=500, tokens=30_000))
    assert book.admit(0.0, Cost(15_000)) is None
    assert left("openai", book, 0.0, WALL) == (
        ("x-ratelimit-limit-requests", "500"),
        ("x-ratelimit-remaining-requests", "499"),
        ("x-ratelimit-reset-requests", "120ms"),
        ("x-ratelimit-limit-tokens", "30000"),
        ("x-ratelimit-remaining-tokens", "15000"),
        ("x-ratelimit-reset-tokens", "30s"),
    )


def test_azure_says_what_is_left_of_its_windows():
    """Requests are those of ten seconds."""
    book = Book("azure", Limit(tokens=20_000))
    assert book.admit(0.0, Cost(648)) is None
    assert left("azure", book, 1.0, WALL) == (
        ("x-ratelimit-limit-requests", "20"),
        ("x-ratelimit-remaining-requests", "19"),
        ("x-ratelimit-limit-tokens", "20000"),
        ("x-ratelimit-remaining-tokens", "19352"),
    )
    assert left("azure", book, 61.0, WALL)[3] == ("x-ratelimit-remaining-tokens", "20000")


def test_azure_s_headers_of_input_tokens_have_no_space_in_their_names():
    """A name with one is no header, and the answer never left."""
    names = [name for name, _ in left("azure", Book("azure", Limit(input_tokens=100, output_tokens=50)), 0.0, WALL)]
    assert names == [
        f"x-ratelimit-{what}-{kind}" for kind in ("input-tokens", "output-tokens") for what in ("limit", "remaining")
    ]


def test_anthropic_says_when_in_rfc_3339():
    """Tokens to the nearest thousand, requests exactly."""
    book = Book("anthropic", Limit(requests=50, input_tokens=40_000, output_tokens=8000))
    assert book.admit(0.0, Cost(0, 10_400)) is None
    headers = dict(left("anthropic", book, 0.0, WALL))
    assert headers["anthropic-ratelimit-requests-limit"] == "50"
    assert headers["anthropic-ratelimit-requests-remaining"] == "49"
    assert headers["anthropic-ratelimit-requests-reset"] == "2026-01-01T00:00:02Z"
    assert headers["anthropic-ratelimit-input-tokens-remaining"] == "30000"
    assert headers["anthropic-ratelimit-input-tokens-reset"] == "2026-01-01T00:00:16Z"
    assert headers["anthropic-ratelimit-output-tokens-reset"] == iso(WALL)


def refusal(provider, limit, *costs):
    """The error for the last of some requests that come at once."""
    book = Book(provider, limit)
    exceeded = [book.admit(0.0, cost) for cost in costs][-1]
    return used_up(provider, exceeded, ASKED)


def test_openai_s_error_says_how_long():
    """With the figures of an error that was seen on the wire."""
    problem, headers = refusal("openai", Limit(tokens=10_000), Cost(8554), Cost(3082))
    assert problem.message.startswith("Rate limit reached for gpt-4o in organization org-")
    assert "on tokens per min (TPM): Limit 10000, Used 8554, Requested 3082. Please try again in 9.816s." in (
        problem.message
    )
    assert (problem.status, problem.kind, problem.code, problem.param) == (429, "tokens", "rate_limit_exceeded", None)
    assert headers == (("retry-after", "10"), ("retry-after-ms", "9816"))


def test_openai_s_error_for_what_never_fits():
    """No time to wait is named, for to wait does not help."""
    problem, headers = refusal("openai", Limit(tokens=30_000), Cost(30_601))
    assert problem.message.startswith("Request too large for gpt-4o")
    assert "(TPM): Limit 30000, Requested 30601." in problem.message
    assert headers == ()


@pytest.mark.parametrize(
    ("limit", "costs", "reason", "wait"),
    [
        (Limit(tokens=10_000), [Cost(6000)] * 2, "token", "60"),
        (Limit(requests=6), [Cost()] * 2, "call", "10"),
        (Limit(tokens=1000), [Cost(1001)], "token", "60"),
    ],
)
def test_azure_s_error_says_which_limit_and_how_many_seconds(limit, costs, reason, wait):
    """In its gateway's shape; the last row is where the Azure simulator answers with an empty 500."""
    problem, headers = refusal("azure", limit, *costs)
    assert "ChatCompletions_Create Operation under Azure OpenAI API version 2024-02-01" in problem.message
    assert f"exceeded {reason} rate limit" in problem.message
    assert f"Please retry after {wait} seconds." in problem.message
    assert (problem.status, problem.code, problem.kind) == (429, "429", "")
    reset = "requests" if reason == "call" else "tokens"
    assert headers == (
        ("retry-after", wait),
        ("retry-after-ms", f"{wait}000"),
        (f"x-ratelimit-reset-{reset}", wait),
    )
    assert not tells_when_used_up("azure")


def test_anthropic_s_error_names_the_kind_of_tokens():
    """Input and output apart."""
    problem, headers = refusal("anthropic", Limit(input_tokens=20_000), Cost(0, 20_000), Cost(0, 5000))
    assert "rate limit of 20,000 input tokens per minute" in problem.message
    assert problem.status == 429
    assert headers == (("retry-after", "15"), ("x-should-retry", "true"))
    assert tells_when_used_up("anthropic")
