"""``Proxy`` and ``Cassette``: a proxy of one's own from Python, whatever environment it lives in."""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

import processes
import pytest
from console import fenced
from processes import Staying, runs
from running import ADDON, ROOT
from secrets_for_tests import OPENAI_KEY
from talking import CHAT, SOME_KEY, Clients, chat, refusal
from upstream import Upstream
from waiting import until

from tokentape import Cassette, Proxy, ProxyTrouble
from tokentape.errors import DamagedCassette, LibraryTrouble
from tokentape.proxy import Address
from tokentape.proxytalk import launching_command
from tokentape.reporting.reports import report_from

SUPPORT = Path(__file__).parents[1] / "support"


@pytest.fixture
def mapped(the_upstream: Upstream) -> dict[str, object]:
    """Settings that record the APIs from the tests' upstream."""
    hosts = ("api.openai.com", "files.example")
    return {"upstream": dict.fromkeys(hosts, the_upstream.url), "upstream_ca": the_upstream.ca_file}


def test_recorded_replayed_and_looked_at(
    workplace: Path, mapped: dict[str, object], client: Clients, upstream: Upstream
) -> None:
    """A block records, the next replays, the report is there after each, and the cassette can be read."""
    with Proxy(library="cassettes", mode="once", **mapped) as proxy:
        first = client(proxy.url_of("a/chat")).post(CHAT, json=chat(), headers=SOME_KEY)
        assert proxy.url == f"http://127.0.0.1:{proxy.port}"
        assert list(proxy.details) == ["form", "url", "port", "pid", "ca", "ca_bundle", "env"]
        assert proxy.ca_file.read_text() in proxy.ca_bundle.read_text()
    assert proxy.report.recorded == 1
    assert proxy.report.published == ("cassettes/a/chat.yaml",)
    cassette = Cassette.load("cassettes/a/chat.yaml")
    assert len(cassette) == 1
    assert cassette.requests[0].url == CHAT
    assert cassette.interactions[0].response.body == first.content
    with upstream.unplugged(), Proxy(library="cassettes", mode="replay") as proxy:
        assert client(proxy.url_of("a/chat")).post(CHAT, json=chat()).content == first.content
        based = client().post(f"{proxy.base_url_of('a/chat')}/v1/chat/completions", json=chat())
        assert based.content == first.content
        command = "import httpx; print(httpx.post('https://api.openai.com/v1/chat/completions', json={}).status_code)"
        assert processes.run([sys.executable, "-c", command], env=proxy.env("a/chat")).stdout == "409\n"
        assert proxy.report.replayed == 2
    assert (proxy.report.replayed, len(proxy.report.refused)) == (2, 1)
    assert proxy.close() is proxy.report


def test_a_session_publishes_when_its_block_ends_well(
    workplace: Path, mapped: dict[str, object], client: Clients, upstream: Upstream
) -> None:
    """And throws away what it recorded when it does not."""
    with Proxy(**mapped) as proxy:
        with proxy.session("good") as session:
            client(session.url).post(CHAT, json=chat(), headers=SOME_KEY)
            assert session.report.recorded == 1
        assert Cassette.load("cassettes/good.yaml").requests
        with pytest.raises(ZeroDivisionError), proxy.session("bad", mode="record") as session:
            client(session.url).post(CHAT, json=chat(), headers=SOME_KEY).status_code / 0
        with proxy.session("good", mode="replay") as session:
            talk = client(session.url)
            assert talk.post(CHAT, json=chat()).status_code == 200
            refusal(talk.post(CHAT, json=chat("Bye!")), "out-of-date")
    assert not Path("cassettes/bad.yaml").exists()
    assert proxy.report.recorded == 2
    assert not proxy.report.kept


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_document_s_program_works(workplace: Path, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of docs/pytest.md, with the API on this machine."""
    monkeypatch.setenv("TOKENTAPE_UPSTREAM", f"api.openai.com={upstream.plain_url}")
    monkeypatch.setenv("OPENAI_API_KEY", OPENAI_KEY)
    program = fenced((ROOT / "addon/docs/pytest.md").read_text(), "python")[1]
    assert said([sys.executable, "-c", program]).endswith("1 ()\nGET https://api.openai.com/v1/models 200\n")


START_TROUBLES = [
    ({"mode": "replya"}, "", "--mode can't be 'replya'", "did you mean --mode replay"),
    ({"libary": "x"}, "", "--libary", "did you mean --library"),
    ({"mode": "replay", "library": "nowhere"}, "", "no library nowhere", "record"),
    ({}, "no-such-program proxy", "no-such-program", "TOKENTAPE_COMMAND"),
    ({}, "true", "did not start", ""),
    ({}, f"{sys.executable} -c 'print(1+1, flush=True); input()'", "it says b'2\\n'", ""),
]


@pytest.mark.parametrize(("settings", "command", "message", "hint"), START_TROUBLES)
def test_what_keeps_it_from_starting_is_raised_in_its_words(
    settings: dict[str, str], command: str, message: str, hint: str, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception with message and hint, and no process left behind."""
    if command:
        monkeypatch.setenv("TOKENTAPE_COMMAND", command)
    with pytest.raises(ProxyTrouble) as caught:
        Proxy(**settings).start()
    assert message in str(caught.value)
    assert hint in caught.value.hint


def test_one_that_was_not_started_or_was_killed_says_so(workplace: Path) -> None:
    """Before, and after a crash."""
    proxy = Proxy()
    for use in (lambda: proxy.url, proxy.close, lambda: proxy.report):
        with pytest.raises(ProxyTrouble, match="not started"):
            use()
    pid = proxy.start().pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: not runs(pid), "it is dead")
    with pytest.raises(ProxyTrouble, match="does not answer"):
        proxy.session("x")
    with pytest.raises(ProxyTrouble, match="without a report"):
        proxy.close()
    with pytest.raises(TypeError, match="NoneType"), Proxy() as proxy:
        len(os.kill(proxy.pid, signal.SIGKILL))  # the block's own error is the one to see


