"""A cassette at a glance."""

import pytest
from shelves import asked, plain

from tokentape.model import Cassette, Interaction, Request, Response
from tokentape.reporting.overview import Overview, overview

DATES = [
    ("Thu, 01 Jan 2026 00:00:00 GMT", 1767225600.0),
    ("yesterday", None),
    ("Thu, 99 Jan 2026 00:00:00 GMT", None),
    ("", None),
]


def dated(date: str) -> Interaction:
    """A recording whose answer says when it was made."""
    return Interaction(Request("GET", "https://a.example/"), Response(200, headers=(("Date", date),)))


@pytest.mark.parametrize(("date", "seconds"), DATES)
def test_when_it_was_recorded(date, seconds):
    """What the answer says; None for what is no date."""
    assert overview(Cassette((dated(date),))).recorded == seconds


def test_the_newest_answer_counts():
    """Those without a date have no say."""
    answers = (dated("Thu, 01 Jan 2026 00:00:00 GMT"), dated("Fri, 02 Jan 2026 00:00:00 GMT"), dated("never"))
    assert overview(Cassette(answers)).recorded == 1767312000.0


def test_hosts_and_models_stand_once():
    """In the order in which they come, without whoever logs in."""
    stream = Interaction(plain().request, Response(200, headers=(("content-type", "text/event-stream"),)))
    login = Interaction(Request("GET", "https://me:secret@b.example:8443/"), Response(200))
    broken = Interaction(Request("GET", "http://[broken"), Response(200))
    assert overview(Cassette((asked(), asked(model="n"), asked(), stream, login, broken))) == Overview(
        6, 1, ("api.openai.com", "files.example", "b.example:8443"), ("m", "n")
    )


def test_an_empty_cassette():
    """Nothing in it, and no error."""
    assert overview(Cassette()) == Overview()
