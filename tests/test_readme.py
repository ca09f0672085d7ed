"""The README: its tables are the code's, its links lead somewhere, and its commands do what it says they do."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from console import Shell, commands, fenced, same
from running import ADDON, ROOT, clean_environment, free_ports

from api import new_keys, stand_in
from tokentape.modes import MODES
from tokentape.refusal import STATUSES
from tokentape.settings import OPTIONS

README = (ROOT / "README.md").read_text()
BLOCKS = fenced(README, "console")


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its first line."""
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in lines[2:]]


# --- tables -----------------------------------------------------------------------------------------------------------


def test_the_modes_are_those_of_the_code() -> None:
    """Each mode is there, with what it does on a match and on a miss."""
    told = [(row[0].split("`")[0], row[1], row[2]) for row in rows("Modes")]
    assert told == [(name, row.match.value, row.miss.value) for name, row in MODES.items()]


def test_the_options_are_those_of_the_code() -> None:
    """Each option is there, with its default."""
    table = [row for row in rows("Options") if row[0].startswith("vcr_")]
    assert [(row[0], row[1]) for row in table] == [(f"vcr_{option.name}", option.default) for option in OPTIONS]


def test_the_codes_are_those_of_the_code() -> None:
    """Each refusal is there, with its status."""
    assert {row[1]: int(row[0]) for row in rows("When it refuses")} == STATUSES


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell in a folder like a fresh clone, with a key, where api.openai.com is a stand-in on this machine."""
    place = tmp_path_factory.mktemp("readme")
    project = place / "project"
    shutil.copytree(ROOT / "cassettes", project / "cassettes")
    (project / "addon").symlink_to(ADDON)
    keys = new_keys()
    # Plain HTTP: then the commands need no flag that the README does not show.
    with stand_in(place, keys, secure=False) as port:
        environ = clean_environment(
            place / "home",
            PATH=f"{programs(place)}:{Path(sys.executable).parent}:{clean_environment(place)['PATH']}",
            PYTHONPATH=str(ADDON),
            OPENAI_API_KEY=keys.openai,
            TOKENTAPE_UPSTREAM=f"api.openai.com=http://127.0.0.1:{port}",
        )
        shell = Shell(project, environ, free_ports(1)[0])
        yield shell
        shell.close()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_from_an_empty_folder_to_a_replayed_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new user with Python and a clone: nothing else has to be there, and nothing is in the way."""
    monkeypatch.setattr("console.PATIENCE", 400.0)  # pip fetches what it needs
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "tokentape").symlink_to(ROOT)
    [block] = fenced(README, "python")
    assert block.startswith("# test_tape.py\n")
    (folder / "test_tape.py").write_text(block)
    keys = new_keys()
    with stand_in(tmp_path, keys, secure=False) as port:
        environ = clean_environment(
            tmp_path / "home",
            PATH=f"{Path(sys.executable).parent}:{clean_environment(tmp_path)['PATH']}",
            OPENAI_API_KEY=keys.openai,
            TOKENTAPE_UPSTREAM=f"api.openai.com=http://127.0.0.1:{port}",
            PIP_CONSTRAINT=str(ROOT / "constraints.txt"),
        )
        shell = Shell(folder, environ, free_ports(1)[0])
        try:
            for command in commands(fenced(README, "shell")[0]):
                seen = shell.run(command)
                if "pip install" in command.typed and not (folder / ".venv" / "bin" / "tokentape").exists():
                    pytest.skip(f"pip could not install: {seen[-300:]}")
                assert same(command.output, seen), f"$ {command.typed}\n{seen}"
        finally:
            shell.close()


def programs(place: Path) -> Path:
    """A folder with the command ``tokentape`` of this source tree."""
    folder = place / "bin"
    folder.mkdir()
    command = folder / "tokentape"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tokentape "$@"\n')
    command.chmod(0o755)
    return folder


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl")
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_commands_print_what_the_readme_says(number: int, shell: Shell) -> None:
    """Each block runs, one after the other in one shell, as a reader would type them."""
    for command in commands(BLOCKS[number]):
        seen = shell.run(command)
        assert same(command.output, seen), f"$ {command.typed}\n{seen}"


def test_there_are_commands() -> None:
    """The blocks are found, and each holds commands."""
    assert len(BLOCKS) >= 5
    assert all(map(commands, BLOCKS))


def test_the_readme_stays_readable() -> None:
    """It is read in one sitting; what is longer belongs into the docs."""
    assert len(README.splitlines()) <= 360
