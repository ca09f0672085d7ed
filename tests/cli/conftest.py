"""A stand-in for both doors, so that the command line is tested without a proxy."""

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


@pytest.fixture
def door(monkeypatch, tmp_path) -> FakeDoor:
    """The stand-in, in the place of both doors; no variable of ours, CI's or another tool's is set."""
    fake = FakeDoor()

    class Running:
        port = 4321
        url = "http://127.0.0.1:4321"
        ca_file = Path(certifi.where())
        page = ""
        complained = property(lambda _: fake.complained)

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
    for name in (
        "CI",
        "TOKENTAPE_MODE",
        "TOKENTAPE_LIBRARY",
        *(seed.variable for seed in SEEDS),
        *TARGETS,
        *IN_REQUESTS,
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return fake


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A library beside where we stand, a state of its own, and no variable that says otherwise."""
    for name in ("TOKENTAPE_LIBRARY", "TOKENTAPE_MODE", "CI", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
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
