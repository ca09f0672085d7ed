"""Running a command: its streams, its exit code, signals on their way to it."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from processes import DEADLINE

from tokentape.doors.launch import new_loop
from tokentape.errors import CommandTrouble
from tokentape.launch import command
from tokentape.launch.command import exit_code, find_command, run_command

ENVIRON = {"PATH": os.environ["PATH"]}


def python(code: str) -> list[str]:
    """A command that runs this code."""
    return [sys.executable, "-c", code]


@pytest.mark.parametrize("code", [0, 1, 3, 77, 255])
async def test_the_exit_code_is_passed_on(code):
    """What the command exits with is what we get."""
    assert await run_command(python(f"import sys; sys.exit({code})"), ENVIRON) == code


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
async def test_a_killed_command_exits_as_in_a_shell(number):
    """A signal's number is added to 128."""
    code = f"import os, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.kill(os.getpid(), {int(number)})"
    assert await run_command(python(code), ENVIRON) == 128 + number


def test_exit_codes():
    """Return codes below zero are signals."""
    assert [exit_code(code) for code in (0, 7, -2, -15)] == [0, 7, 130, 143]


async def test_the_environment_is_the_one_given(capfd):
    """The command sees exactly the variables it was given, and writes to our own stdout."""
    await run_command(python("import os; print(os.environ.get('TAPE'), os.environ.get('HOME'))"), {"TAPE": "yes"})
    assert capfd.readouterr().out == "yes None\n"


async def test_stdin_is_ours(tmp_path, capfd):
    """What is piped to us reaches the command."""
    (tmp_path / "in").write_text("piped")
    saved = os.dup(0)
    with (tmp_path / "in").open() as source:
        os.dup2(source.fileno(), 0)
        try:
            await run_command(python("print(input())"), ENVIRON)
        finally:
            os.dup2(saved, 0)
            os.close(saved)
    assert capfd.readouterr().out == "piped\n"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"])
async def test_signals_reach_the_command(name, monkeypatch, tmp_path):
    """A signal sent to us alone is passed on, and the command's way to end is passed back."""
    monkeypatch.setattr(command, "_in_foreground", lambda: False)
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    code = (
        f"import signal, sys\nsignal.signal(signal.{name}, lambda *_: sys.exit(42))\n"
        f"open({str(ready)!r}, 'w').close()\nsignal.pause()"
    )
    running = asyncio.ensure_future(run_command(python(code), ENVIRON))
    # Opening the other end waits until the command has set its handler.
    await asyncio.to_thread(ready.read_bytes)
    os.kill(os.getpid(), getattr(signal, name))
    assert await asyncio.wait_for(running, 20) == 42


async def test_a_key_in_the_terminal_is_not_passed_on_twice(monkeypatch, tmp_path):
    """In a terminal's foreground Ctrl-C reaches the command by itself, so we leave it at that."""
    monkeypatch.setattr(command, "_in_foreground", lambda: True)
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    code = (
        "import signal, sys\nsignal.signal(signal.SIGINT, lambda *_: sys.exit(1))\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(42))\n"
        f"open({str(ready)!r}, 'w').close()\nsignal.pause()\nsignal.pause()"
    )
    running = asyncio.ensure_future(run_command(python(code), ENVIRON))
    await asyncio.to_thread(ready.read_bytes)
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(running, 20) == 42


