"""The help of every command and the commonest errors, as they are seen: each compared with a file, to the letter.

A change of words shows in review as a change of these files. To renew them all: ``scripts/fix``, then look at the diff.
"""

import difflib
import os
import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from shelves import CHAT_URL, JSON_TYPE, starter

from tokentape.cli import main
from tokentape.cli.commands import commands, helps
from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming
from tokentape.model import Request
from tokentape.settings import Settings
from tokentape.wire.answers import Answer

SNAPSHOTS = Path(__file__).parent / "snapshots"
RENEWING = "RENEW_SNAPSHOTS" in os.environ


def same(name: str, text: str) -> None:
    """The text is that of the snapshot, or becomes it."""
    path = SNAPSHOTS / name
    assert sys.executable not in text, "something is not installed here: scripts/setup"
    if RENEWING:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert path.is_file(), f"{name} is new: renew the snapshots with scripts/fix"
    assert text == path.read_text(), f"{name} has changed: if it is meant, renew the snapshots with scripts/fix"


@pytest.mark.parametrize("command", ["", *commands.commands])
def test_help(command):
    """What ``--help`` prints on a terminal of 80 columns."""
    same(f"help/{command or 'tokentape'}.txt", helps()[command] + "\n")


def test_no_snapshot_is_left_over():
    """A command or an error that is gone takes its file with it."""
    wanted = {f"help/{name or 'tokentape'}.txt" for name in ["", *commands.commands]}
    wanted |= {f"errors/{error.name}.txt" for error in ERRORS} | {f"errors/refused-{code}.txt" for code in REFUSALS}
    there = {path.relative_to(SNAPSHOTS).as_posix() for path in SNAPSHOTS.rglob("*.txt")}
    if RENEWING:
        for name in there - wanted:
            (SNAPSHOTS / name).unlink()
    else:
        assert there == wanted


# --- errors


@dataclass(frozen=True)
class Error:
    """A way to go wrong: what is typed, in a folder that ``prepare`` has filled. ``worked`` is the exit code of what
    the hint says, pasted; ``at_the_start`` says that it takes starting a proxy to find it out."""

    name: str
    typed: str
    prepare: Callable[[Path], object] = lambda folder: starter(folder / "cassettes", "chat-basic", "messages-basic")
    worked: int = 0
    at_the_start: bool = False


def nothing(folder: Path) -> None:
    """An empty folder, as on the first day."""


def damaged(folder: Path) -> None:
    """A cassette that a merge has spoilt."""
    path = starter(folder / "cassettes", "chat-basic") / "chat-basic.yaml"
    text = path.read_text()
    path.write_text(text.replace("        code: 200\n", "<<<<<<< HEAD\n        code: 200\n=======\n", 1))


def bad_rules(folder: Path) -> None:
    """A library.toml with a slip in it."""
    (starter(folder / "cassettes", "chat-basic") / "library.toml").write_text('[[rule]]\nignroe = ["body.seed"]\n')


ERRORS = [
    Error("no-such-command", "recrod -- pytest"),
    Error("no-such-flag", "run --libary cassettes -- pytest"),
    Error("bad-value", "run --mode replya -- pytest"),
    Error("nothing-to-run", "replay"),
    Error("program-not-found", "replay -- pytets"),
    Error("no-library-to-replay", "replay -- pytest", nothing, at_the_start=True),
    Error("no-library-to-list", "ls", nothing),
    Error("no-such-cassette", "show chat-bsic"),
    Error("no-such-interaction", "show 'chat-basic#7'"),
    # The hint leads to the place and the reason; mending it is the user's.
    Error("damaged-cassette", "show chat-basic", damaged, worked=1),
    Error("bad-rules", "replay -- pytest", bad_rules, at_the_start=True),
    Error("bad-pace", "replay --pace quick -- pytest"),
]