def test_a_report_that_was_asked_for_left_the_proxy_without_one(workplace: Path) -> None:
    """What ``tokentape prune`` wants is written, and the report is there all the same."""
    with Proxy("--report=run.json") as proxy:
        pass
    assert report_from(json.loads((workplace / "run.json").read_text())) == proxy.report


def test_it_ends_with_the_program_that_started_it(workplace: Path) -> None:
    """``kill -9`` of the program: nothing is left."""
    code = "import time, tokentape; print(tokentape.Proxy().start().pid, flush=True); time.sleep(600)"
    program = Staying([sys.executable, "-c", code], workplace / "program.log")
    pid = int(program.line())
    program.kill()
    until(lambda: not runs(pid), "the proxy has ended")


@pytest.fixture
def elsewhere(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy's packages are in another environment; this one has what is allowed and no more."""
    monkeypatch.setenv("PYTHONPATH", f"{ADDON}:{SUPPORT}")
    monkeypatch.setenv("TOKENTAPE_COMMAND", f"{sys.executable} -m tokentape")


def said(command: list[str]) -> str:
    """What a command prints; it has to succeed."""
    done = processes.run(command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


BARE = [
    # what is allowed, what is done
    ("", "from tokentape import Proxy\nwith Proxy() as proxy: print(proxy.session('x').report.replayed)"),
    ("yaml,_yaml", "from tokentape import Cassette; print(len(Cassette.load('c.yaml')) - 1)"),
]


@pytest.mark.parametrize(("allowed", "code"), BARE, ids=["Proxy", "Cassette"])
def test_an_application_needs_none_of_the_proxy_s_packages(
    allowed: str, code: str, elsewhere: None, workplace: Path
) -> None:
    """``pip install --no-deps tokentape`` is enough: Python alone for ``Proxy``, PyYAML for ``Cassette``."""
    workplace.joinpath("c.yaml").write_text(
        "---\nversion: 2\ninteractions:\n- id: 0\n  request: {method: GET, url: http://h/}\n  response: {code: 200}\n"
    )
    program = f"from blocking import block; block('blocking', *{allowed!r}.split(','))\n{code}"
    assert said([sys.executable, "-c", program]) == "0\n"


def test_the_plugin_needs_pytest_alone(elsewhere: None, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for a test suite."""
    workplace.joinpath("test_it.py").write_text("def test_it(tokentape): assert tokentape.report.replayed == 0\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    # What pytest itself is made of.
    monkeypatch.setenv("TESTS_ALLOW", "pytest,_pytest,pluggy,iniconfig,packaging,pygments,py,exceptiongroup,test_it")
    words = ["-m", "pytest", "-q", "-p", "blocking", "-p", "tokentape.pytest_plugin", "-p", "no:cacheprovider"]
    assert "1 passed" in said([sys.executable, *words])


def test_without_mitmproxy_and_without_a_command_the_way_is_shown(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another environment's ``tokentape`` on the path is taken; where there is none, it is said how to get one."""
    monkeypatch.setattr("tokentape.proxytalk.find_spec", lambda name: None)
    own = str(Path(sys.executable).parent)
    with pytest.raises(ProxyTrouble, match="no mitmproxy") as caught:
        launching_command({"PATH": own})
    assert "pipx install " in caught.value.hint
    other = workplace / "bin" / "tokentape"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    assert launching_command({"PATH": f"{own}:{other.parent}"}) == [str(other)]
    assert launching_command({"TOKENTAPE_COMMAND": "uvx 'a b'"}) == ["uvx", "a b"]


def test_cassette_errors_are_ours(workplace: Path) -> None:
    """A file that is not there, and one that is damaged."""
    with pytest.raises(LibraryTrouble, match=r"no\.yaml"):
        Cassette.load("no.yaml")
    workplace.joinpath("bad.yaml").write_text("version: 2\ninteractions: 7\n")
    with pytest.raises(DamagedCassette, match=r"bad\.yaml"):
        Cassette.load(workplace / "bad.yaml")


def test_a_command_with_a_quote_too_many_was_a_traceback() -> None:
    """It is said which variable is written wrong."""
    with pytest.raises(ProxyTrouble, match="TOKENTAPE_COMMAND is no command line: No closing quotation"):
        launching_command({"TOKENTAPE_COMMAND": "uvx 'a"})


def test_a_session_without_a_cassette_was_dropped_from_the_variables() -> None:
    """Its name is in the proxy's URL, with a cassette or without."""
    url = "http://127.0.0.1:1"
    address = Address({"url": url, "port": 1, "env": {"HTTPS_PROXY": url, "SSL_CERT_FILE": "x"}})
    assert address.variables() == {"HTTPS_PROXY": url, "SSL_CERT_FILE": "x"}
    assert address.variables(session="s")["HTTPS_PROXY"] == "http://:s@127.0.0.1:1"
    assert address.variables("c", "s")["HTTPS_PROXY"] == "http://c:s@127.0.0.1:1"
