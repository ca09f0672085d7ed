"""The pytest plugin, as a suite uses it: a test here writes a suite, runs pytest on it, and looks at what is left.

The rule: each run of pytest starts Python, pytest and a proxy, so a test has as few of them as it can.
"""

import os
import resource
import shutil
import sys
import time
from pathlib import Path

import certifi
import pytest
import recordings
from commands import mapping
from console import fenced
from processes import Staying, runs
from running import ROOT
from secrets_for_tests import OPENAI_KEY
from upstream import Upstream
from waiting import until

ASK = """
    import urllib.error
    import urllib.request

    def ask(path="plain"):
        try:
            return urllib.request.urlopen(f"https://files.example/{path}").read()
        except urllib.error.HTTPError as error:
            return error.code
"""


LONGEST = 600.0  # seconds for one run of pytest: some have hundreds of tests
# What our own tests need and these do not: half of the time that pytest takes to start.
WITHOUT = [word for name in ("cacheprovider", "asyncio", "anyio", "hypothesispytest") for word in ("-p", f"no:{name}")]


class Suite:
    """A folder with tests in it, and pytest run on them in a process of its own."""

    def __init__(self, pytester: pytest.Pytester, confdir: Path, upstream: Upstream) -> None:
        self.pytester, self.upstream = pytester, upstream
        shutil.copytree(confdir, pytester.path / ".mitmproxy")  # pytester's home is its folder
        self._ini = "\n    ".join(["[pytest]\ntokentape_flags =", *mapping(upstream)])
        self.ini()
        pytester.makepyfile(asking=ASK)

    def ini(self, *lines: str) -> None:
        """Write the ini file, with some more lines."""
        self.pytester.path.joinpath("pytest.ini").write_text("\n".join([self._ini, *lines, ""]))

    def __call__(self, *words: str, **tests: str) -> pytest.RunResult:
        """Write tests, if some are given, and run them."""
        if tests:
            self.pytester.makepyfile(**tests)
        return self.pytester.runpytest_subprocess(*WITHOUT, *words, timeout=LONGEST)

    def cassettes(self) -> list[str]:
        """The names of what was recorded."""
        return recordings.names(self.pytester.path / "cassettes")


