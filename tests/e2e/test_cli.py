"""The commands around a program: it finds the proxy by its environment, and its exit code is passed on."""

import json
import re
import shutil
import signal
from pathlib import Path

import processes
import pytest
import recordings
from commands import GET, GET_AND_FAIL, PROGRAMS, CommandLine, python
from running import ADDON, Starter
from secrets_for_tests import ANTHROPIC_KEY, OPENAI_KEY
from talking import FILES, Clients, refusal
from upstream import Upstream
from upstream_answers import PLAIN
from waiting import ENOUGH, until

from tokentape.cli.commands import commands

KEYS = {"OPENAI_API_KEY": OPENAI_KEY, "ANTHROPIC_API_KEY": ANTHROPIC_KEY}
# The SDKs want to be given some key before they say anything.
DUMMIES = {"OPENAI_API_KEY": "unused", "ANTHROPIC_API_KEY": "unused"}

GET_OTHER = python(
    "import urllib.request as u, urllib.error\n"
    "try: u.urlopen('https://files.example/other')\n"
    "except urllib.error.HTTPError as e: print(e.code, e.headers['X-Cassette-Error'])"
)


@pytest.mark.parametrize("name", PROGRAMS)
def test_record_then_replay(name: str, tokentape: CommandLine, tmp_path: Path, upstream: Upstream) -> None:
    """A program is recorded, unplugged and replayed, and says the same twice."""
    if not shutil.which(PROGRAMS[name][0]):
        pytest.skip(f"no {PROGRAMS[name][0]} on this machine")
    first = tokentape.record(PROGRAMS[name], "--cassette=demo", env=KEYS)
    assert first.code == 0, first.err
    assert "1 recorded" in first.err
    assert "demo" in first.err
    assert recordings.names(tmp_path / "cassettes") == ["demo"]
    with upstream.unplugged():
        again = tokentape.replay(PROGRAMS[name], "--cassette=demo", env=DUMMIES)
    assert again.code == 0, again.err
    assert again.out == first.out
    assert again.out.strip()
    assert "1 replayed" in again.err
    assert len(upstream.requests) == 1


def test_unnamed_requests_of_a_command_are_recorded_by_their_hash(
    tokentape: CommandLine, tmp_path: Path, upstream: Upstream
) -> None:
    """Without a cassette each request gets a file of its own, and replays."""
    assert tokentape.record(GET, "--library=lib").code == 0
    (only,) = recordings.names(tmp_path / "lib")
    assert only.startswith("unnamed/files.example/plain-")
    with upstream.unplugged():
        assert tokentape.replay(GET, "--library=lib").out == "1800\n"


@pytest.mark.parametrize("code", [0, 1, 7, 42])
def test_the_exit_code_is_passed_on(code: int, tokentape: CommandLine, tmp_path: Path) -> None:
    """The command's exit code is ours, and its output is its own."""
    (tmp_path / "cassettes").mkdir()
    program = python(f"import sys; print('to stdout'); print('to stderr', file=sys.stderr); sys.exit({code})")
    ended = tokentape.replay(program)
    assert ended.code == code
    assert ended.out == "to stdout\n"
    assert ended.err.startswith("to stderr\n")


def test_a_command_ended_by_a_signal_has_the_shells_exit_code(tokentape: CommandLine, tmp_path: Path) -> None:
    """128 and the number, as a shell says it."""
    (tmp_path / "cassettes").mkdir()
    assert tokentape.replay(python("import os; os.kill(os.getpid(), 15)")).code == 128 + signal.SIGTERM


def test_a_command_that_is_not_there(tokentape: CommandLine, tmp_path: Path) -> None:
    """A slip in the command's name is said plainly, with the shell's exit code, and makes no library."""
    ended = tokentape.record(["no-such-command"])
    assert ended.code == 127
    assert "no-such-command" in ended.err
    assert "Traceback" not in ended.err
    assert not (tmp_path / "cassettes").exists()


