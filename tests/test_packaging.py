"""What pip gets: the names and bounds in pyproject.toml, the pinned versions, and what is in a wheel."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import import_module

import pytest
from running import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]


def plain(name: str) -> str:
    """A distribution's name in its normal form (PEP 503), without extras and versions."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", name)[0]).lower()


def test_mitmproxy_is_held_below_the_next_major_version():
    """What we rely on may change there."""
    assert "mitmproxy>=12.2,<13" in PROJECT["dependencies"]
    assert PROJECT["requires-python"] == ">=3.12"


@pytest.mark.parametrize("pin", PINS)
def test_constraints_are_exact_versions_and_nothing_else(pin):
    """No address and no hash: pip takes them from wherever it is set up to."""
    assert re.fullmatch(r'[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+]*(; python_version (<|>=) "3\.\d+")?', pin)


@pytest.mark.parametrize("name", [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"], "hatchling"])
def test_all_that_is_installed_is_pinned(name):
    """Everything asked for has a version in the constraints."""
    assert plain(name) in {plain(pin) for pin in PINS}


def test_the_command_is_there():
    """The entry point leads to a function."""
    module, function = PROJECT["scripts"]["tokentape"].split(":")
    assert callable(getattr(import_module(module), function))


def test_a_wheel_holds_the_script_and_the_starter_library(tmp_path):
    """An installed copy has what a clone has: the script for mitmproxy, the example cassettes, and no tests."""
    pytest.importorskip("hatchling", reason="the build backend is installed by scripts/setup")
    if not (ROOT / "cassettes").is_dir():
        pytest.skip("there are no cassettes to ship")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    [wheel] = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {"tokentape/__init__.py", "tokentape/script/vcr.py", "tokentape/py.typed", "tokentape/launch/node.cjs"}
    assert wanted <= names
    shipped = {name.removeprefix("tokentape/starter/") for name in names if name.startswith("tokentape/starter/")}
    here = {
        path.relative_to(ROOT / "cassettes").as_posix() for path in (ROOT / "cassettes").rglob("*") if path.is_file()
    }
    assert shipped == here
    assert all(name.startswith(("tokentape/", "tokentape-")) for name in names)