@pytest.fixture
def suite(pytester: pytest.Pytester, confdir: Path, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """An empty suite; nothing of the shell that runs the tests shows in it."""
    for name in list(os.environ):
        if name == "CI" or name.startswith(("TOKENTAPE_", "XDG_", "PYTEST_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    return Suite(pytester, confdir, upstream)


MARKED = """
    import pytest
    from asking import ask

    @pytest.mark.cassette
    def test_own():
        assert len(ask()) == 1800

    @pytest.mark.cassette("shared/one")
    def test_named():
        assert len(ask()) == 1800

    def test_fixture(tokentape):
        assert len(ask()) == 1800
        assert tokentape.cassette == "test_marked/test_fixture"
        assert tokentape.report.recorded + tokentape.report.replayed == 1

    def test_neither():
        import os
        assert "HTTPS_PROXY" not in os.environ
"""


def test_recorded_then_replayed_with_the_network_gone(suite: Suite) -> None:
    """A marker or the fixture is all it takes; a test's cassette is named by its node id."""
    first = suite(test_marked=MARKED)
    first.assert_outcomes(passed=4)
    assert suite.cassettes() == ["shared/one", "test_marked/test_fixture", "test_marked/test_own"]
    first.stdout.fnmatch_lines(["*tokentape: 3 recorded*"])
    with suite.upstream.unplugged():
        again = suite("--tokentape-mode=replay", "--tokentape-strict")
    again.assert_outcomes(passed=4)
    again.stdout.fnmatch_lines(["*tokentape: 3 replayed*"])
    assert len(suite.upstream.requests) == 3


def test_where_nothing_is_asked_for_nothing_is_started(suite: Suite) -> None:
    """A suite that does not use the plugin does not know that it is there."""
    ended = suite("-q", test_plain="def test_plain(): pass")
    ended.assert_outcomes(passed=1)
    assert "tokentape" not in ended.stdout.str()
    assert not (suite.pytester.path / "cassettes").exists()


QUIET = """
    from asking import ask

    def test_loud(tokentape):
        assert {loud} != 409

    def test_quiet(tokentape):
        ask({quiet})
"""


def test_a_miss_is_explained_in_the_report_of_the_test(suite: Suite) -> None:
    """The words of the refusal stand under the failure, whatever the client made of them."""
    suite(test_miss=QUIET.format(loud="ask('echo?a=1')", quiet="")).assert_outcomes(passed=2)
    suite.pytester.makepyfile(test_miss=QUIET.format(loud="ask('echo?a=2')", quiet=""))
    ended = suite("--tokentape-mode=replay")
    ended.assert_outcomes(passed=1, failed=1)
    ended.stdout.fnmatch_lines(
        [
            "*- tokentape: refused GET https://files.example/echo?a=2 -*",
            "*no recording in *cassettes/test_miss/test_loud.yaml matches GET https://files.example/echo?a=2",
            "*nearest: test_miss/test_loud#0",
            "*query.a: recorded '1', got '2'",
            "*hint: record it: pytest --tokentape-mode=new_episodes *test_miss.py::test_loud*",
            "tokentape: 1 replayed, 1 refused, 1 never used",
            "*hint: record it: pytest --tokentape-mode=new_episodes",
            "*never used: test_miss/test_loud#0",
        ]
    )


def test_strict_fails_the_run(suite: Suite) -> None:
    """For a refusal that a test swallows, say."""
    suite.pytester.mkdir("cassettes")
    ended = suite("--tokentape-mode=replay", "--tokentape-strict", test_quiet=QUIET.format(loud="1", quiet=""))
    ended.assert_outcomes(passed=2)
    assert ended.ret == 1
    ended.stdout.fnmatch_lines(["tokentape: 1 refused"])


def test_a_failing_test_publishes_nothing(suite: Suite) -> None:
    """What it recorded is thrown away; others' is kept. The same for one that is skipped or expected to fail."""
    ended = suite(
        test_some="""
        import pytest
        from asking import ask

        def test_good(tokentape): ask()

        def test_bad(tokentape):
            ask()
            assert False

        def test_skips(tokentape):
            ask()
            pytest.skip("now")

        @pytest.mark.xfail
        def test_expected(tokentape):
            ask()
            assert False

        @pytest.fixture
        def broken(tokentape):
            ask()
            raise RuntimeError("here")

        def test_broken(broken): pass
        """
    )
    ended.assert_outcomes(passed=1, failed=1, skipped=1, xfailed=1, errors=1)
    assert suite.cassettes() == ["test_some/test_good"]
    left = list((suite.pytester.path / ".local/state/tokentape/journal").glob("*"))
    assert not [path for path in left if path.suffix != ".lock"], left


def test_a_retry_begins_the_session_anew(suite: Suite) -> None:
    """The second attempt plays from the first recording, and only what the last one recorded is kept."""
    ended = suite(
        "--reruns=2",
        test_flaky="""
        from asking import ask
        ATTEMPTS = []

        def test_flaky(tokentape):
            ATTEMPTS.append(tokentape.id)
            ask()
            ask()
            assert len(ATTEMPTS) == 3
            assert len(set(ATTEMPTS)) == 3
            assert tokentape.report.recorded == 1
        """,
    )
    ended.assert_outcomes(passed=1)
    ended.stdout.fnmatch_lines(["*2 rerun*"])
    assert suite.cassettes() == ["test_flaky/test_flaky"]
    assert len(suite.upstream.requests) == 3


def test_workers_share_one_proxy(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest-xdist: the controller starts it when the first worker asks; every test has its own session."""
    tests = """
        import os
        import pytest
        from asking import ask

        @pytest.mark.parametrize("number", range(8))
        def test_it(number, tokentape):
            assert len(ask()) == 1800
            open(f"{os.environ['SEEN']}/{tokentape.url.rpartition(':')[2]}", "a").close()
    """
    seen = suite.pytester.mkdir("seen")
    monkeypatch.setenv("SEEN", str(seen))
    ended = suite("-n", "2", test_parallel=tests)
    ended.assert_outcomes(passed=8)
    assert suite.cassettes() == [f"test_parallel/test_it-{number}" for number in range(8)]
    assert len(list(seen.iterdir())) == 1
    ended.stdout.fnmatch_lines(["*tokentape: 8 recorded*"])


def test_the_precedence_of_modes(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """The flag, then the marker, then the variable, then the ini file, then the default."""
    suite.pytester.mkdir("cassettes")
    tests = """
        import pytest

        @pytest.mark.cassette(mode="record")
        def test_marked(tokentape): assert tokentape.mode == "{}"

        def test_plain(tokentape): assert tokentape.mode == "{}"
    """
    suite.ini("tokentape_mode = replay")
    suite(test_mode=tests.format("record", "replay")).assert_outcomes(passed=2)
    monkeypatch.setenv("TOKENTAPE_MODE", "new_episodes")
    suite(test_mode=tests.format("record", "new_episodes")).assert_outcomes(passed=2)
    suite("--tokentape-mode=once", test_mode=tests.format("once", "once")).assert_outcomes(passed=2)


@pytest.mark.slow
def test_clients_made_in_the_test_find_the_proxy(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """httpx, requests, the SDKs of OpenAI and Anthropic, and a command with the environment of the fixture."""
    monkeypatch.setenv("OPENAI_API_KEY", OPENAI_KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-api03-" + "a" * 95)
    tests = """
        import subprocess
        import sys
        import pytest

        @pytest.fixture
        def client():
            import openai
            return openai.OpenAI()  # made in a fixture that does not know of ours

        def test_openai(client, tokentape):
            asked = [{"role": "user", "content": "Hello!"}]
            assert client.chat.completions.create(model="gpt-5-nano", messages=asked).choices

        def test_anthropic(tokentape):
            import anthropic
            asked = [{"role": "user", "content": "Hello!"}]
            assert anthropic.Anthropic().messages.create(model="m", max_tokens=8, messages=asked).content

        def test_httpx(tokentape):
            import httpx
            assert len(httpx.get("https://files.example/plain").content) == 1800

        def test_requests(tokentape):
            import requests
            assert len(requests.get("https://files.example/plain").content) == 1800

        def test_command(tokentape):
            code = "import httpx; print(len(httpx.get('https://files.example/plain').content))"
            assert subprocess.check_output([sys.executable, "-c", code], env=tokentape.env) == b"1800\\n"
    """
    suite(test_clients=tests).assert_outcomes(passed=5)
    assert len(suite.cassettes()) == 5
    with suite.upstream.unplugged():
        suite("--tokentape-mode=replay", "--tokentape-strict").assert_outcomes(passed=5)


@pytest.mark.slow
def test_the_document_s_test_works(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of docs/pytest.md: recorded, and replayed with a key that is none."""
    example = fenced((ROOT / "addon/docs/pytest.md").read_text(), "python")[0]
    monkeypatch.setenv("OPENAI_API_KEY", OPENAI_KEY)
    suite(test_tape=example.replace("remembers", "")).assert_outcomes(passed=1)
    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    with suite.upstream.unplugged():
        suite("--tokentape-mode=replay", "--tokentape-strict").assert_outcomes(passed=1)


SUITE = """
    import os
    import httpx
    import pytest

    BARE = os.environ.get("BARE")

    @pytest.mark.parametrize("number", range(200))
    def test_it(number, request):
        if not BARE:
            request.getfixturevalue("tokentape")
        with httpx.Client(base_url=BARE or "https://files.example") as client:
            for item in range(5):
                assert f"n={number}.{item}." in client.get(f"/echo?n={number}.{item}.").text
"""


@pytest.mark.slow
def test_two_hundred_tests_over_one_proxy(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight workers, a cassette for each test: recorded, replayed with the network gone, and beside it the bare API.
    The times are printed and not judged."""
    took = {}
    ways = (
        ("recorded", {}, 1000),
        ("replayed", {"TOKENTAPE_MODE": "replay"}, 1000),
        ("bare", bare(suite), 2000),
    )
    for way, variables, asked in ways:
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            started, spent = time.monotonic(), cpu_seconds()
            ended = suite("-n", "8", "-q", test_suite=SUITE)
            took[way] = f"{time.monotonic() - started:.1f} s, {cpu_seconds() - spent:.1f} s of CPU"
        ended.assert_outcomes(passed=200)
        if way != "bare":
            assert f"tokentape: 1000 {way}" in ended.stdout.str()
        assert len(suite.upstream.requests) == asked
    assert suite.cassettes() == sorted(f"test_suite/test_it-{number}" for number in range(200))
    print(took)


def cpu_seconds() -> float:
    """What all commands that have ended took; on a machine that does much else it tells more than the clock."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def bare(suite: Suite) -> dict[str, str]:
    """What leads the tests to the API itself, with as many certificates to load as any client has."""
    roots = suite.pytester.path / "roots.pem"
    roots.write_text(Path(certifi.where()).read_text() + suite.upstream.ca_file.read_text())
    return {"BARE": suite.upstream.url, "SSL_CERT_FILE": str(roots)}


def test_what_is_wrong_is_said_without_a_traceback(suite: Suite) -> None:
    """A bad name, a bad mode, a library that is not there: a line and a hint, for each test."""
    ended = suite(
        "--tokentape-mode=replya",
        test_wrong="""
        import pytest

        @pytest.mark.cassette("../evil")
        def test_name(): pass

        def test_mode(tokentape): pass
        """,
    )
    ended.assert_outcomes(errors=2)
    ended.stdout.fnmatch_lines(["*--tokentape-mode *replya*", "*hint: did you mean --tokentape-mode replay ?*"])
    assert "Traceback" not in ended.stdout.str()
    ended = suite("--tokentape-mode=replay")
    assert "hint: pytest --tokentape-mode=record, or name another: --tokentape-library FOLDER" in ended.stdout.str()
    assert "YOUR COMMAND" not in ended.stdout.str()


def test_pytest_killed_leaves_no_proxy(suite: Suite) -> None:
    """``kill -9`` of pytest: the proxy sees its stdin end, and goes."""
    suite.pytester.makepyfile(
        test_long="""
        import time
        def test_long(tokentape):
            print(f"\\n{tokentape._address.pid}", flush=True)
            time.sleep(600)
        """
    )
    place = suite.pytester.path
    running = Staying([sys.executable, "-m", "pytest", "-q", "-s"], place / "pytest.log", cwd=place)
    while not (said := running.line().strip()).isdigit():
        pass
    pid = int(said)
    assert runs(pid)
    running.kill()
    until(lambda: not runs(pid), "the proxy has ended")


def test_a_mark_on_one_parameter_gave_all_of_them_a_session(suite: Suite) -> None:
    """Those without it have nothing to do with us."""
    ended = suite(
        test_one="""
        import os
        import pytest

        @pytest.mark.parametrize("marked", [pytest.param(True, marks=pytest.mark.cassette("one")), False])
        def test_one(marked):
            assert ("HTTPS_PROXY" in os.environ) is marked
        """
    )
    ended.assert_outcomes(passed=2)
