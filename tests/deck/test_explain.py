"""Refusals in words: what was asked, why it is refused, what is near, and what to do about it."""

from pathlib import Path

import pytest

from tokentape import errors
from tokentape.deck.decisions import READ_ONLY, Miss
from tokentape.deck.explain import explain_error, explain_fault, explain_miss, explain_unmade, record_more, unsupported
from tokentape.deck.nearest import Near
from tokentape.matching.findings import Difference
from tokentape.model import Request
from tokentape.refusal import RECORD_MORE, RECORDS_MORE

LIBRARY = Path("cassettes")
ASKED = Request("POST", "https://api.example.com/v1/chat")
SAID = "POST https://api.example.com/v1/chat"
MODEL = Difference("model", "'gpt-4o'", "'gpt-5'")
SEED = Difference("seed", "", "7", "extra")
NEAR = (Near("chat", 3, (MODEL, SEED)), Near("draft", 0, (SEED, MODEL)))
RECORD_IT = f"record it: {RECORD_MORE}"


def told(code, cassette="chat", mode="replay", *, obstacle="", near=(), like=""):
    """The refusal for a miss."""
    return explain_miss(Miss(code, cassette, obstacle), ASKED, near, LIBRARY, mode, like)


@pytest.mark.parametrize(
    ("code", "cassette", "mode", "summary", "hint"),
    [
        ("no-cassette", "chat", "replay", f"no cassette cassettes/chat.yaml for {SAID}", RECORD_IT),
        (
            "exhausted",
            "chat",
            "replay",
            f"every recording of {SAID} in cassettes/chat.yaml has been played",
            "replay the last one again: vcr_repeat=last (the default)",
        ),
        ("out-of-date", "chat", "replay", f"no recording in cassettes/chat.yaml matches {SAID}", RECORD_IT),
        (
            "out-of-date",
            "chat",
            "once",
            f"no recording in cassettes/chat.yaml matches {SAID}",
            f"delete the cassette to record it anew, or add what is missing: {RECORD_MORE}",
        ),
        (
            "unnamed",
            None,
            "replay",
            f"no recording in the library cassettes matches {SAID}",
            f"name the cassette it belongs to (X-Cassette-Name: NAME), or record this request: {RECORD_MORE}",
        ),
    ],
)
def test_a_miss_says_where_was_looked_and_what_records_it(code, cassette, mode, summary, hint):
    """The request and the file, in each mode that has advice of its own."""
    refusal = told(code, cassette, mode)
    assert (refusal.code, refusal.summary, refusal.hint) == (code, summary, hint)
    assert refusal.cassette == (cassette or "")


@pytest.mark.parametrize(
    ("code", "cassette", "mode", "obstacle", "hint"),
    [
        ("no-cassette", "chat", "once", "no key at hand", "with that at hand, run again"),
        ("out-of-date", "chat", "new_episodes", READ_ONLY, "record into a cassette of another name"),
        (
            "unnamed",
            None,
            "new_episodes",
            "no key at hand",
            "name the cassette it belongs to (X-Cassette-Name: NAME), or see above what recording it needs",
        ),
    ],
)
def test_what_keeps_a_request_from_being_recorded_is_a_line_of_its_own(code, cassette, mode, obstacle, hint):
    """And what to do is about that."""
    refusal = told(code, cassette, mode, obstacle=obstacle)
    assert refusal.details[0] == f"not recorded: {obstacle}"
    assert refusal.hint == hint


def test_the_nearest_recording_is_told_in_full_and_of_the_others_the_first_difference():
    """And lists that have room for a few words get the first of each."""
    refusal = told("out-of-date", near=NEAR)
    assert refusal.details == (
        "nearest: chat#3",
        "  model: recorded 'gpt-4o', got 'gpt-5'",
        "  seed: not in the recording, got 7",
        "then: draft#0",
        "  seed: not in the recording, got 7",
    )
    assert (refusal.nearest, refusal.differs) == ("chat#3", "model")


def test_that_nothing_is_near_is_said():
    """Where it was looked for; no list names a place then."""
    refusal = told("out-of-date")
    assert refusal.details == ("there is no recording near it",)
    assert (refusal.nearest, refusal.differs) == ("", "")


