"""The Go package: its own tests pass against the proxy of this source tree, and its code is as Go's tools want it."""

import subprocess
import sys
from pathlib import Path

import pytest
from running import ADDON, clean_environment
from toolchains import go, go_environment

PACKAGE = ADDON / "go" / "tokentape"

pytestmark = pytest.mark.slow


def run_go(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of Go's, in the package."""
    own = {"TOKENTAPE_COMMAND": f"{sys.executable} -m tokentape", "PYTHONPATH": str(ADDON)}
    env = clean_environment(home, **go_environment(), **own)
    return subprocess.run(
        [go(), *words], cwd=PACKAGE, env=env, capture_output=True, text=True, timeout=300, check=False
    )


def test_its_own_tests_pass(tmp_path: Path) -> None:
    """Three lines replay a cassette; refusals, children and errors say what they should."""
    done = run_go(tmp_path, "test", "-count=1", "-v", "./...")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("--- PASS") == 4


def test_it_is_vetted_and_formatted(tmp_path: Path) -> None:
    """go vet finds nothing, and it needs the standard library alone."""
    vetted = run_go(tmp_path, "vet", "./...")
    assert vetted.returncode == 0, vetted.stderr
    assert "require" not in (PACKAGE / "go.mod").read_text()
    listed = run_go(tmp_path, "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".")
    assert listed.stdout.split() == ["tokentape"]
