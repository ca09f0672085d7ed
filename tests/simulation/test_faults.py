"""Faults: what each does to an answer, whom it strikes, and how it is asked for."""

import json
import random

import pytest

from tokentape.errors import BadFault
from tokentape.model import header
from tokentape.rules.spots import glob
from tokentape.simulation.faultheader import fault_from_header
from tokentape.simulation.faults import KINDS, Fault, FaultRule, apply
from tokentape.wire.answers import Answer, Ends
from tokentape.wire.pace import Plan, Step

EVENTS = [b'data: {"n": 1}\n\n', b'data: {"n": 2}\n\n', b'data: {"n": 3}\n\n', b"data: [DONE]\n\n"]
STREAM = Answer(
    200,
    "OK",
    (("content-type", "text/event-stream"),),
    b"".join(EVENTS),
    "generated chat m",
    plan=Plan(0.1, tuple(Step(len(event), 0.1 + place) for place, event in enumerate(EVENTS))),
)
BODY = b'{"object": "chat.completion", "choices": []}'
WHOLE = Answer(
    200, "OK", (("content-type", "application/json"), ("content-length", str(len(BODY)))), BODY, "replayed c#0"
)


def struck(answer, kind, **more):
    return apply(Fault(kind, **more), answer)


def pieces(answer):
    """What is sent, piece by piece, with its time."""
    body, sent = answer.body, []
    for step in answer.plan.steps:
        sent.append((body[: step.size], step.at))
        body = body[step.size :]
    assert not body
    return sent


@pytest.mark.parametrize("answer", [STREAM, WHOLE])
def test_what_is_not_answered_at_all(answer):
    """No byte of it: the connection is reset, or stays open."""
    for kind, ends in (("reset", Ends.RESET), ("timeout", Ends.HANG)):
        gone = struck(answer, kind)
        assert (gone.plan, gone.ends) == (None, ends)
        assert gone.outcome == f"{answer.outcome}, fault {kind}"


def test_slow_is_all_of_it_later():
    """Every piece by the same time, headers included."""
    slow = struck(STREAM, "slow", delay=2.0)
    assert slow.plan.wait == 2.1
    assert [at for _, at in pieces(slow)] == pytest.approx([2.1, 3.1, 4.1, 5.1])
    assert struck(WHOLE, "slow", delay=2.0).plan == Plan(2.0, (Step(len(BODY), 2.0),))


@pytest.mark.parametrize(("event", "left"), [(1, 1), (2, 2), (3, 3), (4, 3), (99, 3)])
def test_a_cut_stream_breaks_off_after_so_many_events(event, left):
    """But never behind the last one: then nothing would be missing."""
    cut = struck(STREAM, "cut", event=event)
    assert [piece for piece, _ in pieces(cut)] == EVENTS[:left]
    assert (cut.plan.truncated, cut.ends) == (True, Ends.AS_PLANNED)


def test_a_cut_body_is_half_of_it():
    """Its length stays as promised, so that a client sees that something is missing."""
    cut = struck(WHOLE, "cut")
    assert (cut.body, cut.plan.truncated) == (BODY[: len(BODY) // 2], True)
    assert header(cut.headers, "content-length") == str(len(BODY))


def test_a_stall_for_a_time_goes_on_after_it():
    """What comes behind it is that much later; nothing is lost."""
    assert [at for _, at in pieces(struck(STREAM, "stall", event=2, delay=5.0))] == pytest.approx([0.1, 1.1, 7.1, 8.1])


@pytest.mark.parametrize("event", [4, 99])
def test_a_stall_behind_the_last_event_comes_before_it(event):
    """Else it is counted, and nothing is late."""
    assert pieces(struck(STREAM, "stall", event=event, delay=5.0))[-1] == (EVENTS[-1], pytest.approx(8.1))


def test_a_body_in_one_piece_stalls_in_its_middle():
    """All of it comes, its second half late."""
    sent = pieces(struck(WHOLE, "stall", delay=5.0))
    assert (b"".join(piece for piece, _ in sent), [at for _, at in sent]) == (BODY, [0.0, 5.0])


def test_a_stall_for_ever():
    """So many events, and then nothing."""
    stalled = struck(STREAM, "stall", event=2)
    assert [piece for piece, _ in pieces(stalled)] == EVENTS[:2]
    assert (stalled.plan.truncated, stalled.ends) == (False, Ends.HANG)


@pytest.mark.parametrize(("event", "place"), [(1, 0), (3, 2), (99, 3)])
def test_one_malformed_event(event, place):
    """It ends in the middle of its JSON, and is an event all the same."""
    sent = [piece for piece, _ in pieces(struck(STREAM, "malformed", event=event))]
    assert [piece for number, piece in enumerate(sent) if number != place] == EVENTS[:place] + EVENTS[place + 1 :]
    assert sent[place].endswith(b"\n\n")
    assert sent[place] != EVENTS[place]
    if place < 3:
        with pytest.raises(json.JSONDecodeError):
            json.loads(sent[place].removeprefix(b"data: "))


def test_a_malformed_body():
    """With the length of what is sent: it is whole, and no JSON."""
    malformed = struck(WHOLE, "malformed")
    assert header(malformed.headers, "content-length") == str(len(malformed.body))
    with pytest.raises(json.JSONDecodeError):
        json.loads(malformed.body)


def test_one_event_twice():
    """At once; what is no stream has no events."""
    sent = pieces(struck(STREAM, "duplicate", event=2))
    assert [piece for piece, _ in sent] == [EVENTS[0], EVENTS[1], EVENTS[1], EVENTS[2], EVENTS[3]]
    assert [at for _, at in sent] == pytest.approx([0.1, 1.1, 1.1, 2.1, 3.1])
    assert struck(WHOLE, "duplicate").body == BODY


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"status"}))
@pytest.mark.parametrize("body", [b"", b"x"])
def test_faults_of_what_is_empty(kind, body):
    """Where there is nothing to break that is no error of ours: it is counted, and no byte is added."""
    made = apply(Fault(kind), Answer(204, "", (), body, "replayed c#0"))
    assert made.outcome == f"replayed c#0, fault {kind}"
    assert body.startswith(made.body)


