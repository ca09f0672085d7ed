"""A small application with its suite in each of four languages: unchanged, recorded once, replayed without the API."""

import os
import shutil
import sys
from pathlib import Path

import pytest
import recordings
from commands import CommandLine
from running import ROOT
from secrets_for_tests import OPENAI_KEY
from toolchains import NODE_MODULES, go, go_environment, node_package, program
from upstream import Upstream

APPS = ROOT / "tests" / "apps"

pytestmark = pytest.mark.slow


def python_suite(place: Path) -> list[str]:
    """pytest, as its author runs it."""
    return [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider"]


def node_suite(place: Path) -> list[str]:
    """npm test, with Node's own runner."""
    node_package("openai")
    program("npm")
    (place / "node_modules").symlink_to(NODE_MODULES)
    return ["npm", "test", "--silent"]


def go_suite(place: Path) -> list[str]:
    """go test; without -count it would not run what passed before."""
    return [go(), "test", "-v", "-count=1", "./..."]


def java_suite(place: Path) -> list[str]:
    """The compiler, and the compiled suite."""
    program("javac")
    return ["sh", "-ec", "javac -d out *.java; java -ea -cp out AssistantTest"]


SUITES = {"python": python_suite, "node": node_suite, "go": go_suite, "java": java_suite}


def said(out: str) -> list[str]:
    """What the suite printed of the answers."""
    return sorted(line[line.index("said ") :] for line in out.splitlines() if "said " in line)


@pytest.mark.parametrize("language", SUITES)
def test_a_suite_is_recorded_once_and_replays(language: str, tmp_path: Path, confdir: Path, upstream: Upstream) -> None:
    """The same code passes three times: recording, replaying without the API, and replaying with no key at all."""
    place = tmp_path / "app"
    shutil.copytree(APPS / language, place, ignore=shutil.ignore_patterns("__pycache__"))
    tokentape = CommandLine(place, confdir, upstream)
    command = SUITES[language](place)
    env = go_environment() if language == "go" else {}
    recorded = tokentape.record(command, "--cassette=assistant", env={**env, "OPENAI_API_KEY": OPENAI_KEY})
    assert recorded.code == 0, recorded.out + recorded.err
    assert "2 recorded" in recorded.err
    assert len(said(recorded.out)) == 2
    assert len(upstream.requests) == 2
    cassette = place / "cassettes" / "assistant.yaml"
    assert len(recordings.interactions(cassette)) == 2
    assert OPENAI_KEY not in cassette.read_text()
    with upstream.unplugged():
        for key in (OPENAI_KEY, "unused"):
            replayed = tokentape.replay(command, "--cassette=assistant", "--strict", env={**env, "OPENAI_API_KEY": key})
            assert replayed.code == 0, replayed.out + replayed.err
            assert said(replayed.out) == said(recorded.out)
            assert "2 replayed" in replayed.err
    assert len(upstream.requests) == 2
    assert os.stat(cassette).st_mode & 0o777 == 0o644
