"""Limits that several processes share: they count as those of one process do, and together."""

import json
import multiprocessing
import random
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mitmproxy.certs import CertStore
from open_doors import OpenDoor
from raw_http import Talk
from shelf_of_cases import JSON

from tokentape.doors.serve import sharedmeters
from tokentape.doors.serve.sharedmeters import SharedMeters
from tokentape.simulation.limits import Books, Cost, Limit
from tokentape.simulation.meters import NEVER, Bucket


@pytest.fixture
def meters() -> Iterator[SharedMeters]:
    """Meters in shared memory."""
    made = SharedMeters.made(multiprocessing.get_context("spawn").RLock())
    yield made
    made.let_go()
    made.remove()


def test_a_shared_bucket_is_a_bucket(meters: SharedMeters) -> None:
    """The same waits, whatever comes."""
    chance, now = random.Random(1), 1000.0
    own, shared = Bucket(600), meters.bucket("m", 600)
    for _ in range(500):
        now, cost = now + chance.expovariate(5), chance.randrange(1, 40)
        assert shared.wait(now, cost) == pytest.approx(own.wait(now, cost))
        assert shared.idle(now) == pytest.approx(own.idle(now))
        if own.wait(now, cost) == 0:
            own.take(now, cost)
            shared.take(now, cost)
    assert shared.wait(now, 601) == NEVER


def test_a_shared_window_is_a_window(meters: SharedMeters) -> None:
    """Within a six-hundredth of it."""
    chance, now, log = random.Random(2), 1000.0, deque()
    shared = meters.window("m", 1000, 10)
    for _ in range(800):
        now, cost = now + chance.expovariate(10), chance.randrange(1, 40)
        before = sum(spent for at, spent in log if now - at < 10)
        earlier = sum(spent for at, spent in log if now - at < 10 - 10 / 600)
        assert earlier <= shared.used(now) <= before
        wait = shared.wait(now, cost)
        if wait == 0:
            shared.take(now, cost)
            log.append((now, cost))
        else:
            assert before + cost > 1000
            # Then so much has left that it fits.
            assert sum(spent for at, spent in log if now + wait - at < 10 - 10 / 600) + cost <= 1000
    assert shared.wait(now, 1001) == NEVER
    assert shared.used(now + 10.1) == shared.idle(now + 10.1) == 0


def test_what_has_one_name_is_one_meter(meters: SharedMeters) -> None:
    """And what has another is not."""
    meters.bucket("a", 10).take(5.0, 10)
    assert meters.bucket("a", 10).wait(5.0, 1) > 0
    assert meters.bucket("b", 10).wait(5.0, 1) == 0
    meters.window("a", 10, 60).take(5.0, 10)
    assert meters.window("a", 10, 60).wait(5.0, 1) > 0
    assert meters.window("a", 10, 10).wait(5.0, 1) == 0


def test_six_hundred_names_have_a_limit_each(meters: SharedMeters) -> None:
    """No two of them count in one place."""
    names = [meters.bucket(str(number), 10) for number in range(600)]
    for meter in names:
        assert meter.used(5.0) == 0
        meter.take(5.0, 1)
    assert [meter.used(5.0) for meter in names] == [1] * 600


def test_more_names_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was not there for longest begins anew, in another's place, and never counts for that one."""
    monkeypatch.setattr(sharedmeters, "SLOTS", 8)
    meters = SharedMeters.made(multiprocessing.get_context("spawn").RLock())
    try:
        names = [meters.bucket(str(number), 100) for number in range(9)]
        for at, meter in enumerate(names[:8]):
            meter.take(float(at), 50)
        names[0].take(8.0, 1)
        names[8].take(9.0, 7)
        assert names[8].used(9.0) == 7
        assert names[0].used(9.0) > 7, "it was there just now"
        assert names[1].used(9.0) == 0, "its place was taken"
        names[1].take(9.0, 3)
        assert (names[1].used(9.0), names[8].used(9.0)) == (3, 7)
        assert meters.bucket("8", 100).used(9.0) == 7
    finally:
        meters.let_go()
        meters.remove()


@pytest.mark.parametrize("provider", ["azure", "openai", "anthropic"])
def test_books_of_two_processes_count_together(provider: str, meters: SharedMeters) -> None:
    """Whichever is asked."""
    both = [Books(), Books()]
    for books in both:
        books.shared = meters
    limit = Limit(requests=6, window=60)
    admitted = [both[turn % 2].open(limit, provider, "m", "k").admit(100.0, Cost()) is None for turn in range(10)]
    assert admitted == [True] * 6 + [False] * 4
    assert both[1].open(limit, provider, "m", "k").admit(161.0, Cost()) is None


def test_workers_have_one_limit_together(tmp_path: Path) -> None:
    """Each of the Azure simulator's workers has its own, so that three let three times as much through."""
    CertStore.from_store(tmp_path / ".mitmproxy", "mitmproxy", 2048)
    simulation = tmp_path / "simulation.toml"
    simulation.write_text("[limits]\nrequests_per_minute = 12\n")
    flags = ("--mode=generate", "--workers=3", f"--simulation={simulation}")
    door = OpenDoor("fast", tmp_path / "cassettes", tmp_path, *flags).ready()
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5}).encode()

    def ask(_: int) -> int:
        with Talk(door.port) as talk:
            return talk.ask("POST", "/v1/chat/completions", JSON, body).status

    try:
        with ThreadPoolExecutor(4) as pool:
            statuses = list(pool.map(ask, range(40)))
    finally:
        door.close()
    # A bucket of twelve a minute gives one more each five seconds.
    assert 12 <= statuses.count(200) <= 14
    assert statuses.count(429) == 40 - statuses.count(200)
    assert "Exception" not in door.log
