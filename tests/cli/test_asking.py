"""Which proxy recorded requests are sent through."""

from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from shelves import asked, put

from tokentape.cli import asking
from tokentape.cli.asking import Line, Unanswered, _address, publish
from tokentape.errors import BadSetting, LaunchTrouble
from tokentape.library.rulestext import load_rules
from tokentape.reporting.reports import Report
from tokentape.settings import Settings
from tokentape.wire.certify import Heard

ADDRESSES = [
    ("http://127.0.0.1:9000", ("127.0.0.1", 9000)),
    ("http://127.0.0.1", ("127.0.0.1", 8080)),
    ("localhost:9000", ("localhost", 9000)),
    ("http://name:x@127.0.0.1:9000/", ("127.0.0.1", 9000)),
    ("http://[::1]:9000", ("::1", 9000)),
]


@pytest.mark.parametrize(("url", "address"), ADDRESSES)
def test_the_address_of_a_proxy(url, address):
    """As people write it; a name in it is that of another cassette, and nobody's business here."""
    assert _address(url) == address


WRONG = ["", "http://", "nonsense://x:y", "http://127.0.0.1:99999", "https://127.0.0.1:9000", "http://[broken"]


@pytest.mark.parametrize("url", [*WRONG, "ftp://me:secret-of-mine@host"])
def test_what_is_no_address(url):
    """Said with one that is, and without repeating what may hold a password."""
    with pytest.raises(BadSetting) as caught:
        _address(url)
    assert caught.value.hint == "--proxy http://127.0.0.1:8080"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", WRONG)
def test_send_through_a_bad_url_ended_in_a_traceback(library, run, url):
    """It is typed wrong, and said like all that is."""
    put(library, "chat", asked())
    code, out, err = run("send", "--proxy", url, "chat")
    assert (code, out) == (2, "")
    assert err == "error: --proxy is not the URL of a proxy\n\nhint: --proxy http://127.0.0.1:8080\n"


class Standin:
    """In the place of an engine: a take that has lost answers, and whether it was published all the same."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.ended = 0
        self.engine = self

    async def report_of(self, session: str) -> Report:
        return self.report

    async def end_session(self, session: str) -> Report:
        self.ended += 1
        return self.report


@pytest.mark.parametrize(
    ("report", "said"), [(Report(recorded=1), "recorded 1 of 2"), (Report(recorded=2, problems=("lost",)), "lost")]
)
async def test_a_take_that_had_lost_an_answer_replaced_the_whole_cassette(report, said):
    """Whether all of it is there is asked before it is published, and not after."""
    engine = Standin(report)
    with pytest.raises(Unanswered, match=said):
        await publish(Line(None, "again", engine), 2)
    assert engine.ended == 0
    whole = Standin(Report(recorded=2))
    assert await publish(Line(None, "again", whole), 2) == 2
    assert whole.ended == 1


async def test_send_live_forgot_the_library_s_own_rules(library, monkeypatch):
    """What library.toml says of secrets and hosts holds in the temporary library too."""
    (library / "library.toml").write_text('[redact]\nnames = ["x-team-token"]\n')
    seen = []

    @asynccontextmanager
    async def recording(settings, *_):
        seen.append(load_rules(Path(settings.library)))
        yield None

    monkeypatch.setattr(asking, "recording", recording)
    async with asking.live(Settings(library=str(library)), None, {}):
        pass
    async with asking.live(Settings(library=str(library / "none")), None, {}):
        pass
    assert seen == [load_rules(library), load_rules(library / "none")]
    assert seen[0] != seen[1]


@pytest.mark.parametrize("said", [b"hello", b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n", b""])
async def test_what_answers_with_no_certificate_is_no_proxy_of_ours(said, monkeypatch):
    """What only begins like one as well: it was a traceback."""

    async def ask(*_):
        return Heard(status=200, body=bytearray(said))

    monkeypatch.setattr(asking, "ask", ask)
    with pytest.raises(LaunchTrouble, match="no tokentape proxy"):
        await asking.through("http://127.0.0.1:1")
