"""What happened to a request, in the few words that a row has room for."""

import pytest
from mitmproxy.utils import emoji

from tokentape.refusal import Refusal
from tokentape.reporting import glance

OUTCOMES = [
    ("replayed chat-basic#3", None, "chat-basic #3 replayed", ":rewind:"),
    ("replayed a/b.c#10", None, "a/b.c #10 replayed", ":rewind:"),
    ("recorded chat", None, "chat recorded", ":record_button:"),
    ("generated", None, "generated", ":sparkles:"),
    ("forwarded", None, "forwarded", ":fast_forward:"),
    ("control", None, "control", ":gear:"),
    ("something new", None, "something new", ""),
    ("ignored host", None, "forwarded (ignored host)", ":fast_forward:"),
    ("refused bad-name", Refusal("bad-name", "no"), "refused (bad-name)", ":x:"),
    ("refused no-cassette", Refusal("no-cassette", "no", cassette="chat"), "chat refused (no-cassette)", ":x:"),
    (
        "refused out-of-date",
        Refusal("out-of-date", "no", cassette="chat", nearest="chat#2", differs="body.model"),
        "chat refused (out-of-date), nearest #2, body.model",
        ":x:",
    ),
    (
        "refused unnamed",
        Refusal("unnamed", "no", nearest="chat#2", differs="body.model"),
        "refused (unnamed), nearest chat#2, body.model",
        ":x:",
    ),
]


@pytest.mark.parametrize(("outcome", "refusal", "comment", "marker"), OUTCOMES)
def test_an_outcome_in_a_few_words(outcome, refusal, comment, marker):
    """The cassette and the position come first, for a column cuts off what comes last."""
    seen = glance.glance(outcome, refusal)
    assert (seen.comment, seen.marker, seen.outcome) == (comment, marker, outcome)


def test_a_recording_from_its_start_to_its_place():
    """While it is under way it says so; then it has a position, or the reason why it has none."""
    assert glance.recording("chat").comment == "chat recording"
    assert glance.recorded("chat", 0).comment == "chat #0 recorded"
    assert glance.lost("chat", "status 429").comment == "chat not recorded: status 429"


def test_every_marker_is_an_emoji_of_mitmproxy():
    """Another name would be shown as a red circle."""
    assert set(glance.MARKERS.values()) <= set(emoji.emoji)
