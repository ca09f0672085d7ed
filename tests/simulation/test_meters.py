"""Buckets and windows: what is used when, how long to wait, and what it costs."""

import random
import sys
from collections import deque
from copy import deepcopy

import pytest
from steps import walk

from tokentape.simulation.meters import NEVER, Bucket, Window


def test_a_bucket_fills_all_the_time():
    """Sixty a minute are one a second; what is empty is so after as long as it takes to fill."""
    bucket = Bucket(60)
    for _ in range(60):
        assert bucket.wait(0.0, 1) == 0
        bucket.take(0.0, 1)
    assert (bucket.wait(0.0, 1), bucket.wait(0.0, 5), bucket.idle(0.0)) == (1, 5, 60)
    assert bucket.wait(0.75, 1) == pytest.approx(0.25)
    assert bucket.wait(1.0, 1) == 0
    assert (bucket.used(60), bucket.idle(61)) == (0, 0)


# What OpenAI's own errors say: limit, used, requested, and in how many seconds to try again.
SAID_BY_OPENAI = [(10_000, 8554, 3082, 9.816), (30_000, 14_567, 24_754, 18.642), (30_000, 29_937, 385, 0.644)]


@pytest.mark.parametrize(("limit", "used", "asked", "wait"), SAID_BY_OPENAI)
def test_a_bucket_waits_as_long_as_openai_says(limit, used, asked, wait):
    """Errors seen on the wire, with their figures."""
    bucket = Bucket(limit)
    bucket.take(5.0, used)
    assert bucket.wait(5.0, asked) == pytest.approx(wait)


def test_a_window_forgets_what_is_older_than_it():
    """And not a moment before."""
    window = Window(10, 60)
    window.take(0.0, 4)
    window.take(30.0, 6)
    assert window.used(59.9) == 10
    assert window.wait(40.0, 1) == pytest.approx(20)
    assert window.wait(40.0, 5) == pytest.approx(50)
    assert window.used(60.0) == 6
    assert (window.wait(60.0, 4), window.idle(60.0)) == (0, 30)
    assert (window.used(90.0), window.idle(90.0)) == (0, 0)


@pytest.mark.parametrize("meter", [Bucket(10), Window(10, 60)])
def test_more_than_the_whole_never_fits(meter):
    """The Azure simulator fails with an OverflowError there."""
    assert meter.wait(0.0, 11) == NEVER
    assert meter.wait(0.0, 10) == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_window_is_that_of_a_log_of_everything(seed):
    """Against a list of all that came, within the thousandth of a window that entries are put together in."""
    chance = random.Random(seed)
    window, log, now = Window(1000, 10), deque(), 0.0
    for _ in range(800):
        now += chance.expovariate(10)
        cost = chance.randrange(1, 40)
        before = sum(spent for at, spent in log if now - at < 10)
        earlier = sum(spent for at, spent in log if now - at < 10 - 0.01)
        assert earlier <= window.used(now) <= before
        if window.wait(now, cost) == 0:
            window.take(now, cost)
            log.append((now, cost))
        else:
            assert before + cost > 1000
            then = now + window.wait(now, cost) + 1e-6
            assert deepcopy(window).used(then) + cost <= 1000


def test_a_change_of_the_limit_keeps_what_is_used():
    """A limit may go up and down at any time."""
    for meter in (Bucket(10), Window(10, 60)):
        meter.take(0.0, 10)
        meter.limit = 20
        assert meter.wait(0.0, 10) == 0
        meter.limit = 5
        assert meter.wait(0.0, 1) > 0


@pytest.mark.parametrize("make", [lambda: Bucket(10**12), lambda: Window(10**12, 60)])
def test_a_million_requests_cost_each_what_a_thousand_do(make):
    """Neither work nor memory grows with what has come before; the Azure simulator's do."""
    meter, now = make(), 0.0

    def run(count: int) -> None:
        nonlocal now
        for _ in range(count):
            now += 0.0001
            if meter.wait(now, 16) == 0:
                meter.take(now, 16)

    with walk() as first:
        run(1000)
    run(1_000_000)
    with walk() as later:
        run(1000)
    assert later.steps < 1.1 * first.steps
    assert sum(map(sys.getsizeof, (getattr(meter, name) for name in type(meter).__slots__))) < 100_000