# Is sent a signal at a moment when the command is not there yet, or nobody knows of it.
STARTING = """
import asyncio, os, signal, subprocess, sys
from tokentape.doors.launch import new_loop
from tokentape.launch import command
door, number, moment = sys.argv[1], int(sys.argv[2]), sys.argv[3]
real = subprocess.Popen
def start(*argv, **more):
    if moment == "before":
        os.kill(os.getpid(), number)
    process = real(*argv, **more)
    if moment == "after":
        os.kill(os.getpid(), number)
    return process
subprocess.Popen = start
command._in_foreground = lambda: moment == "before"
if number != signal.SIGINT:
    signal.signal(number, signal.SIG_DFL)
elif signal.getsignal(number) is signal.SIG_IGN:
    signal.signal(number, signal.default_int_handler)
work = command.run_command(["sleep", "20"], os.environ)
sys.exit(asyncio.run(work, loop_factory=new_loop if door == "fast" else None))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are of Unix")
@pytest.mark.parametrize("door", ["mitm", "fast"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_while_the_command_starts_left_it_an_orphan(name, moment, door):
    """It is passed on as soon as the command is there, and its end is told as always."""
    number = getattr(signal, name)
    words = [sys.executable, "-c", STARTING, door, str(int(number)), moment]
    assert subprocess.run(words, timeout=DEADLINE, check=False, capture_output=True).returncode == 128 + number


async def test_our_own_handlers_come_back():
    """After the command signals are ours again, as they were, that which asyncio has for Ctrl-C too."""
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    before = [signal.getsignal(getattr(signal, name)) for name in names]
    await run_command(python(""), ENVIRON)
    assert [signal.getsignal(getattr(signal, name)) for name in names] == before


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, new_loop], ids=["mitm", "fast"])
def test_what_we_were_told_to_ignore_the_command_ignores(new_loop, capfd):
    """``nohup tokentape replay -- CMD``: neither of them is hung up on, nor after the command. The fast door's loop had
    the command hung up on."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    asks = python("import signal; print(signal.getsignal(signal.SIGHUP).name)")
    try:
        asyncio.run(run_command(asks, ENVIRON), loop_factory=new_loop)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert capfd.readouterr().out == "SIG_IGN\n"


async def test_a_command_starts_with_the_signals_of_a_program_of_its_own(capfd):
    """None blocked, and none with a way of ours: as any other that is started from here."""
    code = (
        "import signal\nprint(signal.pthread_sigmask(signal.SIG_BLOCK, []), "
        "[one.name for one in (signal.getsignal(getattr(signal, name)) "
        "for name in ('SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1'))])"
    )
    other = subprocess.run(python(code), timeout=DEADLINE, check=True, capture_output=True, text=True)
    await run_command(python(code), ENVIRON)
    assert capfd.readouterr().out == other.stdout


@pytest.mark.parametrize(("mode", "code"), [(None, 127), (0o644, 126)])
def test_a_command_that_is_not_there_or_can_not_be_run(tmp_path, mode, code):
    """The error names the command and has a shell's exit code."""
    path = tmp_path / "missing"
    if mode is not None:
        path.write_text("")
        path.chmod(mode)
    with pytest.raises(CommandTrouble, match="missing") as caught:
        find_command(str(path), ENVIRON)
    assert caught.value.exit_code == code
    assert caught.value.hint


async def test_a_file_that_is_no_program(tmp_path):
    """What the system refuses to run is an error with its reason."""
    path = tmp_path / "odd"
    path.write_bytes(b"\x7fELF nothing")
    path.chmod(0o755)
    with pytest.raises(CommandTrouble, match=r"odd can't be run: ") as caught:
        await run_command([str(path)], ENVIRON)
    assert caught.value.exit_code == 126


def test_commands_are_found_on_the_path_given(tmp_path):
    """The PATH of the environment counts, not our own."""
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    assert find_command("tool", {"PATH": str(tmp_path)}) == str(tool)
    with pytest.raises(CommandTrouble):
        find_command("tool", {"PATH": "/nowhere"})


def test_a_folder_on_the_path_that_can_not_be_read_was_a_traceback(tmp_path, monkeypatch):
    """The others are looked through all the same."""
    tool = tmp_path / "pytest"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    locked = tmp_path / "locked"
    locked.mkdir()

    def refusing(reads):
        def read(folder):
            if Path(folder) == locked:
                raise PermissionError(13, "Permission denied")
            return reads(folder)

        return read

    for name in ("listdir", "scandir"):  # root, who may run the tests, reads everything
        monkeypatch.setattr(os, name, refusing(getattr(os, name)))
    with pytest.raises(CommandTrouble) as caught:
        find_command("pytets", {"PATH": os.pathsep.join((str(locked), "/nowhere", str(tmp_path)))})
    assert caught.value.hint == "did you mean pytest?"