def test_a_replayed_stream_without_a_plan_is_cut_at_its_events():
    """Whoever replays at once has events all the same."""
    cut = struck(Answer(200, "OK", STREAM.headers, STREAM.body, "replayed c#0"), "cut", event=2)
    assert [piece for piece, _ in pieces(cut)] == EVENTS[:2]


# --- whom it strikes --------------------------------------------------------------------------------------------------


def test_by_rate():
    """A share of them, decided by chance that is given: within two per cent over many."""
    rule, chance = FaultRule(Fault("reset"), rate=0.1), random.Random(5)
    strikes = sum(rule.strikes(count, chance.random()) for count in range(1, 20_001))
    assert strikes == pytest.approx(2000, rel=0.05)
    assert not any(FaultRule(Fault("reset"), rate=0.0).strikes(1, chance.random()) for _ in range(1000))
    assert all(FaultRule(Fault("reset")).strikes(1, chance.random()) for _ in range(1000))


def test_every_so_many():
    """The third, the sixth: no chance in it."""
    rule = FaultRule(Fault("reset"), every=3)
    assert [count for count in range(1, 10) if rule.strikes(count, 0.0)] == [3, 6, 9]


@pytest.mark.parametrize(
    ("names", "paths", "asked", "path", "concerned"),
    [
        (None, None, ("d", "m"), "/v1/chat/completions", True),
        ("gpt-4*", None, ("d", "gpt-4o"), "/", True),
        ("gpt-4*", None, ("gpt-4-deployment", "x"), "/", True),
        ("gpt-4*", None, ("d", "gpt-5"), "/", False),
        (None, "*/embeddings", ("d", "m"), "/v1/embeddings", True),
        (None, "*/embeddings", ("d", "m"), "/v1/chat/completions", False),
        ("d", "*/embeddings", ("e", "m"), "/v1/embeddings", False),
    ],
)
def test_by_deployment_model_and_path(names, paths, asked, path, concerned):
    """What a rule does not say fits all."""
    rule = FaultRule(Fault("reset"), names=glob(names) if names else None, paths=glob(paths) if paths else None)
    assert rule.concerns(asked, path) is concerned


# --- how a request asks for one ---------------------------------------------------------------------------------------

HEADERS = [
    ("reset", Fault("reset")),
    (" Timeout ", Fault("timeout")),
    ("status=503", Fault("status", 503)),
    ("status", Fault("status", 500)),
    ("status=429; delay=2s", Fault("status", 429, delay=2.0)),
    ("slow=350ms", Fault("slow", delay=0.35)),
    ("slow; delay=1.5s", Fault("slow", delay=1.5)),
    ("cut=3", Fault("cut", event=3)),
    ("stall=2; delay=1m", Fault("stall", event=2, delay=60.0)),
    ("malformed;event=2", Fault("malformed", event=2)),
    ("duplicate=1", Fault("duplicate", event=1)),
]


@pytest.mark.parametrize(("text", "fault"), HEADERS)
def test_a_fault_in_a_header(text, fault):
    """The kind, what it is mostly about, then the rest."""
    assert fault_from_header(text) == fault


WRONG = [
    ("", "'' is no fault", ""),
    ("restet", "'restet' is no fault", "did you mean `reset`?"),
    ("status=200", "`status`: must be 400 or more, got 200", ""),
    ("status=999", "`status`: 999 is no status of an error", "400 to 599"),
    ("status=abc", "`status`: must be a whole number, got a text", ""),
    pytest.param(f"cut={'9' * 5000}", "`event`: must be a whole number", "", id="digits"),
    ("cut=0", "`event`: must be 1 or more", ""),
    ("cut=1; delay=2s", "a fault of kind cut does not take 'delay'", "it takes event"),
    ("slow=2", "`delay`: is no time", 'delay = "350ms"'),
    ("slow=-2s", "`delay`: must not be below zero", ""),
    ("reset=1", "a fault of kind reset does not take 'a value'", "it takes nothing"),
    ("timeout; what", "does not take 'what'", ""),
    ("\x1b[31m", r"'\x1b[31m' is no fault", ""),
]


@pytest.mark.parametrize(("text", "problem", "hint"), WRONG)
def test_what_is_wrong_in_a_header_is_said(text, problem, hint):
    """With what was probably meant; and nothing that a terminal would act on."""
    with pytest.raises(BadFault) as caught:
        fault_from_header(text)
    assert str(caught.value).startswith("X-Cassette-Fault: ")
    assert problem in str(caught.value)
    assert hint in caught.value.hint
