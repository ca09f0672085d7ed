"""A stand-in for door 1, so that the command line is tested without a proxy."""

import logging
import sys
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import certifi
import pytest

from tokentape.reports import Report


@dataclass
class FakeDoor:
    """What the command line asked of the door, and what the door says at the end."""

    report: Report = field(default_factory=Report)
    trouble: Exception | None = None
    trouble_at_the_end: Exception | None = None
    launches: list[Any] = field(default_factory=list)
    published: list[bool] = field(default_factory=list)
    closed: int = 0


@dataclass(frozen=True)
class FakeLaunch:
    """The fields of the real one."""

    settings: Any
    listen: tuple[str, ...] = ("regular",)
    host: str = "127.0.0.1"
    port: int = 0
    upstream_ca: Path | None = None
    confdir: Path | None = None
    deferred: bool = False
    environ: Any = None


@pytest.fixture
def door(monkeypatch, tmp_path) -> Iterator[FakeDoor]:
    """The stand-in, in the place of ``tokentape.doors.mitm.proxy``; no variable of ours or CI's is set."""
    fake = FakeDoor()

    class Running:
        port = 4321
        url = "http://127.0.0.1:4321"
        ca_file = Path(certifi.where())
        page = ""

        async def finish(self, publish: bool) -> Report:
            fake.published.append(publish)
            if fake.trouble_at_the_end:
                raise fake.trouble_at_the_end
            return fake.report

        async def stopped(self) -> None:
            return

    @asynccontextmanager
    async def running(launch):
        fake.launches.append(launch)
        if fake.trouble:
            raise fake.trouble
        yield Running()
        fake.closed += 1

    module = ModuleType("tokentape.doors.mitm.proxy")
    module.Launch = FakeLaunch
    module.running = running
    monkeypatch.setitem(sys.modules, "tokentape.doors.mitm.proxy", module)
    for name in ("CI", "TOKENTAPE_MODE", "TOKENTAPE_LIBRARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield fake
    logger = logging.getLogger("tokentape")
    logger.handlers.clear()
    logger.propagate = True
    logger.setLevel(logging.NOTSET)
