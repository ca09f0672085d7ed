"""The commands: which settings they come to, how they run a command, what they say and exit with."""

import asyncio
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import ENOUGH

import tokentape
from tokentape.cli import main, standing
from tokentape.errors import LaunchTrouble, LibraryTrouble
from tokentape.reporting.reports import Refused, Report
from tokentape.settings import OPTIONS, Settings

TRUE = [sys.executable, "-c", ""]
FALSE = [sys.executable, "-c", "import sys; sys.exit(5)"]
AROUND = ("record", "replay", "run")


def test_version_and_help(capsys):
    """Both are data, on stdout."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"tokentape {tokentape.__version__}\n"
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(command in out for command in ("record", "replay", "run", "proxy", "script"))


def test_no_command_shows_the_help_and_fails(capsys):
    """Typed alone, the help goes to stderr."""
    assert main([]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Usage: tokentape" in captured.err


@pytest.mark.parametrize("command", ["run", "proxy", "serve"])
def test_each_option_is_a_flag(command, capsys):
    """The help shows a flag for every row of the table."""
    assert main([command, "--help"]) == 0
    out = capsys.readouterr().out
    assert all(option.flag in out for option in OPTIONS)


def test_script_prints_the_path_of_the_script(capsys):
    """What ``mitmdump -s`` is given by an installed copy."""
    assert main(["script"]) == 0
    assert capsys.readouterr().out == f"{Path(tokentape.__file__).parent / 'script' / 'vcr.py'}\n"


WRONG = [
    (["recrod"], "no such command 'recrod'", "did you mean record?"),
    (["run", "--libary", "x"], "no such option '--libary'", "did you mean --library?"),
    (["run", "--mode", "replya", "--", "true"], "--mode can't be 'replya'", "did you mean --mode replay ?"),
    (["replay", "--mode", "once", "--", "true"], "no such option '--mode'", "run, serve, proxy and web have it"),
    (["--mode", "once", "--", "true"], "no such option '--mode'", "it goes behind the command: tokentape run --mode"),
    (["--older", "replay"], "no such option '--older'", "tokentape --help"),
    (["replay", "--cassette"], "option '--cassette' requires an argument", "tokentape replay --help"),
    (["--cassette"], "no such option '--cassette'", "it goes behind the command: tokentape record --cassette"),
    (["replay", "--commit", "always", "--", "true"], "no such option '--commit'", ""),
    (["run", "--port", "70000", "--", "true"], "'--port'", "tokentape run --help"),
    (["run", "--commit", "never", "--", "true"], "'--commit'", "tokentape run --help"),
    (["run", "--upstream-ca", "/nowhere.pem", "--", "true"], "/nowhere.pem", "tokentape run --help"),
    (["record"], "there is no command to run", "tokentape record -- pytest"),
    (["proxy", "extra"], "extra", "tokentape proxy --help"),
]


@pytest.mark.parametrize(("arguments", "message", "hint"), WRONG)
def test_what_is_typed_wrong(door, capsys, arguments, message, hint):
    """An error, a blank line, a hint, on stderr; exit code 2, and no proxy was started."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    first, blank, rest = captured.err.split("\n", 2)
    assert first.startswith("error: ")
    assert message in first
    assert blank == ""
    assert rest.startswith("hint: ")
    assert hint in rest
    assert not door.launches


@pytest.mark.parametrize("command", AROUND)
def test_a_command_that_is_not_there(door, capsys, command):
    """A shell's exit code, before any proxy is started."""
    assert main([command, "--", "no-such-command-here"]) == 127
    assert "error: there is no command no-such-command-here" in capsys.readouterr().err
    assert not door.launches


@pytest.mark.parametrize(("command", "mode"), [("record", "record"), ("replay", "replay"), ("run", "once")])
def test_the_launch_of_each_command(door, command, mode):
    """Each command has its mode; the proxy takes a free port on loopback, and publishes at the command's end."""
    assert main([command, "--", *TRUE]) == 0
    [launch] = door.launches
    assert launch.settings == Settings(mode=mode)
    assert (launch.listen, launch.host, launch.port, launch.deferred) == (("regular",), "127.0.0.1", 0, True)
    assert door.published == [True]
    assert door.closed == 1


