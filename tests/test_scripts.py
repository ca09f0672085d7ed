"""The scripts of a clone: which Python they take, what setup does and when it does nothing, and the demo."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from running import ROOT

SCRIPTS = sorted(path for path in (ROOT / "scripts").iterdir() if path.is_file())
BASH = shutil.which("bash")

pytestmark = pytest.mark.skipif(BASH is None, reason="the scripts are for bash")


def run(command: list[str], **more) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with what it says."""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **more)


@pytest.mark.parametrize("script", [*SCRIPTS, ROOT / ".ci" / "run"], ids=lambda path: path.name)
def test_scripts_are_runnable_and_stop_at_the_first_failure(script):
    """One word for a name, executable, sound bash, nothing ignored."""
    assert script.name.isalpha()
    assert script.name.islower()
    assert os.access(script, os.X_OK)
    text = script.read_text()
    assert text.startswith("#!/usr/bin/env bash\n# ")
    assert "\nset -euo pipefail\n" in text
    assert run([BASH, "-n", str(script)]).returncode == 0


@pytest.mark.parametrize("script", [path for path in SCRIPTS if path.name != "setup"], ids=lambda path: path.name)
def test_each_script_sets_itself_up(script):
    """A fresh clone needs no step before any of them."""
    assert "\nscripts/setup\n" in script.read_text()


# --- which Python -----------------------------------------------------------------------------------------------------

GOOD = 'echo {version}; echo "$0"; echo new; echo whole'
FAKES = {
    "good": GOOD,
    "old": 'echo {version}; echo "$0"; echo old; echo whole',
    "no-ensurepip": 'echo {version}; echo "$0"; echo new; echo ensurepip',
    "dead": "echo 'pyenv: command not found' >&2; exit 127",
    "selected-elsewhere": '[ "$PYENV_VERSION" = {short} ] || exit 127; ' + GOOD,
    "refuses-here": "[ -e .python-version ] && exit 1; " + GOOD,
}


def fake_pythons(folder: Path, kinds: dict[str, str]) -> None:
    """Programs that answer as Pythons of some kind do: ``{"python3.13": "dead"}``."""
    for name, kind in kinds.items():
        short = name.removeprefix("python")
        version = f"{short}.1" if "." in short else "3.12.9"
        path = folder / name
        path.write_text(f"#!/bin/sh\n{FAKES[kind].format(version=version, short=short)}\n")
        path.chmod(0o755)


def choose(folder: Path) -> subprocess.CompletedProcess[str]:
    """The choice, with nothing on PATH but this folder."""
    command = [BASH, "-euo", "pipefail", "-c", ". scripts/lib/python.sh; choose_python"]
    return run(command, cwd=ROOT, env={"PATH": str(folder)})


CHOICES = [
    ({"python3.14": "good", "python3.13": "good"}, "python3.13"),
    ({"python3.14": "good", "python3.12": "good"}, "python3.14"),
    ({"python3.13": "good", "python3.12": "good", "python3": "good"}, "python3.13"),
    ({"python3.14": "dead", "python3.13": "dead", "python3.12": "good"}, "python3.12"),
    ({"python3.12": "dead", "python3": "good"}, "python3"),
    ({"python3": "good"}, "python3"),
    ({"python3.13": "no-ensurepip", "python3.12": "good"}, "python3.12"),
    ({"python3.13": "selected-elsewhere", "python3": "old"}, "python3.13"),
    ({"python3.14": "dead", "python3": "refuses-here"}, "python3"),
    ({"python3.14": "old", "python3": "good"}, "python3"),
]


@pytest.mark.parametrize(("kinds", "chosen"), CHOICES)
def test_the_first_python_that_starts_is_taken(tmp_path, kinds, chosen):
    """A name on PATH is not enough: it has to start, be new enough and be able to make an environment."""
    fake_pythons(tmp_path, kinds)
    done = choose(tmp_path)
    assert done.stdout == f"{tmp_path / chosen}\n"
    assert done.stderr == ""
    assert done.returncode == 0


COMPLAINTS = [
    ({}, ["python3.14: not found", "python3: not found", "hint: install Python 3.13"]),
    ({"python3": "old"}, ["python3: is 3.12.9, too old"]),
    ({"python3.12": "dead"}, ["python3.12: is there (", "but does not start"]),
    (
        {"python3.12": "no-ensurepip"},
        ["python3.12: is 3.12.1, but its module ensurepip is missing", "hint: apt-get install python3.12-venv"],
    ),
]


