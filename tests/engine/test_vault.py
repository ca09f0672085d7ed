"""The secrets of a run: where they come from, what is said without them, and the second look at what was written."""

import asyncio
import logging

import pytest
from exchanges import ended
from secrets_for_tests import SHAPELESS_KEY as TOKEN

from tokentape.engine import secondlook
from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming
from tokentape.engine.vault import Vault
from tokentape.library import journal
from tokentape.model import Request
from tokentape.redaction.redact import RedactionFailed
from tokentape.redaction.wanted import NOTHING_MORE
from tokentape.reporting.reports import Refused, Report
from tokentape.settings import Settings
from tokentape.wire.answers import Answer

URL = "https://example.com/v1/x"


def test_the_environment_s_keys_are_known_from_the_start() -> None:
    """Those of providers and of AWS, and what a library names; a word that stands everywhere is none."""
    environ = {
        "OPENAI_API_KEY": f"a{TOKEN}",
        "AWS_SECRET_ACCESS_KEY": f"b{TOKEN}",
        "ACME": "plain-word",
        "HOME": f"c{TOKEN}",
    }
    vault = Vault(NOTHING_MORE, {**environ, "GEMINI_API_KEY": "unused"}, ["ACME", "MISSING"])
    assert set(vault.values) == {f"a{TOKEN}", f"b{TOKEN}", "plain-word"}


def test_a_report_is_told_without_secrets() -> None:
    """In every text of it, however deep."""
    vault = Vault(NOTHING_MORE, {"OPENAI_API_KEY": TOKEN})
    report = Report(refused=(Refused("GET", f"{URL}?{TOKEN}", "unnamed", f"no {TOKEN}", 2),), problems=(f"x{TOKEN}",))
    told = vault.tells(report)
    assert TOKEN not in repr(told)
    assert (told.refused[0].url, told.refused[0].times) == (f"{URL}?[secret]", 2)


