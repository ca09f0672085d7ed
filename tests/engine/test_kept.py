"""Answers that are kept: the ones that would be made now, and no more of them than the memory has room for."""

from tokentape.engine.kept import LARGEST, MOST, MOST_BYTES, Kept
from tokentape.generate import Generated, Setting
from tokentape.generate.canned import rules_from
from tokentape.generate.route import Route
from tokentape.simulation.calls import Call

SETTING = Setting()
ROUTE = Route("openai", "chat", "/v1/chat/completions")


def call() -> Call:
    return Call(ROUTE)


def made(second: int = 100, size: int = 0) -> Generated:
    return Generated(200, b'{"created":%d}' % second + b" " * size)


def test_an_answer_is_found_for_its_call_alone():
    """Each call is itself, and what holds for all has to be the same."""
    kept, asked = Kept(), call()
    kept.keep(asked, SETTING, 100, made())
    assert kept.find(asked, SETTING, 100) == made()
    assert kept.find(call(), SETTING, 100) is None
    assert kept.find(asked, Setting(), 100) is None


def test_it_says_the_time_at_which_it_is_asked_for():
    """Later, and earlier where a clock was put back."""
    kept, asked = Kept(), call()
    kept.keep(asked, SETTING, 100, made())
    assert [kept.find(asked, SETTING, second) for second in (101, 101, 99)] == [made(101), made(101), made(99)]


def test_what_a_rule_answers_is_not_kept():
    """The next one may be another."""
    kept, asked, ruled = Kept(), call(), Setting(rules=rules_from([{"text": "One."}]))
    kept.keep(asked, ruled, 100, made())
    assert kept.find(asked, ruled, 100) is None


def test_who_asks_something_else_each_time_does_not_fill_the_memory():
    """So many are kept, and so many bytes of them; the oldest goes first, and none is large."""
    kept, calls = Kept(), [call() for _ in range(MOST + 3)]
    for one in calls:
        kept.keep(one, SETTING, 100, made())
    assert len(kept) == MOST
    assert [kept.find(one, SETTING, 100) is None for one in (calls[2], calls[3])] == [True, False]
    large = made(size=LARGEST // 2)
    for one in calls[: 2 * MOST_BYTES // LARGEST + 5]:
        kept.keep(one, SETTING, 100, large)
    assert kept._bytes == sum(len(entry.made.body) for entry in kept._entries.values()) <= MOST_BYTES
    asked = call()
    kept.keep(asked, SETTING, 100, made(size=LARGEST))
    assert kept.find(asked, SETTING, 100) is None


def test_an_answer_that_is_made_anew_takes_the_place_of_the_old_one():
    """After the simulation was changed, say."""
    kept, asked = Kept(), call()
    kept.keep(asked, SETTING, 100, made(size=50))
    other = Setting(1)
    kept.keep(asked, other, 100, made())
    assert (kept.find(asked, SETTING, 100), kept.find(asked, other, 100)) == (None, made())
    assert kept._bytes == len(made().body)
