"""The pytest plugin: a cassette for each test, over one proxy.

    @pytest.mark.cassette            # or: the fixture ``tokentape`` among the arguments
    def test_weather():
        OpenAI().chat.completions.create(...)

The rules: this needs Python and pytest alone, for the proxy is a process of its own (see ``proxy``); a test is a
session, so no other test moves its positions; what a failing test recorded is thrown away; and where no test asks for
a cassette, nothing is started, and next to nothing imported: pytest loads this in every run.
"""

import os
import sys
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING

import pytest

from tokentape.errors import TokentapeError

if TYPE_CHECKING:
    from tokentape.proxy import Proxy, Session
    from tokentape.pytest_plugin.sharing import Shared
    from tokentape.reporting.reports import Report

FIXTURE = "tokentape"
MARKER = "cassette"

_SHARED: "pytest.StashKey[Shared]" = pytest.StashKey()
_ENDED: "pytest.StashKey[Report | TokentapeError]" = pytest.StashKey()
_SESSION: "pytest.StashKey[Session]" = pytest.StashKey()
_PASSED = pytest.StashKey[bool]()


# --- what can be set


def pytest_addoption(parser: pytest.Parser) -> None:
    """Flags, and the same in the ini file."""
    group = parser.getgroup("tokentape", "recordings of HTTP APIs")
    group.addoption("--tokentape-mode", metavar="MODE", help="replay, once, new_episodes, record or passthrough.")
    group.addoption("--tokentape-library", metavar="FOLDER", help="The folder that holds the cassettes.")
    group.addoption(
        "--tokentape-strict",
        action="store_true",
        help="Fail the run if something was refused, made up, not recorded or never used.",
    )
    parser.addini("tokentape_mode", "as --tokentape-mode, which wins; so does the variable TOKENTAPE_MODE", default="")
    parser.addini("tokentape_library", "as --tokentape-library, from the root folder on", default="")
    parser.addini("tokentape_flags", "more flags of tokentape proxy", type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; nothing is started."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(name=None, mode=None): record and replay what the test says to HTTP APIs, in a cassette of that "
        "name or (without one) of the test's own.",
    )


def _shared(config: pytest.Config) -> "Shared":
    """What tests get the proxy from. Not before one asks: most runs of pytest have nothing to do with us."""
    if _SHARED not in config.stash:
        from tokentape.pytest_plugin.sharing import Borrowed, Owned

        offer = getattr(config, "workerinput", {}).get(FIXTURE)
        config.stash[_SHARED] = Borrowed(offer) if offer else Owned(lambda: _proxy(config))
    return config.stash[_SHARED]


def _proxy(config: pytest.Config) -> "Proxy":
    """The proxy as it is set: by flag, else by variable (which the process reads itself), else in the ini file."""
    from tokentape.proxy import Proxy

    settings = {}
    for name, fallback in (("mode", ""), ("library", "cassettes")):
        flag = config.getoption(f"--tokentape-{name}")
        if flag or not os.environ.get(f"TOKENTAPE_{name.upper()}"):
            settings[name] = flag or config.getini(f"tokentape_{name}") or fallback
    if "library" in settings and not config.getoption("--tokentape-library"):
        settings["library"] = str(config.rootpath / settings["library"])
    return Proxy(*config.getini("tokentape_flags"), **{name: value for name, value in settings.items() if value})


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: "object") -> None:
    """pytest-xdist: tell a worker where to ask for the proxy."""
    from tokentape.pytest_plugin.sharing import Owned

    config, workerinput = node.config, node.workerinput  # type: ignore[attr-defined]  # xdist's, not always there
    shared = _shared(config)
    assert isinstance(shared, Owned)
    workerinput[FIXTURE] = shared.offer()


# --- a test


def pytest_itemcollected(item: pytest.Item) -> None:
    """Set up the session before the fixtures of a test, so that a client made in one of them finds the proxy."""
    names = getattr(item, "fixturenames", None)
    if names is not None and (FIXTURE in names or item.get_closest_marker(MARKER)):
        # A list of its own: pytest's is one for all parameters of a test, and the mark may be on one of them.
        item.fixturenames = [FIXTURE, *(name for name in names if name != FIXTURE)]  # type: ignore[attr-defined]