@pytest.mark.parametrize(("kinds", "complaints"), COMPLAINTS)
def test_without_a_python_each_reason_is_said(tmp_path, kinds, complaints):
    """What was looked for, what is wrong with each, and what to install."""
    fake_pythons(tmp_path, kinds)
    done = choose(tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: tokentape needs Python 3.12 or newer")
    assert all(complaint in done.stderr for complaint in complaints), done.stderr


def test_a_real_python_answers(tmp_path):
    """The questions are understood by the Python that runs this."""
    (tmp_path / "python3.13").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (tmp_path / "python3.13").chmod(0o755)
    assert choose(tmp_path).stdout == f"{sys.executable}\n"


# --- setup ------------------------------------------------------------------------------------------------------------

# Makes "environments" that hold a copy of itself, and notes what it was asked for.
PYTHON = """#!/bin/sh
case "$*" in
  *ensurepip*) echo 3.13.0; echo "$0"; echo new; echo whole ;;
  "-m venv"*) echo venv >>"$NOTES"; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
  "-m pip"*) echo "pip $*" >>"$NOTES"; exit "${PIP_FAILS:-0}" ;;
  -c*) exit 0 ;;
esac
"""


class Clone:
    """A copy of what setup reads, with a Python that only takes notes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "clone"
        self.notes = folder / "notes"
        for name in ("pyproject.toml", "constraints.txt", "addon/tokentape/__init__.py"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.folder / name)
        shutil.copytree(ROOT / "scripts", self.folder / "scripts")
        self.bin = folder / "bin"
        self.bin.mkdir()
        (self.bin / "python3.13").write_text(PYTHON)
        (self.bin / "python3.13").chmod(0o755)

    def setup(self, **environ: str) -> tuple[int, list[str]]:
        """Run setup from elsewhere; its exit code, and what was asked of Python."""
        self.notes.write_text("")
        path = f"{self.bin}:{os.environ['PATH']}"
        done = run(
            [str(self.folder / "scripts" / "setup")], cwd="/", env={"PATH": path, "NOTES": str(self.notes), **environ}
        )
        self.stderr = done.stderr
        assert done.stdout == ""
        return done.returncode, self.notes.read_text().splitlines()


@pytest.fixture
def clone(tmp_path) -> Clone:
    """A clone that nothing was set up in."""
    return Clone(tmp_path)


def test_setup_makes_an_environment_and_then_does_nothing(clone):
    """The first run installs, within the constraints; the second finds that nothing changed."""
    code, notes = clone.setup()
    assert code == 0
    assert notes[0] == "venv"
    assert all("--constraint constraints.txt" in note for note in notes[1:])
    assert notes[-1].endswith("--editable .[dev]")
    assert clone.setup() == (0, [])
    assert clone.stderr == ""


def test_setup_follows_what_is_needed(clone):
    """A changed constraint installs again, into the same environment."""
    clone.setup()
    with (clone.folder / "constraints.txt").open("a") as file:
        file.write("another==1.0\n")
    code, notes = clone.setup()
    assert code == 0
    assert notes
    assert "venv" not in notes


def test_setup_notices_that_the_clone_was_moved(clone):
    """An environment has its place written into it, so a moved one is made anew."""
    clone.setup()
    clone.folder = clone.folder.rename(clone.folder.parent / "moved")
    code, notes = clone.setup()
    assert code == 0
    assert "venv" in notes


def test_a_failed_install_is_tried_again(clone):
    """What pip could not do is an error with a hint, and does not count as done."""
    code, _ = clone.setup(PIP_FAILS="1")
    assert code != 0
    assert "error: pip could not install" in clone.stderr
    assert "hint: " in clone.stderr
    code, notes = clone.setup()
    assert code == 0
    assert notes


# --- Node packages for the tests --------------------------------------------------------------------------------------

NPM = """#!/bin/sh
echo "npm $*" >>"$NOTES"
[ -z "$NPM_FAILS" ] || exit 1
mkdir -p node_modules/openai
"""


@pytest.fixture
def clone_with_npm(clone) -> Clone:
    """A clone that names Node packages, and an npm that takes notes."""
    lock = Path("tests/node/package-lock.json")
    (clone.folder / lock.parent).mkdir(parents=True)
    shutil.copy(ROOT / lock, clone.folder / lock)
    (clone.bin / "npm").write_text(NPM)
    (clone.bin / "npm").chmod(0o755)
    return clone


def test_setup_installs_node_packages_once(clone_with_npm):
    """The exact versions of the lock file, without running what packages bring along."""
    code, notes = clone_with_npm.setup()
    assert code == 0
    assert notes[-1].startswith("npm ci --ignore-scripts")
    assert clone_with_npm.setup() == (0, [])
    (clone_with_npm.folder / "tests/node/package-lock.json").write_text("{}")
    assert [note.split()[0] for note in clone_with_npm.setup()[1]] == ["npm"]


@pytest.mark.parametrize("npm", ["fails", "is missing"])
def test_setup_does_without_node_packages(clone_with_npm, npm):
    """Without npm, or without its network, setup succeeds, says what will skip, and does not try each time."""
    if npm == "is missing":
        (clone_with_npm.bin / "npm").unlink()
        for name in ("bash", "dirname", "cat", "cksum", "head", "mkdir", "rm", "flock", "cp", "sh", "env"):
            (clone_with_npm.bin / name).symlink_to(shutil.which(name) or name)
        path = str(clone_with_npm.bin)
        code, _ = clone_with_npm.setup(PATH=path)
    else:
        code, _ = clone_with_npm.setup(NPM_FAILS="1")
    assert code == 0
    assert "the tests that run Node programs will skip" in clone_with_npm.stderr
    assert "hint: to try again: rm -rf tests/node/node_modules" in clone_with_npm.stderr
    assert clone_with_npm.setup() == (0, [])


# --- the demo ---------------------------------------------------------------------------------------------------------


def test_the_demo_records_unplugs_and_replays(tmp_path):
    """The story comes to its good end: both answers equal, the key nowhere."""
    done = run([sys.executable, str(ROOT / "scripts" / "lib" / "demo.py")], env={**os.environ, "CI": "true"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("equal, byte for byte") == 2
    assert "stands in 0 of the files" in done.stdout