def test_a_mode_that_records_everything_looks_for_nothing_near():
    """It is told as what could not be recorded, whatever is near."""
    refusal = told("out-of-date", mode="record", obstacle="no key at hand", near=NEAR)
    assert refusal.summary == f"{SAID} is to be recorded anew, and can't be"
    assert refusal.details == ("not recorded: no key at hand",)
    assert (refusal.nearest, refusal.hint) == ("", "with that at hand, run again")


def test_a_name_that_was_probably_meant_is_asked_for():
    """Behind what else is told."""
    assert told("no-cassette", "caht", like="chat").details == ("there is chat: is that the one?",)


ERRORS = [
    (errors.BadName("a name", "do this"), "bad-name"),
    (errors.BadBody("a body", "do this"), "bad-body"),
    (errors.BadFault("a fault", "do this"), "bad-fault"),
    (errors.LibraryTrouble("a library", "do this"), "damaged"),
    (errors.CantDecide("a decision", "do this"), "out-of-date"),
    (errors.BadSetting("an option", "do this"), "internal"),
]


@pytest.mark.parametrize(("error", "code"), ERRORS)
def test_an_error_of_ours_has_a_code_its_words_and_its_hint(error, code):
    """What no client can have caused is internal."""
    refusal = explain_error(error)
    assert (refusal.code, refusal.summary, refusal.hint) == (code, str(error), "do this")


def test_a_damaged_cassette_is_named_with_its_line():
    """And the command that says more of it."""
    refusal = explain_error(errors.DamagedCassette("cassettes/a b.yaml", 7, "it ends here"))
    assert (refusal.code, refusal.summary) == ("damaged", "cassettes/a b.yaml, line 7: it ends here")
    assert refusal.hint == "tokentape check 'cassettes/a b.yaml'"


def test_what_no_generator_knows_is_told_without_login_and_query():
    """Both may hold a secret."""
    refusal = explain_unmade(Request("GET", "https://user:word@api.example.com/v1/x?key=word"))
    assert refusal.code == "unsupported"
    assert refusal.summary == "no generator makes up an answer to GET https://api.example.com/v1/x"


CONNECTIONS = [
    ((("Upgrade", "WebSocket"),), "WebSocket connections"),
    ((("content-type", "application/grpc+proto"),), "gRPC calls"),
]


@pytest.mark.parametrize(("headers", "kind"), CONNECTIONS)
def test_what_can_t_be_recorded_is_told_how_to_be_forwarded(headers, kind):
    """With the option that forwards that host."""
    refusal = unsupported(Request("GET", "https://api.example.com:444/live", headers))
    assert refusal is not None
    assert (refusal.code, refusal.summary) == ("unsupported", f"{kind} can't be recorded yet")
    assert refusal.hint == "forward them: vcr_ignore_hosts=api.example.com"


def test_any_other_request_can_be_recorded():
    """An upgrade to something else included."""
    assert unsupported(ASKED) is None
    assert unsupported(Request("GET", ASKED.url, (("Upgrade", "h2c"),))) is None


def test_a_fault_of_ours_says_that_nothing_was_forwarded():
    """Only the type and the place of the exception."""
    refusal = explain_fault("KeyError", "deck.py:12")
    assert refusal.code == "internal"
    assert refusal.summary == "tokentape itself failed (KeyError at deck.py:12); the request was not forwarded"


WAYS = [
    ("cassettes", "", RECORD_MORE),
    ("cassettes", "tape", "tokentape run --mode new_episodes --cassette tape -- YOUR COMMAND"),
    ("/my tapes", "a/b", "tokentape run --mode new_episodes --library '/my tapes' --cassette a/b -- YOUR COMMAND"),
]


@pytest.mark.parametrize(("library", "cassette", "command"), WAYS)
def test_the_command_that_records_it_left_out_where_to(library, cassette, command):
    """Pasted, it recorded into another cassette, or another library, than the one that was asked."""
    assert record_more(library, cassette) == command
    assert RECORDS_MORE.fullmatch(command)
    told = explain_miss(Miss("no-cassette", "chat"), ASKED, [], LIBRARY, "replay", more=command)
    assert told.hint == f"record it: {command}"


def test_what_asked_at_a_base_url_was_told_a_command_for_a_proxy():
    """A client that knows a base URL goes past the proxy of ``tokentape run``."""
    command = record_more("tapes", "", base_url=True)
    assert command == "tokentape serve --mode new_episodes --library tapes"
    assert RECORDS_MORE.fullmatch(command)
