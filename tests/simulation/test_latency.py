"""Times of answers: distributed as they were configured, and the same for the same chance."""

import random
import statistics

import pytest

from tokentape.simulation.latency import AT_ONCE, Clock, Latency, Spread, Work, table
from tokentape.simulation.speeds import PROFILES, SPEEDS

ANSWERS = 20_000


def draws(latency, work, seed=7, count=ANSWERS):
    """The times of many answers in one piece."""
    clock, chance = Clock(latency), random.Random(seed)
    return [clock.whole(chance.getrandbits(64), work) for _ in range(count)]


SPREADS = [Spread(0.4, 0.12), Spread(0.02, 0.006), Spread(1.0, 1.0), Spread(15, 1)]


@pytest.mark.parametrize("spread", SPREADS)
def test_a_time_has_its_mean_and_its_deviation(spread):
    """Within two per cent over twenty thousand answers, and it is never below zero, which a normal one would be."""
    times = draws(Latency(whole=spread), Work())
    assert statistics.fmean(times) == pytest.approx(spread.mean, rel=0.02)
    assert statistics.stdev(times) == pytest.approx(spread.deviation, rel=0.05)
    assert min(times) > 0


def test_a_time_is_lognormal():
    """Its quantiles are those of the distribution with that mean and deviation."""
    shape = 0.5
    spread = Spread.about(1.0, shape)
    cut = statistics.quantiles(draws(Latency(whole=spread), Work()), n=100)
    for percent in (5, 25, 50, 75, 95):
        expected = statistics.NormalDist(0, shape).inv_cdf(percent / 100)
        assert cut[percent - 1] == pytest.approx(2.718281828**expected, rel=0.04), percent


def test_tokens_add_up():
    """The first, and a gap for each one after it; with the prompt on top."""
    latency = Latency(Spread(0.5, 0.1), Spread(0.02, 0.01), prompt_token=0.001)
    times = draws(latency, Work(prompt=100, tokens=101))
    assert statistics.fmean(times) == pytest.approx(0.5 + 0.1 + 100 * 0.02, rel=0.01)
    # Gaps are drawn apart: over a hundred the deviation is ten times that of one.
    assert statistics.stdev(times) == pytest.approx((0.1**2 + 100 * 0.01**2) ** 0.5, rel=0.05)


def test_an_answer_longer_than_the_table_of_draws():
    """Takes as long as its tokens say."""
    latency = Latency(Spread(0.5), Spread(0.02, 0.01))
    assert statistics.fmean(draws(latency, Work(tokens=100_001), count=50)) == pytest.approx(2000.5, rel=0.001)


def test_own_speed_is_of_the_whole_answer():
    """One draw a request, as the Azure simulator has it: the deviation grows with the length."""
    times = draws(Latency(Spread(0.019), Spread(0.019), own_speed=6 / 19), Work(tokens=100))
    assert statistics.fmean(times) == pytest.approx(1.9, rel=0.01)
    assert statistics.stdev(times) == pytest.approx(0.6, rel=0.05)


def test_events_of_a_stream():
    """Those before the first token come with it, those behind the last with that; between them the gaps."""
    clock = Clock(Latency(Spread(1.0), Spread(0.1)))
    assert clock.stream(0, Work(tokens=4), 1, 4, 2) == pytest.approx([1, 1, 1.1, 1.2, 1.3, 1.3, 1.3])


@pytest.mark.parametrize("events", [1, 7, 100, 180])
def test_fewer_events_than_tokens_take_the_same_time(events):
    """And so do more: how an answer is cut does not change when it is over."""
    clock, chance = Clock(Latency(Spread(1.0, 0.3), Spread(0.1, 0.05), own_speed=0.2)), random.Random(3)
    for _ in range(200):
        bits, work = chance.getrandbits(64), Work(tokens=100)
        times = clock.stream(bits, work, 2, events, 3)
        assert len(times) == events + 5
        assert times == sorted(times)
        assert times[-1] == pytest.approx(clock.whole(bits, work) if events > 1 else times[0])


def test_uploads_take_their_time():
    """By the megabyte: 1.5 of them at fifteen seconds each."""
    assert draws(Latency(megabyte=Spread(15)), Work(megabytes=1.5), count=1) == [22.5]


@pytest.mark.parametrize(("others", "factor"), [(0, 1), (25, 1.5), (50, 2), (500, 2)])
def test_it_takes_longer_under_load(others, factor):
    """In proportion, up to where it is busy."""
    latency = Latency(whole=Spread(1.0), under_load=2.0, busy_at=50)
    assert draws(latency, Work(others=others), count=1) == [pytest.approx(factor)]


def test_the_same_chance_gives_the_same_times():
    """And another one others."""
    latency = Latency(Spread(0.5, 0.2), Spread(0.02, 0.01), own_speed=0.1)
    assert draws(latency, Work(tokens=10), 1, 50) == draws(latency, Work(tokens=10), 1, 50)
    assert draws(latency, Work(tokens=10), 1, 50) != draws(latency, Work(tokens=10), 2, 50)


def test_nothing_said_takes_no_time():
    """As the Azure simulator's load tests want it."""
    assert set(draws(AT_ONCE, Work(tokens=100), count=10)) == {0.0}
    assert set(table(Spread(0.5, 0.0))) == {0.5}


@pytest.mark.parametrize("speed", SPEEDS, ids=lambda speed: speed.name)
def test_a_profile_is_as_fast_as_was_measured(speed):
    """The median of the first token, and the tokens a second after it; and each says who measured it."""
    latency = PROFILES[speed.name]
    firsts = draws(Latency(whole=latency.first_token), Work(), count=4000)
    assert statistics.median(firsts) == pytest.approx(speed.first_token, rel=0.05)
    assert 1 / latency.token.mean == pytest.approx(speed.tokens_a_second)
    assert speed.source
