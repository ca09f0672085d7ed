"""What is imported before anything is done: little, so that help, completion and a typing error come at once."""

import subprocess
import sys
from pathlib import Path

import processes
from running import ADDON, clean_environment
from shelves import asked, put, starter

# Each takes longer to import than all that the help needs.
HEAVY = {"asyncio", "brotli", "h2", "mitmproxy", "rich", "ssl", "yaml", "zstandard"}

_EVERY_HELP = """
import contextlib, io, sys
from tokentape.cli.commands import commands, run_command_line
with contextlib.redirect_stdout(io.StringIO()):
    for name in ["", *commands.commands]:
        assert run_command_line([*name.split(), "--help"]) == 0, name
print(*sys.modules)
"""


def python(place: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in a folder to its end, which has to be a good one."""
    environ = clean_environment(place, PYTHONPATH=str(ADDON))
    done = processes.run([sys.executable, *words], env=environ, cwd=place)
    assert done.returncode == 0, done.stderr
    return done


def test_no_help_imports_what_only_the_work_needs(tmp_path):
    """The help of every command, and so the reading of any command line, does without the heavy packages."""
    done = python(tmp_path, "-c", _EVERY_HELP)
    assert not HEAVY & set(done.stdout.split())


_EVERY_LOOK = """
import contextlib, io, sys
from tokentape.cli.commands import run_command_line
commands = ["ls", "ls --json", "show chat-tools", "show --raw chat-basic", "show --json chat-basic",
            "diff chat-basic chat-basic", "check", "mv chat-error chat-moved", "recover"]
for command in commands:
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())), contextlib.redirect_stderr(io.StringIO()):
        assert run_command_line(command.split()) == 0, command
print(*sys.modules)
"""


def test_looking_at_files_imports_no_proxy(tmp_path):
    """What only reads and moves cassettes starts no proxy, and through a pipe paints nothing."""
    starter(tmp_path / "cassettes")
    done = python(tmp_path, "-c", _EVERY_LOOK)
    assert not {"asyncio", "h2", "mitmproxy", "rich", "uvicorn"} & set(done.stdout.split())


_ASK = """
import json, urllib.request
body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hello!"}]}).encode()
request = urllib.request.Request("https://api.openai.com/v1/chat/completions", body)
request.add_header("Content-Type", "application/json")
urllib.request.urlopen(request)
"""


def test_a_replay_of_what_we_wrote_imports_neither_yaml_nor_a_simulation(tmp_path):
    """The fast door opens and answers by what we read ourselves; the rest would make its first answer late."""
    put(tmp_path / "cassettes", "asked", asked("Hello!"))
    replay = ("-m", "tokentape", "replay", "--", sys.executable, "-c", _ASK)
    done = python(tmp_path, "-X", "importtime", *replay)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "tokentape.doors.serve.server" in imported
    assert not {"yaml", "tokentape.simulation", "tokentape.generate"} & imported
