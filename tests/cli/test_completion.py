"""Completion: what click's own machinery offers to a shell, cassettes included."""

import shutil
import subprocess
import sys

import pytest
from running import ADDON, clean_environment
from shelves import starter

from tokentape.cli import main


@pytest.fixture
def shell_environment(tmp_path):
    """Where ``tokentape`` is a command, with a library beside it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "tokentape"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m tokentape "$@"\n')
    command.chmod(0o755)
    starter(tmp_path / "cassettes", "chat-basic", "chat-tools", "messages-basic")
    starter(tmp_path / "other", "chat-error")
    environ = clean_environment(tmp_path, PYTHONPATH=str(ADDON))
    return environ | {"PATH": f"{folder}:{environ['PATH']}"}


CASES = [
    ("sh", ["show"]),
    ("show chat-", ["chat-basic", "chat-tools"]),
    ("show --library other ch", ["chat-error"]),
    ("diff chat-basic m", ["messages-basic"]),
    ("run --mo", ["--mode"]),
    ("completion z", ["zsh"]),
    ("show --library nowhere ch", []),
]


@pytest.mark.parametrize(("typed", "offered"), CASES)
def test_what_bash_is_offered(shell_environment, tmp_path, typed, offered):
    """The script that we print, in a real bash."""
    if shutil.which("bash") is None:
        pytest.skip("no bash on this machine")
    words = typed.split(" ")
    asked = (
        'eval "$(tokentape completion bash 2>/dev/null)"; '
        f"COMP_WORDS=(tokentape {' '.join(words)}); COMP_CWORD={len(words)}; "
        '_tokentape_completion tokentape; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", asked],
        env=shell_environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.split() == offered


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_scripts_of_other_shells(capsys, shell):
    """Each is click's, for our command; where that shell is there, it can read it."""
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"_TOKENTAPE_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, timeout=30, check=True)


def test_an_unknown_shell(capsys):
    """The three that there are."""
    assert main(["completion", "tcsh"]) == 2
    assert "bash" in capsys.readouterr().err
