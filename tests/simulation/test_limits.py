"""Limits as the providers count them: over minutes, by deployment and by key."""

import random

import pytest

from tokentape.simulation.limits import INPUT, OUTPUT, REQUESTS, TOKENS, Book, Books, Cost, Limit

MINUTES = 5


def admitted(provider, limit, rate, cost, seed=1, minutes=MINUTES):
    """How many requests, which come by chance at a rate (a second), are let through in some simulated minutes."""
    chance, book = random.Random(seed), Book(provider, limit)
    now, count = 0.0, 0
    while (now := now + chance.expovariate(rate)) < minutes * 60:
        count += book.admit(now, cost) is None
    return count


# Provider, limit, cost of a request, and how many get through in five minutes: a bucket starts full and fills on, so
# that there is a minute's more; a window of ten seconds lets its share through in each ten seconds.
ACCURACY = [
    ("azure", Limit(tokens=30_000), Cost(100), MINUTES * 180),  # six requests a minute to each thousand tokens
    ("azure", Limit(tokens=30_000), Cost(1000), MINUTES * 30),
    ("azure", Limit(requests=60), Cost(), MINUTES * 60),
    ("azure", Limit(requests=600, window=1.0), Cost(), MINUTES * 600),
    ("openai", Limit(requests=500), Cost(), (MINUTES + 1) * 500),
    ("openai", Limit(requests=10_000, tokens=30_000), Cost(50), (MINUTES + 1) * 600),
    ("anthropic", Limit(requests=50, input_tokens=40_000), Cost(0, 100), (MINUTES + 1) * 50),
    ("anthropic", Limit(input_tokens=40_000), Cost(0, 100), (MINUTES + 1) * 400),
]


@pytest.mark.parametrize(("provider", "limit", "cost", "expected"), ACCURACY)
def test_limits_hold_within_one_per_cent_over_five_minutes(provider, limit, cost, expected):
    """Under thirty times as many requests as may come, so that there is always one to take a place that comes free."""
    count = admitted(provider, limit, 30 * expected / (MINUTES * 60), cost)
    assert 0.99 * expected <= count <= expected + 1


@pytest.mark.parametrize("provider", ["azure", "openai", "anthropic"])
def test_below_the_limit_nobody_waits(provider):
    """Half of what may come all comes through."""
    limit = Limit(requests=600, tokens=600_000, input_tokens=600_000)
    book = Book(provider, limit)
    assert all(book.admit(number / 5, Cost(500, 500)) is None for number in range(1500))


def test_azure_gives_six_requests_to_a_thousand_tokens():
    """Ten thousand tokens a minute: ten requests in ten seconds, measured so on the wire."""
    book = Book("azure", Limit(tokens=10_000))
    refused = [book.admit(0.01 * number, Cost(10)) for number in range(11)]
    assert refused[:10] == [None] * 10
    assert (refused[10].kind, refused[10].limit, refused[10].used) == (REQUESTS, 10, 10)
    assert refused[10].wait == pytest.approx(9.9)


def test_azure_s_tokens_are_those_of_the_last_sixty_seconds():
    """Five of 2000 tokens fit in ten thousand; the next has to wait until the first has left the window."""
    book = Book("azure", Limit(tokens=10_000))
    refused = [book.admit(10.0 * number, Cost(2000)) for number in range(6)]
    assert refused[:5] == [None] * 5
    assert (refused[5].kind, refused[5].used, refused[5].asked, refused[5].wait) == (TOKENS, 10_000, 2000, 10)
    assert book.admit(60.0, Cost(2000)) is None


def test_a_window_of_one_second_spreads_requests():
    """Azure may look at a second: 600 a minute are ten in each, however empty the minute was."""
    book = Book("azure", Limit(requests=600, window=1.0))
    assert [book.admit(100.0, Cost()) is None for _ in range(12)] == [True] * 10 + [False] * 2
    assert book.admit(101.0, Cost()) is None


def test_what_is_refused_counts_for_nothing():
    """Whoever tries in vain does not push his turn away."""
    book = Book("openai", Limit(requests=1))
    assert book.admit(0.0, Cost()) is None
    assert all(book.admit(0.1 * number, Cost()) is not None for number in range(1, 600))
    assert book.admit(60.0, Cost()) is None


def test_the_longest_wait_is_the_reason():
    """Of two limits that are used up."""
    book = Book("openai", Limit(requests=60, tokens=60))
    for _ in range(60):
        book.admit(0.0, Cost(1))
    exceeded = book.admit(0.0, Cost(30))
    assert (exceeded.kind, exceeded.wait) == (TOKENS, 30)


def test_anthropic_s_output_counts_when_it_is_made():
    """Not what is asked for: an answer longer than the minute allows keeps the next one waiting."""
    book = Book("anthropic", Limit(output_tokens=1000))
    assert book.admit(0.0, Cost(9999, 10)) is None
    book.output.take(0.0, 1500)
    exceeded = book.admit(0.0, Cost(0, 10))
    assert (exceeded.kind, exceeded.wait) == (OUTPUT, 30)


def test_shared_by_deployment_or_by_key():
    """Azure counts by deployment and the others by key, unless the limit says otherwise."""
    for provider, per, shared in (
        ("azure", "", True),
        ("azure", "key", False),
        ("openai", "", False),
        ("openai", "deployment", True),
    ):
        books = Books()
        limit = Limit(requests=1, window=60, per=per)
        assert books.open(limit, provider, "gpt-4o", "a").admit(0.0, Cost()) is None
        other = books.open(limit, provider, "gpt-4o", "b").admit(0.0, Cost())
        assert (other is not None) is shared, (provider, per)
        assert books.open(limit, provider, "gpt-4.1", "a").admit(0.0, Cost()) is None


def test_another_limit_keeps_what_is_used():
    """A limit that changes while it runs does not begin anew; one that comes new does."""
    books = Books()
    book = books.open(Limit(requests=1), "openai", "m", "")
    assert book.admit(0.0, Cost()) is None
    same = books.open(Limit(requests=2, input_tokens=5), "openai", "m", "")
    assert same is book
    assert [gauge.kind for gauge in book.gauges] == [REQUESTS, INPUT]
    assert [book.admit(0.0, Cost()) is None for _ in range(2)] == [True, False]


def test_keys_that_never_come_again_are_forgotten():
    """Another key with each request must not fill the memory."""
    books = Books()
    for number in range(20_000):
        books.open(Limit(requests=1), "openai", "m", str(number))
    assert len(list(books.by_name())) <= 10_000
