"""The wheel, for people without a clone: installed into an empty environment it records, replays and serves a test run.

Slow: pip fetches what it needs. The packages are held to the versions of the constraints.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import processes
import pytest
import recipes
import yaml
from commands import GET
from running import ROOT, clean_environment
from secrets_for_tests import OPENAI_KEY
from upstream import Upstream

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this source tree."""
    place = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place)]
    built = processes.run(command, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    [made] = place.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment that has the wheel and what it needs, or a skip."""
    place = tmp_path_factory.mktemp("installed") / "venv"
    made = processes.run([sys.executable, "-m", "venv", place])
    assert made.returncode == 0, made.stderr
    command = [place / "bin" / "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", wheel]
    done = processes.run(command, seconds=400)
    if done.returncode:
        pytest.skip(f"pip could not install the wheel's requirements: {done.stderr[-300:]}")
    return place / "bin"


def run(home: Path, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A command in a folder of its own, with nothing of this source tree on its path."""
    return processes.run(words, cwd=home, env=clean_environment(home, **(env or {})))


def test_it_records_and_replays(installed: Path, tmp_path: Path, upstream: Upstream) -> None:
    """The whole way, with the programs of other environments."""
    tokentape = str(installed / "tokentape")
    flags = [f"--upstream=files.example={upstream.url}", f"--upstream-ca={upstream.ca_file}", "--cassette=x"]
    recorded = run(tmp_path, tokentape, "record", *flags, "--", *GET)
    assert (recorded.returncode, recorded.stdout) == (0, "1800\n"), recorded.stderr
    with upstream.unplugged():
        replayed = run(tmp_path, tokentape, "replay", "--cassette=x", "--", *GET)
    assert (replayed.returncode, replayed.stdout) == (0, "1800\n"), replayed.stderr


def test_it_has_all_its_files(installed: Path, tmp_path: Path) -> None:
    """The script for mitmdump, the preload for Node, and a doctor that finds nothing wrong."""
    tokentape = str(installed / "tokentape")
    script = run(tmp_path, tokentape, "script").stdout.strip()
    assert Path(script).is_file()
    assert installed.parent in Path(script).parents
    assert (Path(script).parents[1] / "launch" / "node.cjs").is_file()
    examined = run(tmp_path, tokentape, "doctor", "curl", "node")
    assert examined.returncode == 0, examined.stdout
    asked = run(tmp_path, str(installed / "mitmdump"), "-s", script, "--set", "vcr_mode=reply", "-p", "0")
    assert "replay" in asked.stdout + asked.stderr


def test_the_recipe_for_github_actions(installed: Path, tmp_path: Path, upstream: Upstream) -> None:
    """Its steps, run one by one as the runner does, on a project with a cassette; what installs is stood in for."""
    app = tmp_path / "app"
    app.mkdir()
    (app / "requirements.txt").write_text("")
    (app / "test_app.py").write_text(
        "import urllib.request\n\n\ndef test_it():\n"
        "    assert len(urllib.request.urlopen('https://files.example/plain').read()) == 1800\n"
    )
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("pip", "pipx"):
        (tools / name).write_text('#!/bin/sh\necho "$0 $*"\n')
        (tools / name).chmod(0o755)
    (tools / "tokentape").symlink_to(installed / "tokentape")
    (tools / "pytest").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pytest "$@"\n')
    (tools / "pytest").chmod(0o755)
    env = {"PATH": f"{tools}:{os.environ['PATH']}", "OPENAI_API_KEY": OPENAI_KEY}
    flags = f"--upstream files.example={upstream.url} --upstream-ca {upstream.ca_file}"
    recorded = run(app, "bash", "-c", f"tokentape record {flags} -- pytest", env=env)
    assert recorded.returncode == 0, recorded.stdout + recorded.stderr
    [(_, text)] = recipes.files_of("GitHub Actions").items()
    steps = [step for step in yaml.safe_load(text)["jobs"]["tests"]["steps"] if "run" in step]
    assert len(steps) == 4
    with upstream.unplugged():
        for step in steps:
            given = {**env, "CI": "true", "OPENAI_API_KEY": "", **step.get("env", {})}
            done = run(app, "bash", "-e", "-c", step["run"], env=given)
            assert done.returncode == 0, f"{step}: {done.stdout}{done.stderr}"
    assert "1 replayed" in done.stderr