def run(words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Exit code and what is said, of ``tokentape`` in a folder where there is a program pytest that succeeds."""
    place = folder / "bin"
    place.mkdir(exist_ok=True)
    program = place / "pytest"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name, value in {"PATH": f"{place}:/usr/bin:/bin", "COLUMNS": "80", "HOME": str(folder)}.items():
        monkeypatch.setenv(name, value)
    for name in [name for name in os.environ if name.startswith(("TOKENTAPE_", "XDG_"))] + ["CI"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    code = main(words)
    return code, capsys.readouterr().err


def pasted(hint: str, typed: list[str]) -> list[str]:
    """The command line that a hint leads to. It has a line to paste as it is (YOUR COMMAND stands for the user's), or
    says which word was meant."""
    for line in hint.splitlines():
        words = shlex.split(line.partition(", or ")[0])
        if words[:1] == ["tokentape"]:
            return shlex.split(shlex.join(words[1:]).replace("YOUR COMMAND", "pytest"))
    if found := re.search(r"(?:did you mean|for example) (--[a-z-]+) (\S+)", hint):
        at = typed.index(found[1])
        return [*typed[: at + 1], found[2], *typed[at + 2 :]]
    found = re.search(r"did you mean (\S+)\?", hint)
    assert found is not None, f"nothing to paste in: {hint}"
    [nearest] = difflib.get_close_matches(found[1], typed, 1)
    return [found[1] if word == nearest else word for word in typed]


# mitmproxy's own, where it is imported here.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.name)
def test_error(error, tmp_path, monkeypatch, capsys, request):
    """What goes wrong is said as the snapshot has it, and what the hint says works when it is pasted."""
    if not error.at_the_start:
        request.getfixturevalue("door")  # no proxy of ours is needed to find it out, nor to try the hint
    error.prepare(tmp_path)
    typed = shlex.split(error.typed)
    code, said = run(typed, tmp_path, monkeypatch, capsys)
    same(f"errors/{error.name}.txt", f"$ tokentape {error.typed}\n{said}[exit code {code}]\n")
    message, blank, hint = said.partition("\n\nhint: ")
    assert message.startswith("error: ")
    assert blank
    if found := re.search(r"`(\w+)`: there is no such key\n\nhint: did you mean `(\w+)`", said):
        rules = Path("cassettes/library.toml")
        rules.write_text(rules.read_text().replace(*found.groups()))
        hint = shlex.join(["tokentape", *typed])
    assert run(pasted(hint, typed), tmp_path, monkeypatch, capsys)[0] == error.worked


# --- refusals: the errors that a program behind the proxy sees


NEAR = b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "What does a disk do?"}]}'
REFUSALS = {
    "out-of-date": Request("POST", CHAT_URL, (("X-Cassette-Name", "chat-basic"), *JSON_TYPE), NEAR),
    "no-cassette": Request("POST", CHAT_URL, (("X-Cassette-Name", "chat-new"), *JSON_TYPE), b"{}"),
    "unnamed": Request("POST", CHAT_URL, JSON_TYPE, b"{}"),
    "bad-name": Request("POST", CHAT_URL, (("X-Cassette-Name", "../chat"), *JSON_TYPE), b"{}"),
}


@pytest.mark.parametrize("code", REFUSALS)
async def test_refusal(code, door, tmp_path, monkeypatch):
    """What a client is told, and that the command in it records what is missing."""
    starter(tmp_path / "cassettes", "chat-basic")
    monkeypatch.chdir(tmp_path)
    engine = Engine(Settings(mode="replay"), {}, tmp_path / "state")
    answer = await engine.answer(Incoming(REFUSALS[code]))
    await engine.close()
    assert isinstance(answer, Answer)
    assert answer.refusal is not None
    assert answer.refusal.code == code
    same(f"errors/refused-{code}.txt", answer.refusal.text + "\n")
    # A loop runs here, and the command has its own: it is only looked at.
    if "tokentape " in answer.refusal.hint:
        words = pasted(answer.refusal.hint[answer.refusal.hint.index("tokentape ") :], [])
        assert commands.resolve_command(commands.make_context("tokentape", words), words)[0] == "run"