def test_flags_go_before_variables_and_variables_before_defaults(door, monkeypatch):
    """Precedence, and the values of every kind of option."""
    monkeypatch.setenv("TOKENTAPE_MODE", "new_episodes")
    monkeypatch.setenv("TOKENTAPE_LIBRARY", "from-variable")
    monkeypatch.setenv("TOKENTAPE_OUTCOME_HEADER", "true")
    flags = ["--library", "from-flag", "--ignore-hosts", "a.com", "--ignore-hosts", "b.com,c.com", "--max-body", "1k"]
    assert main(["run", *flags, "--", *TRUE]) == 0
    assert main(["run", "--no-outcome-header", "--outcome-header", "--mode", "all", "--", *TRUE]) == 0
    assert main(["run", "--no-outcome-header", "--", *TRUE]) == 0
    assert [launch.settings for launch in door.launches] == [
        Settings(
            mode="new_episodes",
            library="from-flag",
            ignore_hosts=("a.com", "b.com", "c.com"),
            max_body=1024,
            outcome_header=True,
        ),
        Settings(mode="record", library="from-variable", outcome_header=True),
        Settings(mode="new_episodes", library="from-variable", outcome_header=False),
    ]


def test_a_command_for_one_mode_is_not_turned_by_a_variable(door, monkeypatch):
    """``replay`` replays, whatever TOKENTAPE_MODE says."""
    monkeypatch.setenv("TOKENTAPE_MODE", "record")
    assert main(["replay", "--", *TRUE]) == 0
    assert door.launches[0].settings.mode == "replay"


def test_ci_replays_unless_told(door, monkeypatch):
    """``run`` has the default mode of the place it runs in."""
    monkeypatch.setenv("CI", "true")
    assert main(["run", "--", *TRUE]) == 0
    assert main(["run", "--mode", "once", "--", *TRUE]) == 0
    assert [launch.settings.mode for launch in door.launches] == ["replay", "once"]


def test_a_slip_in_a_variable_stops_the_start(door, monkeypatch, capsys):
    """A variable that is nearly an option's is an error."""
    monkeypatch.setenv("TOKENTAPE_MODS", "replay")
    assert main(["run", "--", *TRUE]) == 2
    assert "did you mean TOKENTAPE_MODE?" in capsys.readouterr().err


def test_the_command_runs_behind_the_proxy_and_owns_stdout(door, capfd):
    """It gets the proxy's address and a file of roots; our own words are on stderr."""
    door.report = Report(replayed=1)
    code = (
        "import os, pathlib; print(os.environ['HTTPS_PROXY'], os.environ['no_proxy']); "
        "assert 'BEGIN CERTIFICATE' in pathlib.Path(os.environ['SSL_CERT_FILE']).read_text()"
    )
    assert main(["replay", sys.executable, "-c", code]) == 0
    captured = capfd.readouterr()
    assert captured.out.startswith("http://127.0.0.1:4321 ")
    assert captured.out.endswith("localhost,127.0.0.1,::1\n")
    assert captured.err == "tokentape: 1 replayed\n"


def test_a_command_that_goes_past_the_proxy_is_noticed(door, capfd):
    """Where nothing came through, and no reason is in sight, the likely one is asked for."""
    assert main(["record", "--", "sh", "-c", "exit 0"]) == 0
    assert capfd.readouterr().err.endswith(
        "does the command read HTTPS_PROXY? tokentape doctor shows which clients here do\n"
    )


def test_a_client_that_was_not_heard_is_not_asked_whether_it_knows_of_the_proxy(door, capfd):
    """The log has said why it was not; nothing came through all the same."""
    door.complained = True
    assert main(["replay", "--", "sh", "-c", "exit 0"]) == 0
    assert capfd.readouterr().err == "tokentape: nothing came through the proxy\n"


