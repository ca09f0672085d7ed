"""One proxy for all workers of a run: started once, whoever asks first and however many ask at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from waiting import until

from tokentape.proxytalk import ProxyTrouble
from tokentape.pytest_plugin.sharing import Borrowed, Owned
from tokentape.reporting.reports import Report

WORKERS = 40


class Standin:
    """In the place of a proxy: it starts when it is let go."""

    def __init__(self, trouble: ProxyTrouble | None = None) -> None:
        self.details = {"url": "http://127.0.0.1:1", "port": 1, "env": {}}
        self.go = threading.Event()
        self.started = self.closed = 0
        self.trouble = trouble

    def start(self) -> "Standin":
        self.started += 1
        self.go.wait(30)
        if self.trouble:
            raise self.trouble
        return self

    def close(self) -> Report:
        self.closed += 1
        return Report(replayed=7)


def connected_to(port: int) -> int:
    """How many sockets of this machine take themselves for connected to a port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's /proc")
def test_no_worker_waits_for_ever_when_all_ask_while_the_proxy_starts():
    """The more workers, the longer the queue at the listener; a queue that was too short left one hanging."""
    proxy = Standin()
    owned = Owned(lambda: proxy)
    offer = owned.offer()
    assert owned.offer() == offer
    with ThreadPoolExecutor(WORKERS) as pool:
        asked = [pool.submit(Borrowed(offer).address) for _ in range(WORKERS)]
        until(lambda: connected_to(offer["port"]) >= WORKERS, "all workers are connected")
        proxy.go.set()
        assert {one.result(30).url for one in asked} == {"http://127.0.0.1:1"}
    assert proxy.started == 1
    assert owned.close() == Report(replayed=7)
    assert owned.close() is None


def test_what_keeps_the_proxy_from_starting_is_told_to_each():
    """And it is not tried again for every test."""
    proxy = Standin(ProxyTrouble("no room", "make some"))
    proxy.go.set()
    owned = Owned(lambda: proxy)
    for shared in (owned, Borrowed(owned.offer()), Borrowed(owned.offer())):
        with pytest.raises(ProxyTrouble, match="no room") as caught:
            shared.address()
        assert caught.value.hint == "make some"
    assert proxy.started == 1


def test_who_does_not_know_the_key_gets_nothing():
    """Another program on this machine that finds the port."""
    proxy = Standin()
    proxy.go.set()
    offer = Owned(lambda: proxy).offer()
    with pytest.raises(Exception, match="digest"):
        Borrowed({**offer, "key": "00" * 32}).address()
    assert proxy.started == 0
    assert Borrowed(offer).address().port == 1


def test_an_error_that_was_not_ours_left_all_workers_hanging():
    """The thread that answers them had died of it; each is told now."""

    def broken() -> Standin:
        raise ValueError("no closing quotation")

    offer = Owned(broken).offer()
    for _ in range(2):
        with ThreadPoolExecutor(1) as pool, pytest.raises(ProxyTrouble, match="ValueError: no closing quotation"):
            pool.submit(Borrowed(offer).address).result(30)
