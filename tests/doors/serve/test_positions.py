"""Positions that processes share: each play is counted once."""

import multiprocessing
from collections.abc import Iterator

import pytest

from tokentape.deck.positions import Order
from tokentape.deck.sessions import Session
from tokentape.doors.serve.positions import SharedPositions

ASKED = ("", "chat", b"digest")


@pytest.fixture
def positions() -> Iterator[SharedPositions]:
    """Positions in shared memory."""
    made = SharedPositions.made(multiprocessing.get_context("spawn").Lock())
    yield made
    made.remove()


def test_a_claim_is_good_if_nobody_was_quicker(positions: SharedPositions) -> None:
    """What is due is looked at and counted in two steps, so the second says what the first has seen."""
    assert positions.claim(*ASKED, 0)
    assert not positions.claim(*ASKED, 0)
    assert positions.due(*ASKED) == 1
    assert positions.claim(*ASKED, 1)
    positions.rewind("")
    assert not positions.claim(*ASKED, 2)
    assert positions.due(*ASKED) == 0


def test_two_processes_that_see_the_same_due_do_not_both_play_it(positions: SharedPositions) -> None:
    """The one that comes too late counts nothing, and looks again."""
    orders = [Order("last"), Order("last")]
    sessions = [Session(""), Session("")]
    for order in orders:
        order.shared = positions
    seen = [order.due(session, "chat", b"k", [3, 5, 8]) for order, session in zip(orders, sessions, strict=True)]
    assert [due.position for due in seen] == [3, 3]
    assert orders[0].play_just(sessions[0], "chat", seen[0])
    assert not orders[1].play_just(sessions[1], "chat", seen[1])
    assert not sessions[1].plays
    assert orders[1].due(sessions[1], "chat", b"k", [3, 5, 8]).position == 5