def test_no_command_at_all(tokentape: CommandLine) -> None:
    """Without a command the way to give one is shown."""
    ended = tokentape("record", "--cassette=demo")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: there is no command to run\n\nhint: tokentape record -- pytest\n"


def test_a_command_that_fails_publishes_nothing(tokentape: CommandLine, tmp_path: Path, upstream: Upstream) -> None:
    """What a failed run recorded stays out of the library, is named, and can be had by ``recover``."""
    ended = tokentape.record(GET_AND_FAIL, "--cassette=demo")
    assert ended.code == 7
    assert recordings.names(tmp_path / "cassettes") == []
    assert "not published" in ended.err
    assert "demo" in ended.err
    assert "tokentape recover" in ended.err
    assert tokentape("recover").code == 0
    assert recordings.names(tmp_path / "cassettes") == ["demo"]


def test_a_failing_command_is_published_if_asked(tokentape: CommandLine, tmp_path: Path) -> None:
    """``--commit always`` keeps what was recorded, whatever the exit code."""
    ended = tokentape.record(GET_AND_FAIL, "--cassette=demo", "--commit=always")
    assert ended.code == 7
    assert recordings.names(tmp_path / "cassettes") == ["demo"]


def test_record_takes_anew(tokentape: CommandLine, tmp_path: Path, upstream: Upstream) -> None:
    """A second ``record`` replaces the cassette; one that fails leaves the old one."""
    for _ in range(2):
        assert tokentape.record(GET, "--cassette=demo").code == 0
    assert len(upstream.requests) == 2
    path = tmp_path / "cassettes/demo.yaml"
    assert len(recordings.interactions(path)) == 1
    before = path.read_text()
    assert tokentape.record(GET_AND_FAIL, "--cassette=demo").code == 7
    assert path.read_text() == before


def test_a_miss_in_replay_is_told(tokentape: CommandLine, tmp_path: Path, upstream: Upstream) -> None:
    """The program gets the refusal, the summary names it and what was never used; ``--strict`` makes it a failure."""
    library = tmp_path / "cassettes"
    recordings.write(library / "demo.yaml", ({"url": f"{FILES}/plain"}, {"body": "x"}))
    ended = tokentape.replay(GET_OTHER, "--cassette=demo")
    assert ended.out == "409 out-of-date\n"
    assert ended.code == 0
    assert "1 refused" in ended.err
    assert "/other" in ended.err
    assert "1 never used" in ended.err
    assert "demo#" in ended.err
    assert tokentape.replay(GET_OTHER, "--cassette=demo", "--strict").code == 3
    assert upstream.connections == 0


def test_the_summary_as_json(tokentape: CommandLine, tmp_path: Path) -> None:
    """With ``--json`` the summary is a line of JSON behind what the command said."""
    ended = tokentape.record(GET, "--cassette=demo", "--json")
    report = json.loads(ended.err.strip().splitlines()[-1])
    assert report["recorded"] == 1
    assert report["replayed"] == 0
    assert ended.out == "1800\n"


def test_replay_without_a_library_is_refused(tokentape: CommandLine) -> None:
    """A library that is not there is said before the command runs."""
    ended = tokentape.replay(python("print('ran')"), "--library=nowhere")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: there is no library nowhere to replay from\n\nhint: tokentape record -- ")


WRONG_WORDS = {
    "flag": (["run", "--moed=replay", "--", "echo", "ran"], "--mode"),
    "value": (["run", "--mode=reply", "--", "echo", "ran"], "replay"),
    "name": (["record", "--cassette=../evil", "--", "echo", "ran"], "evil"),
    "command": (["recrod", "--", "echo", "ran"], "record"),
}


@pytest.mark.parametrize("wrong", WRONG_WORDS)
def test_a_slip_on_the_command_line_is_answered(wrong: str, tokentape: CommandLine) -> None:
    """What was probably meant is said; nothing runs."""
    words, meant = WRONG_WORDS[wrong]
    ended = tokentape(*words)
    assert (ended.code, ended.out) == (2, "")
    assert meant in ended.err
    assert "Traceback" not in ended.err