def test_a_client_that_left_without_a_word_was_asked_whether_it_knows_of_the_proxy(door, capfd):
    """It came, so it does. wget for one looks at the certificate after the handshake, and hangs up."""
    door.visited = True
    assert main(["replay", "--", "sh", "-c", "exit 5"]) == 5
    said = capfd.readouterr().err
    assert "it may not trust the proxy's certificate\n  hint: tokentape doctor" in said
    assert "HTTPS_PROXY" not in said


def test_flags_after_the_command_are_the_command_s(door, capfd):
    """Even without ``--`` in front of it."""
    assert main(["replay", sys.executable, "-c", "import sys; print(sys.argv[1:])", "--mode", "--json"]) == 0
    assert capfd.readouterr().out == "['--mode', '--json']\n"


@pytest.mark.parametrize(
    ("command", "commit", "deferred", "published"),
    [
        (TRUE, "success", True, True),
        (FALSE, "success", True, False),
        (TRUE, "always", False, True),
        (FALSE, "always", False, True),
    ],
)
def test_when_takes_are_published(door, command, commit, deferred, published):
    """After a success, or always; the command's exit code is passed on either way."""
    assert main(["record", "--commit", commit, "--", *command]) == (0 if command is TRUE else 5)
    assert door.published == [published]
    assert door.launches[0].deferred is deferred


REFUSED = Report(refused=(Refused("POST", "https://api.openai.com/v1/x", "out-of-date", "no match\nnearest: …", 2),))
UNUSED = Report(replayed=1, unused=(("chat", (1, 2)),))


@pytest.mark.parametrize(
    ("report", "strict", "command", "code"),
    [
        (REFUSED, False, TRUE, 0),
        (REFUSED, True, TRUE, 3),
        (UNUSED, True, TRUE, 3),
        (UNUSED, True, FALSE, 5),
        (Report(replayed=1), True, TRUE, 0),
        (Report(), False, TRUE, 0),
        (Report(), True, TRUE, 3),
    ],
)
def test_strict(door, report, strict, command, code):
    """With --strict a refusal or an unused recording fails a command that succeeded, and so does one that went past the
    proxy."""
    door.report = report
    assert main(["replay", *(["--strict"] if strict else []), "--", *command]) == code


def test_the_summary_as_json(door, capfd):
    """One line of JSON on stderr."""
    door.report = UNUSED
    assert main(["replay", "--json", "--", *TRUE]) == 0
    (unused,) = json.loads(capfd.readouterr().err)["unused"]
    assert (unused["cassette"], unused["positions"]) == ("chat", [1, 2])


@pytest.mark.parametrize("command", [["replay", "--", *TRUE], ["proxy"]])
def test_a_proxy_that_can_not_start(door, capsys, command):
    """The reason and a hint, exit code 1, no traceback."""
    door.trouble = LaunchTrouble("port 8080 is taken", "tokentape proxy --port 0")
    assert main(command) == 1
    assert capsys.readouterr().err == "error: port 8080 is taken\n\nhint: tokentape proxy --port 0\n"


@pytest.mark.parametrize(("command", "code"), [(TRUE, 1), (FALSE, 5)])
def test_trouble_at_the_end(door, capsys, command, code):
    """What could not be published is an error, unless the command failed by itself."""
    door.trouble_at_the_end = LibraryTrouble("the disk is full", "tokentape recover")
    assert main(["record", "--", *command]) == code
    assert "error: the disk is full" in capsys.readouterr().err


def test_proxy_says_how_to_use_it(door, capsys):
    """Lines to paste, with a password in the proxy's URL, and the summary at the end."""
    door.report = Report(forwarded=2)
    assert main(["proxy", "--port", "0", "--mode", "passthrough"]) == 0
    [launch] = door.launches
    assert (launch.listen, launch.port, launch.deferred) == (("regular",), 0, False)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "export HTTPS_PROXY=http://NAME:x@127.0.0.1:4321" in captured.err
    assert captured.err.endswith("tokentape: 2 forwarded\n")
    assert door.published == [True]


def exported(said: str) -> dict[str, str]:
    """The variables that are to be pasted."""
    words = [word for line in said.splitlines() if line.startswith("  export ") for word in shlex.split(line)[1:]]
    return dict(word.split("=", 1) for word in words)


