"""Why nothing came through the proxy."""

import os
import sys
from pathlib import Path

import pytest

from tokentape.launch.silence import interpreter, why_nothing_came

PATH = {"PATH": os.environ["PATH"]}
QUESTION = "does the command read HTTPS_PROXY? tokentape doctor shows which clients here do"


def test_without_a_sign_it_asks():
    """No reason is made up."""
    assert why_nothing_came(["true"], PATH) == QUESTION


@pytest.mark.parametrize(
    ("environ", "reason", "hint"),
    [
        (
            {"OPENAI_BASE_URL": "http://localhost:11434/v1"},
            "OPENAI_BASE_URL is on this",
            "reverse:http://localhost:11434",
        ),
        (
            {"AZURE_OPENAI_ENDPOINT": "https://127.0.0.1:8443"},
            "AZURE_OPENAI_ENDPOINT is",
            "reverse:https://127.0.0.1:8443",
        ),
        ({"NO_PROXY": "localhost,llm.corp"}, "past the proxy for llm.corp", "NO_PROXY= tokentape"),
    ],
)
def test_the_environment_can_be_the_reason(environ, reason, hint):
    """An API on this machine, or one that NO_PROXY names, is reached past the proxy."""
    said = why_nothing_came(["true"], PATH | environ)
    assert reason in said
    assert hint in said
    assert QUESTION not in said


@pytest.mark.parametrize(
    "environ",
    [{"OPENAI_BASE_URL": "https://api.openai.com/v1"}, {"OPENAI_BASE_URL": "http://[bad"}, {"X_HOST": "localhost"}],
)
def test_what_is_elsewhere_is_no_reason(environ):
    """Nor is what is no URL."""
    assert why_nothing_came(["true"], PATH | environ) == QUESTION


def fake_python(folder: Path, code: int) -> Path:
    """A Python that has aiohttp, or (1) has not."""
    python = folder / "python3"
    python.write_text(f"#!/bin/sh\nexit {code}\n")
    python.chmod(0o755)
    return python


@pytest.mark.parametrize(("code", "said"), [(0, True), (1, False)])
def test_aiohttp_is_found_and_explained(tmp_path, code, said):
    """Where the command is a Python that has it, or a script of such a one, what to write is said."""
    python = fake_python(tmp_path, code)
    script = tmp_path / "app"
    script.write_text(f"#!{python}\nprint()\n")
    script.chmod(0o755)
    for argv in ([str(python), "app.py"], [str(script)]):
        assert ("aiohttp.ClientSession(trust_env=True)" in why_nothing_came(argv, PATH)) is said


def test_which_python_a_command_is(tmp_path):
    """By its name, or by its first line, with env in between or not."""
    direct, by_env, other = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    direct.write_text(f"#!{sys.executable}\n")
    by_env.write_text("#!/usr/bin/env python3\n")
    other.write_bytes(b"\x7fELF\x00\xff")
    for file in (direct, by_env, other):
        file.chmod(0o755)
    assert interpreter(sys.executable, PATH) == sys.executable
    assert interpreter(str(direct), PATH) == sys.executable
    assert interpreter(str(by_env), PATH) == "python3"
    assert interpreter(str(other), PATH) == ""
    assert interpreter("no-such-command", PATH) == ""


def test_a_program_that_may_be_run_and_not_read_was_a_traceback(tmp_path, monkeypatch):
    """As some that belong to root are; nothing is known of it then."""
    program = tmp_path / "app"
    program.write_text(f"#!{sys.executable}\n")
    program.chmod(0o755)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root, who may run the tests, reads everything
    assert interpreter(str(program), PATH) == ""
