"""What the tests of the command line share: a shell without a say, a library, and a stand-in for both doors.

The rule: no proxy is started here, and what the developer's shell has set decides no test.
"""

import os
import sys
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType

import certifi
import pytest

from tokentape.cli import main
from tokentape.cli.seeds import IN_REQUESTS, SEEDS, TARGETS
from tokentape.doors.launch import Launch
from tokentape.reporting.reports import Report

DOORS = {"mitm": ("tokentape.doors.mitm.proxy", "running"), "fast": ("tokentape.doors.serve.server", "serving")}


@dataclass
class FakeDoor:
    """What the command line asked of the door, and what the door says at the end."""

    report: Report = field(default_factory=Report)
    trouble: Exception | None = None
    trouble_at_the_end: Exception | None = None
    launches: list[Launch] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    """Which door each launch was for."""
    published: list[bool] = field(default_factory=list)
    closed: int = 0
    complained: bool = False
    visited: bool = False


@pytest.fixture(autouse=True)
def bare_shell(monkeypatch, tmp_path) -> None:
    """No variable of ours, CI's or another tool's is set; what is kept between runs is kept in the test's folder."""
    ours = [name for name in os.environ if name.startswith("TOKENTAPE_")]
    for name in (*ours, "CI", "FORCE_COLOR", *(seed.variable for seed in SEEDS), *TARGETS, *IN_REQUESTS):
        monkeypatch.delenv(name, raising=False)
    for kind in ("STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))


@pytest.fixture
def door(monkeypatch) -> FakeDoor:
    """The stand-in, in the place of both doors."""
    fake = FakeDoor()

    class Running:
        port = 4321
        url = "http://127.0.0.1:4321"
        ca_file = Path(certifi.where())
        page = ""
        complained = property(lambda _: fake.complained)
        visited = property(lambda _: fake.visited)

        async def finish(self, publish: bool) -> Report:
            fake.published.append(publish)
            if fake.trouble_at_the_end:
                raise fake.trouble_at_the_end
            return fake.report

        async def stopped(self) -> None:
            return

    @asynccontextmanager
    async def opening(kind, launch):
        fake.launches.append(launch)
        fake.kinds.append(kind)
        if fake.trouble:
            raise fake.trouble
        yield Running()
        fake.closed += 1

    for kind, (name, opens) in DOORS.items():
        module = ModuleType(name)
        setattr(module, opens, partial(opening, kind))
        monkeypatch.setitem(sys.modules, name, module)
    return fake


@pytest.fixture
def library(tmp_path, monkeypatch) -> Path:
    """An empty library beside where we stand."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cassettes").mkdir()
    return tmp_path / "cassettes"


@pytest.fixture
def run(capsys) -> Callable[..., tuple[int, str, str]]:
    """Types a command: its exit code, stdout and stderr."""

    def type_it(*words: str) -> tuple[int, str, str]:
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return type_it
