"""The deck: the mode table, sequences, takes and the report, without disk or network."""

import pytest

from tokentape.deck.decisions import Miss, Question, Record, Replay
from tokentape.deck.deck import Deck
from tokentape.deck.marks import mark_of
from tokentape.deck.sessions import Session
from tokentape.deck.shelf import Shelf, Shelved
from tokentape.errors import BadName
from tokentape.model import Interaction, Request, Response
from tokentape.modes import MODES
from tokentape.reporting.reports import Carried
from tokentape.rules.profile import Profile

PROFILE = Profile()


def keys_of(request, profile):
    return (request.url.encode(),)


def recorded(url, body):
    """A recording."""
    return Interaction(Request("GET", url), Response(200, body=body.encode()))


def mark(interaction):
    """A mark whose fingerprint is the body, to be recognised."""
    keys = keys_of(interaction.request, PROFILE)
    return mark_of(interaction, PROFILE)._replace(keys=keys, fingerprint=interaction.response.body.decode())


def shelf(**cassettes):
    """A shelf of cassettes, each of pairs of a URL and what it answers."""
    made = Shelf()
    for name, rows in cassettes.items():
        shelved = Shelved(name, (f"{name}.yaml", 0, 0, 0), PROFILE)
        shelved.add([mark(recorded(url, body)) for url, body in rows])
        made.put(shelved)
    return made


def over(shelved, mode, repeat="last"):
    """A deck over a shelf."""
    return Deck(shelved, MODES[mode], repeat, PROFILE, keys_of)


def deck(mode, repeat="last", **cassettes):
    """A deck over a shelf of these cassettes."""
    return over(shelf(**cassettes), mode, repeat)


def named(url, cassette, session="", obstacle=""):
    """A request that names its cassette."""
    return Question(session, cassette, True, lambda profile: (url.encode(),), obstacle)


def unnamed(url, session="", obstacle=""):
    """A request that names none."""
    return Question(session, "unnamed/h/x-1", False, lambda profile: (url.encode(),), obstacle)


MATCHING = named("u", "chat")
OTHER = named("v", "chat")
ABSENT = named("u", "none")
TABLE = [
    # mode, question, kind of decision or code of the miss
    ("replay", MATCHING, Replay),
    ("replay", OTHER, "out-of-date"),
    ("replay", ABSENT, "no-cassette"),
    ("replay", unnamed("u"), Replay),
    ("replay", unnamed("v"), "unnamed"),
    ("once", MATCHING, Replay),
    ("once", OTHER, "out-of-date"),
    ("once", ABSENT, Record),
    ("once", unnamed("u"), Replay),
    ("once", unnamed("v"), Record),
    ("new_episodes", MATCHING, Replay),
    ("new_episodes", OTHER, Record),
    ("new_episodes", ABSENT, Record),
    ("new_episodes", unnamed("v"), Record),
    ("record", MATCHING, Record),
    ("record", OTHER, Record),
    ("record", unnamed("u"), Record),
    # without a credential at hand
    ("once", named("u", "none", obstacle="no key"), "no-cassette"),
    ("new_episodes", named("v", "chat", obstacle="no key"), "out-of-date"),
    ("new_episodes", unnamed("v", obstacle="no key"), "unnamed"),
    ("record", named("u", "chat", obstacle="no key"), "out-of-date"),
    ("once", named("u", "chat", obstacle="no key"), Replay),
]


@pytest.mark.parametrize(("mode", "question", "outcome"), TABLE)
def test_the_table_of_modes(mode, question, outcome):
    """Each cell of the table, and the status of each refusal."""
    decision = deck(mode, chat=[("u", "1")]).decide(question)
    if isinstance(outcome, str):
        assert isinstance(decision, Miss)
        assert decision.code == outcome
        assert decision.obstacle == question.obstacle
    else:
        assert isinstance(decision, outcome)


SEQUENCES = [
    ("last", [0, 2, 2, 2]),
    ("first", [0, 0, 0, 0]),
    ("never", [0, 2, "exhausted", "exhausted"]),
]


@pytest.mark.parametrize(("repeat", "positions"), SEQUENCES)
def test_equal_requests_replay_in_their_order(repeat, positions):
    """After the last the last repeats; always the first; or never one twice."""
    playing = deck("replay", repeat, chat=[("u", "1"), ("v", "x"), ("u", "2")])
    got = [playing.decide(MATCHING) for _ in positions]
    assert [one.position if isinstance(one, Replay) else one.code for one in got] == positions


def test_an_exhausted_match_is_recorded_where_misses_are():
    """``vcr_repeat=never`` makes it a miss, and ``new_episodes`` records a miss."""
    playing = deck("new_episodes", "never", chat=[("u", "1")])
    assert isinstance(playing.decide(MATCHING), Replay)
    assert isinstance(playing.decide(MATCHING), Record)