@pytest.mark.parametrize("name", ["tokentape", "mitmproxy.proxy.server"])
def test_the_log_is_discreet_while_a_run_lasts(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """What we and mitmproxy log, exceptions too; the logs of others are their own."""
    vault = Vault(NOTHING_MORE, {"OPENAI_API_KEY": TOKEN})
    log = logging.getLogger(name)
    with caplog.at_level(logging.INFO):
        log.warning("key %s of %d", TOKEN, 3)
        try:
            raise ValueError(f"bad {TOKEN}")
        except ValueError:
            log.exception("oh")
        logging.getLogger("app").warning("mine: %s", TOKEN)
    assert vault.version == 1
    ours = [record for record in caplog.records if record.name == name]
    assert ours[0].getMessage() == "key [secret] of 3"
    assert all(TOKEN not in logging.Formatter().format(record) for record in ours)
    assert "ValueError: bad [secret]" in logging.Formatter().format(ours[1])
    assert caplog.records[-1].getMessage() == f"mine: {TOKEN}"


def test_beyond_very_many_secrets_no_more_are_learned(monkeypatch, caplog: pytest.LogCaptureFixture) -> None:
    """Each costs time with every text; it is said once, and those that are known stay known."""
    monkeypatch.setattr("tokentape.engine.vault.MOST", 2)
    full = Vault(NOTHING_MORE, {})
    for number in range(5):
        full.learn([f"{number}{TOKEN}"])
    assert full.values == (f"0{TOKEN}", f"1{TOKEN}")
    assert [record.getMessage() for record in caplog.records] == [
        "more than 2 different secrets came by; new ones are replaced in known places only"
    ]


def test_a_text_that_can_t_be_searched_is_not_shown(monkeypatch) -> None:
    """Nobody knows what it holds."""

    def fails(*_given):
        raise RedactionFailed(TOKEN)

    monkeypatch.setattr("tokentape.engine.vault.redact_text", fails)
    assert Vault(NOTHING_MORE, {}).says(f"a text with {TOKEN}") == "(a text that can't be shown safely)"


async def test_of_a_request_that_can_t_be_searched_only_its_place_is_told(tmp_path, monkeypatch, caplog) -> None:
    """In the answer, the log and the report: neither its login nor its query."""

    def fails(*_given):
        raise RuntimeError(TOKEN)

    monkeypatch.setattr("tokentape.redaction.redact.body_spans", fails)
    (tmp_path / "cassettes").mkdir()
    engine = Engine(Settings(library=str(tmp_path / "cassettes"), mode="replay"), {}, tmp_path / "state")
    url = f"https://me:{TOKEN}@example.com/v1/x?key={TOKEN}"
    answer = await engine.answer(Incoming(Request("POST", url, (), b"boom")))
    assert isinstance(answer, Answer)
    assert answer.refusal is not None
    report = await engine.close()
    assert [one.url for one in report.refused] == ["https://example.com/v1/x"]
    assert TOKEN not in caplog.text + answer.body.decode() + repr(report)


# --- the second look


@pytest.fixture
def engine(tmp_path) -> Engine:
    """An engine that records, and publishes only at its end."""
    return Engine(
        Settings(library=str(tmp_path / "cassettes"), mode="new_episodes"), {}, tmp_path / "state", deferred=True
    )


async def record(engine: Engine, path: str, says: bytes, *headers: tuple[str, str]) -> None:
    """One exchange."""
    request = Request("GET", f"{URL}/{path}", (("X-Cassette-Name", "talk"), *headers))
    upstream = await engine.answer(Incoming(request))
    ended(engine, upstream, says)
    await engine.recorder.idle()


def journaled(tmp_path) -> list[str]:
    """The lines of the run's journal."""
    (path,) = (tmp_path / "state").rglob("*.take")
    return path.read_text().splitlines()


async def test_a_journal_is_rewritten_for_a_secret_that_is_learned_later(engine: Engine, tmp_path) -> None:
    """At once, in a file that is as private, and it can still be added to, read and recovered."""
    await record(engine, "one", TOKEN.encode())
    assert any(TOKEN in line for line in journaled(tmp_path))
    await record(engine, "two", b"fine", ("Authorization", f"Bearer {TOKEN}"))
    assert not any(TOKEN in line for line in journaled(tmp_path))
    await record(engine, "three", b"more")
    assert len(journaled(tmp_path)) == 4
    (path,) = (tmp_path / "state").rglob("*.take")
    assert path.stat().st_mode & 0o777 == 0o600
    found = journal.read_take(path)
    assert found is not None
    assert [one.response.body for one in found.interactions] == [b"tokentape-redacted-secret-1", b"fine", b"more"]
    answer = await engine.answer(Incoming(Request("GET", f"{URL}/one", (("X-Cassette-Name", "talk"),))))
    assert isinstance(answer, Answer)
    assert answer.body == b"tokentape-redacted-secret-1"
    await engine.close(publish=True)
    assert TOKEN not in (tmp_path / "cassettes" / "talk.yaml").read_text()
    assert list((tmp_path / "state").rglob("*.part")) == []


async def test_looks_are_far_apart_but_the_last_is_certain(engine: Engine, tmp_path, monkeypatch) -> None:
    """A run that learns something with each answer does not search all day; before the end everything was searched."""
    monkeypatch.setattr(secondlook, "SHARE", 1e9)
    for number in range(5):
        token = f"{number}{TOKEN}"
        await record(engine, f"{number}", f"{number + 1}{TOKEN}".encode(), ("Authorization", f"Bearer {token}"))
    await asyncio.sleep(0)
    assert any(f"4{TOKEN}" in line for line in journaled(tmp_path)), "not looked for yet"
    await engine.close(publish=False)
    for number in range(5):
        assert not any(f"{number}{TOKEN}" in line for line in journaled(tmp_path))


async def test_what_can_not_be_redacted_is_not_written(engine: Engine, tmp_path, monkeypatch) -> None:
    """The reason is said without the secret, and nothing of the interaction is in any file."""

    def fails(*_args):
        raise RuntimeError(TOKEN)

    monkeypatch.setattr("tokentape.redaction.redact.body_spans", lambda body, *more: fails() if b"boom" in body else [])
    await record(engine, "one", b"boom " + TOKEN.encode())
    report = await engine.close()
    (problem,) = report.problems
    assert "can't be redacted (RuntimeError)" in problem
    assert TOKEN not in problem
    assert not (tmp_path / "cassettes").exists() or not list((tmp_path / "cassettes").rglob("*.yaml"))


async def test_a_secret_in_the_name_of_a_header_is_not_written(engine: Engine) -> None:
    """No placeholder can stand there, so the interaction is left out."""
    await record(engine, "one", b"fine", ("Authorization", f"Bearer {TOKEN}"), (f"X-{TOKEN}", "1"))
    (problem,) = (await engine.close()).problems
    assert "can't be redacted" in problem
    assert TOKEN not in problem


async def test_a_look_that_fails_is_said_without_the_secret_and_is_made_again(
    engine: Engine, tmp_path, monkeypatch, caplog
) -> None:
    """The disk was full, say: at the end the secret is out of what is kept."""
    await record(engine, "one", TOKEN.encode())
    with monkeypatch.context() as full:
        full.setattr(journal.TakeFile, "rewrite", lambda *_given: (_ for _ in ()).throw(OSError(TOKEN)))
        await record(engine, "two", b"fine", ("Authorization", f"Bearer {TOKEN}"))
        assert any(TOKEN in line for line in journaled(tmp_path))
    assert "a secret that was learned later could not be looked for yet (OSError)" in caplog.text
    await engine.close(publish=False)
    assert not any(TOKEN in line for line in journaled(tmp_path))
    assert TOKEN not in caplog.text
