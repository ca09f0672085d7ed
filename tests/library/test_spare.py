"""What is free again after a large body is given back to the system."""

import sys

import pytest

from tokentape.library import spare


def resident() -> int:
    """The memory of this process, in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="how much a process holds is asked of Linux")
def test_what_the_pieces_of_a_large_body_stood_in_is_given_back(monkeypatch):
    """Though something small that stays lies behind them."""
    given = []
    trim = spare._trim()
    monkeypatch.setattr(spare, "_trim", lambda: lambda stays: given.append(trim(stays)))
    pieces = [bytes(60_000) for _ in range(1_000)]
    kept = [bytes(60_000) for _ in range(10)]
    before = resident()
    del pieces
    spare.give_back(60_000_000)
    assert given
    assert resident() < before - 40_000_000
    assert kept


def test_after_a_small_one_nothing_is_done(monkeypatch):
    """It takes some milliseconds."""
    monkeypatch.setattr(spare, "_trim", lambda: pytest.fail("it was done"))
    spare.give_back(1_000_000)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="how much a process holds is asked of Linux")
def test_what_large_bodies_stood_in_does_not_stay_when_the_next_is_smaller():
    """By itself the allocator keeps blocks below the largest that was freed before: a second body of 16 MB stood beside
    the rests of the first."""
    spare.stand_apart()
    large = bytearray(30_000_000)
    del large
    blocks = [bytearray(b"x" * 4_000_000) for _ in range(10)]
    kept = [bytes(60_000) for _ in range(10)]
    before = resident()
    del blocks
    assert resident() < before - 30_000_000
    assert kept


def test_where_the_system_knows_no_such_thing_nothing_is_done(monkeypatch):
    """Of musl, macOS and Windows."""
    for library in (lambda _name: object(), lambda _name: (_ for _ in ()).throw(OSError("no such library"))):
        spare._trim.cache_clear()
        spare.stand_apart.cache_clear()
        monkeypatch.setattr(spare.ctypes, "CDLL", library)
        spare.stand_apart()
        spare.give_back(60_000_000)
    spare._trim.cache_clear()
    spare.stand_apart.cache_clear()