def test_sessions_have_their_own_positions():
    """What one session has played does not move another."""
    playing = deck("replay", chat=[("u", "1"), ("u", "2")])
    assert [playing.decide(named("u", "chat", session)).position for session in "aabb"] == [0, 1, 0, 1]


def test_an_unnamed_request_takes_the_smallest_name_each_time():
    """Search is deterministic, and stays in the first cassette that holds a match."""
    playing = deck("replay", b=[("u", "b")], a=[("w", "x"), ("u", "a")], c=[("u", "c")])
    for _ in range(3):
        decision = playing.decide(unnamed("u"))
        assert (decision.cassette, decision.position) == ("a", 1)


def test_a_take_replays_at_once_and_keeps_its_place_when_published():
    """Recorded, replayed, published, replayed: the same interaction."""
    shelved = shelf()
    playing = over(shelved, "once")
    assert isinstance(playing.decide(ABSENT), Record)
    take = playing.begin_take("", "none")
    interaction = recorded("u", "new")
    playing.recorded(take, interaction, keys_of(interaction.request, PROFILE), Carried())
    assert playing.decide(ABSENT).pending is interaction
    published = Shelved("none", ("none.yaml", 1, 1, 1), PROFILE)
    published.add([mark(interaction)])
    shelved.put(published)
    playing.published(take, 1)
    assert playing.decide(ABSENT) == Replay("none", 0)
    assert isinstance(playing.decide(named("v", "none")), Record), "all requests of this run, under that name"
    assert not playing.report().unused


def test_once_records_again_when_the_cassette_was_removed():
    """There at first, gone now: it is recorded like one that never was."""
    shelved = shelf(chat=[("u", "1")])
    playing = over(shelved, "once")
    assert playing.decide(OTHER).code == "out-of-date"
    shelved.drop("chat")
    assert isinstance(playing.decide(OTHER), Record)


def test_a_retake_knows_what_it_replaces():
    """In mode ``record`` what the cassette held when the take began will go."""
    playing = deck("record", chat=[("u", "1")])
    assert playing.begin_take("", "chat").replaces == ("1",)
    assert playing.begin_take("", "none").replaces == ()


def test_the_report_counts_refusals_once_and_names_the_unused():
    """Repeats of one refused request count as one; only cassettes that were used can have something unused."""
    playing = deck("replay", chat=[("u", "1"), ("v", "2")], other=[("w", "3")])
    playing.decide(MATCHING)
    request = Request("GET", "http://h/")
    assert playing.refused(request, "out-of-date", "why")
    assert not playing.refused(request, "out-of-date", "why")
    report = playing.report()
    assert (report.replayed, report.recorded, report.unused) == (1, 0, (("chat", (1,)),))
    assert [(refused.code, refused.times) for refused in report.refused] == [("out-of-date", 2)]


def test_a_load_test_of_requests_that_all_miss_does_not_fill_the_memory(monkeypatch):
    """So many kinds of refusals are told one by one, and the rest of each code together; none goes uncounted."""
    monkeypatch.setattr("tokentape.deck.sessions.MOST_REFUSED", 10)
    playing = deck("replay", chat=[("u", "1")])
    playing.begin(Session("s", cassette="chat", begun=True))
    told = [playing.refused(Request("GET", f"http://h/{at}"), "out-of-date", "why", "s") for at in range(100)]
    assert told == [True] * 11 + [False] * 89
    assert not playing.refused(Request("GET", "http://h/3"), "out-of-date", "why", "s")
    playing.forget(playing.end("s"))
    refused = playing.report().refused
    assert [one.times for one in refused] == [1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 90]
    assert refused[-1].url == "(others, too many to be told one by one)"


def test_ended_sessions_leave_nothing_but_counts(monkeypatch):
    """However many there were: what they did is in the totals, and only the latest ids are remembered as over."""
    monkeypatch.setattr("tokentape.deck.deck.MOST_OVER", 10)
    playing = deck("replay", chat=[("u", "1"), ("v", "2")])
    for number in range(100):
        name = f"s{number}"
        assert playing.begin(Session(name, cassette="chat", begun=True))
        assert not playing.begin(Session(name))
        playing.decide(named("u", "chat", name))
        session = playing.end(name)
        assert playing.report_of(session).unused == (("chat", (1,)),)
        playing.forget(session)
    assert playing.open == ()
    for number in range(90, 100):
        with pytest.raises(BadName, match=f"s{number} has ended"):
            playing.check_open(f"s{number}")
    playing.check_open("s89")
    report = playing.report()
    assert (report.replayed, report.unused, report.sessions) == (100, (("chat", (1,)),), ())
    assert [(one.cassette, one.replayed) for one in report.cassettes] == [("chat", 100)]