@pytest.fixture
def tokentape(request: pytest.FixtureRequest) -> "Iterator[Session]":
    """This test's session: ``cassette``, ``url``, ``base_url``, ``env``, ``report``. While it lasts, the environment
    leads every client that is made, and every command that is run, through the proxy."""
    item = request.node
    session = _or_fail(lambda: _begin(item))
    item.stash[_SESSION] = session
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in session.variables.items():
                if name.lower() == "all_proxy":
                    # The two others cover http and https, and httpx loads all certificates once more for each.
                    patch.delenv(name, raising=False)
                else:
                    patch.setenv(name, value)
            _forget_opener()
            yield session
    finally:
        _forget_opener()
        del item.stash[_SESSION]
        _end(session, publish=item.stash.get(_PASSED, False))


def _forget_opener() -> None:
    """What urlopen makes of the environment it keeps for good, and another test's is not ours; but one that the
    program installed is its own."""
    module = sys.modules.get("urllib.request")
    handlers = getattr(getattr(module, "_opener", None), "handlers", ())
    if module is not None and all(type(handler).__module__ == "urllib.request" for handler in handlers):
        module._opener = None  # type: ignore[attr-defined]  # it is made anew when it is needed


def _begin(item: pytest.Item) -> "Session":
    from tokentape.names import parse_name
    from tokentape.pytest_plugin.naming import cassette_of

    marker = item.get_closest_marker(MARKER)
    name, mode = _marked(*marker.args, **marker.kwargs) if marker else ("", "")
    if item.config.getoption("--tokentape-mode"):
        mode = ""  # the flag is the proxy's own mode, and wins
    item.stash[_PASSED] = False
    return _shared(item.config).address().session(parse_name(name or cassette_of(item.nodeid)), mode)


def _marked(name: str = "", mode: str = "") -> tuple[str, str]:
    """What the marker was given."""
    return name, mode


def _end(session: "Session", *, publish: bool) -> None:
    report = _or_fail(lambda: session.end(publish=publish))
    if publish and report.kept:
        pytest.fail("\n".join([f"not published: {', '.join(report.kept)}", *report.problems]), pytrace=False)


def _or_fail[T](work: Callable[[], T]) -> T:
    """Our errors are for reading: a line and a hint, and no traceback through us."""
    try:
        return work()
    except TokentapeError as error:
        told = _told(error)
    pytest.fail(told, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test has passed, and explain on a failing one what was refused."""
    report = yield
    session = item.stash.get(_SESSION, None)
    if session is not None and call.when != "teardown":
        item.stash[_PASSED] = call.when == "call" and call.excinfo is None
        if report.failed:
            try:
                refused = session.report.refused
            except TokentapeError as error:
                report.sections.append((FIXTURE, _told(error)))
            else:
                for one in refused:
                    head = f"{FIXTURE}: refused {one.method} {one.url}"
                    report.sections.append((head, _for_pytest(one.message, item.nodeid)))
    return report


def _for_pytest(text: str, nodeid: str = "") -> str:
    """What the command line says, with the commands and flags that pytest has for it; ``nodeid`` is of the test that is
    meant."""
    from tokentape.refusal import RECORDS_MORE

    test = f" '{nodeid}'" if nodeid else ""
    more = f"pytest --tokentape-mode=new_episodes{test}"
    text = RECORDS_MORE.sub(lambda _: more, text)
    for ours, here in (
        ("tokentape record -- YOUR COMMAND", f"pytest --tokentape-mode=record{test}"),
        ("--mode ", "--tokentape-mode "),
        ("--library ", "--tokentape-library "),
    ):
        text = text.replace(ours, here)
    return text


def _told(error: TokentapeError) -> str:
    return _for_pytest(f"{FIXTURE}: {error}\n\nhint: {error.hint}" if error.hint else f"{FIXTURE}: {error}")


# --- the end


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the proxy; under ``--tokentape-strict`` the run fails if its report is not spotless."""
    shared = session.config.stash.get(_SHARED, None)
    if shared is None:
        return
    from tokentape.reporting.summary import is_spotless

    try:
        report = shared.close()
    except TokentapeError as error:
        session.config.stash[_ENDED] = error
        failed = True
    else:
        if report is None:
            return
        session.config.stash[_ENDED] = report
        failed = bool(session.config.getoption("--tokentape-strict")) and not is_spotless(report)
    if failed and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the run did."""
    ended = terminalreporter.config.stash.get(_ENDED, None)
    if ended is None:
        return
    from tokentape.reporting.summary import summary

    terminalreporter.ensure_newline()
    if isinstance(ended, TokentapeError):
        terminalreporter.write_line(_told(ended), red=True)
        return
    first, *more = map(_for_pytest, summary(ended, each=False))
    terminalreporter.write_line(f"{FIXTURE}: {first}")
    for line in more:
        terminalreporter.write_line(line)