def test_a_misspelled_variable_is_answered(tokentape: CommandLine) -> None:
    """A ``TOKENTAPE_`` variable that looks like an option is not passed over."""
    ended = tokentape.replay(["true"], env={"TOKENTAPE_LIBARY": "x"})
    assert ended.code == 2
    assert "TOKENTAPE_LIBRARY" in ended.err


def test_run_takes_its_mode_from_the_variable(tokentape: CommandLine, tmp_path: Path, upstream: Upstream) -> None:
    """Flags win over variables, variables over defaults."""
    (tmp_path / "cassettes").mkdir()
    words = ["run", *tokentape.mapping(), "--cassette=demo"]
    assert tokentape(*words, "--", *GET_OTHER, env={"TOKENTAPE_MODE": "replay"}).out == "500 no-cassette\n"
    assert upstream.connections == 0
    assert tokentape(*words, "--mode=once", "--", *GET, env={"TOKENTAPE_MODE": "replay"}).out == "1800\n"
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_proxy_that_stays(
    number: int, tokentape: CommandLine, tmp_path: Path, client: Clients, upstream: Upstream
) -> None:
    """``tokentape proxy`` says where it listens, records and replays, and publishes when it is told to stop."""
    with tokentape.staying("proxy", "--port=0", "--json", *tokentape.mapping()) as proxy:
        where = proxy.where()
        assert where["url"] == f"http://127.0.0.1:{where['port']}"
        url = where["url"].replace("://", "://stay:x@")
        assert [client(url).get(f"{FILES}/plain").content for _ in range(2)] == [PLAIN, PLAIN]
        assert proxy.stop(number) == 0, proxy.log
    assert len(upstream.requests) == 1
    assert recordings.names(tmp_path / "cassettes") == ["stay"]
    report = json.loads(proxy.log.splitlines()[-1])
    assert (report["recorded"], report["replayed"]) == (1, 1)


# As a shell starts what it puts into the background: deaf to Ctrl-C, until a program listens for it.
IN_THE_BACKGROUND = ["sh", "-c", 'trap "" INT; exec "$0" "$@"']
TOLD_AT_ONCE = """
import os, signal, sys
from tokentape.cli import main, standing
standing.remind = lambda _library: os.kill(os.getpid(), signal.SIGINT)
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("command", ["proxy", "serve"])
def test_a_proxy_in_the_background_that_was_told_to_stop_with_its_first_word_stayed(
    command: str, tokentape: CommandLine, library: Path
) -> None:
    """From its first word on, of what earlier runs left, it hears that it is to stop."""
    words = [*IN_THE_BACKGROUND, *python(TOLD_AT_ONCE), command, "--port=0", "--mode=replay"]
    ended = processes.run(words, env=tokentape.environment(), cwd=tokentape.place, seconds=ENOUGH)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.endswith("tokentape: nothing came through the proxy\n")


def test_script_is_what_mitmdump_takes(
    tokentape: CommandLine, mitmdump: Starter, library: Path, client: Clients, upstream: Upstream
) -> None:
    """``tokentape script`` prints one path, and mitmdump runs it."""
    ended = tokentape("script")
    assert ended.code == 0
    path = Path(ended.out.strip())
    assert path.is_file()
    # Where the package is installed, mitmdump finds it without help; from a source tree it has to be told.
    proxy = mitmdump(library, script=path, env={"PYTHONPATH": str(ADDON)})
    assert client(proxy.proxy("by-script")).get(f"{FILES}/plain").content == PLAIN
    until((library / "by-script.yaml").exists, "the cassette is published")
    refusal(client(proxy.proxy("../x")).get(f"{FILES}/plain"), "bad-name")


def test_version_and_help(tokentape: CommandLine) -> None:
    """The version is one line; the help names every command."""
    assert re.fullmatch(r"tokentape \d+\.\d+\.\d+\S*\n", tokentape("--version").out)
    said = tokentape("--help")
    assert said.code == 0
    for command in commands.commands:
        assert re.search(rf"^ +{command} ", said.out, re.MULTILINE), command