def test_a_shell_that_has_the_exports_already_was_a_traceback(door, capsys, monkeypatch):
    """Whoever pasted them, and starts the proxy there once more, is told the same; what they had is kept."""
    monkeypatch.setenv("NODE_OPTIONS", "--max-old-space-size=4096")
    assert main(["proxy"]) == 0
    first = exported(capsys.readouterr().err)
    for name, value in first.items():
        monkeypatch.setenv(name, value)
    assert main(["proxy"]) == 0
    assert exported(capsys.readouterr().err) == first
    assert first["NODE_OPTIONS"].startswith("--max-old-space-size=4096 --require ")


def test_the_exports_are_read_by_curl_and_before_those_of_a_company(door, capsys, monkeypatch):
    """It reads ``http_proxy`` in lower case only, and ``https_proxy`` in lower case first."""
    monkeypatch.setenv("https_proxy", "http://proxy.corp:3128")
    assert main(["proxy"]) == 0
    found = exported(capsys.readouterr().err)
    names = {name: value for name, value in found.items() if "PROXY" in name.upper()}
    assert sorted(names) == ["HTTPS_PROXY", "HTTP_PROXY", "http_proxy", "https_proxy"]
    assert set(names.values()) == {"http://NAME:x@127.0.0.1:4321"}


def test_proxy_with_a_cassette_needs_no_name(door, capsys):
    """With --cassette the plain URL will do."""
    assert main(["proxy", "--cassette", "chat"]) == 0
    err = capsys.readouterr().err
    assert "export HTTPS_PROXY=http://127.0.0.1:4321 " in err
    assert "NAME" not in err


def test_proxy_for_scripts(door, capsys):
    """--json prints the address as data."""
    assert main(["proxy", "--json", "--listen", "reverse:https://api.openai.com"]) == 0
    assert door.launches[0].listen == ("reverse:https://api.openai.com",)
    assert json.loads(capsys.readouterr().out)["url"] == "http://127.0.0.1:4321"


@pytest.mark.parametrize(
    ("module", "distribution", "flags"),
    [
        ("click", "click", []),
        ("yaml", "pyyaml", []),
        ("mitmproxy", "'mitmproxy>=12.2,<13'", ["--door", "mitm"]),
        ("uvicorn", "uvicorn", []),
        ("httptools", "httptools", []),
        ("cryptography", "cryptography", []),
    ],
)
def test_a_missing_dependency_says_which_line_mends_it(module, distribution, flags, tmp_path):
    """Without one of the packages we import there is a pip line instead of a traceback."""
    code = (
        "import sys; sys.modules.pop('certifi', None)\n"
        f"class Missing:\n def find_spec(self, name, path=None, target=None):\n"
        f"  if name.partition('.')[0] == {module!r}: raise ModuleNotFoundError(name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        f"from tokentape.cli import main; "
        f"sys.exit(main(['replay', '--library', '.', *{flags}, '--', sys.executable, '-c', '']))"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(tokentape.__file__).parents[1]), "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr.endswith(f"-m pip install {distribution}\n")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("command", "code"), [(TRUE, 1), (FALSE, 5)])
def test_a_report_that_can_not_be_written_cost_the_summary_and_the_exit_code(door, capsys, tmp_path, command, code):
    """The summary is said first, and the command's own failure goes before ours."""
    door.report = Report(replayed=3)
    (tmp_path / "file").write_text("")
    report = tmp_path / "file" / "report.json"
    assert main(["replay", "--report", str(report), "--", *command]) == code
    err = capsys.readouterr().err
    assert err.startswith("tokentape: 3 replayed\n")
    assert "hint: name another file: --report FILE" in err


def test_a_stdin_that_can_not_be_read_left_a_traceback_and_a_proxy_for_ever(monkeypatch):
    """It is an end of it as any other."""
    reads = os.read

    def refuse(number, size):
        if number == 0:
            raise OSError(5, "Input/output error")
        return reads(number, size)

    async def wait() -> None:
        told = asyncio.Event()
        standing._on_eof(told)
        await asyncio.wait_for(told.wait(), ENOUGH)

    monkeypatch.setattr(os, "read", refuse)
    asyncio.run(wait())
