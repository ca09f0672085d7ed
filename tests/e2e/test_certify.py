"""``tokentape certify``: cassettes replay as they were recorded, and where one does not, it says so."""

import json
import subprocess
import sys
from pathlib import Path

import processes
import pytest
from kinds import KINDS
from running import ADDON, Starter, clean_environment
from wiretap import VERSIONS, hear


def certify(library: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a library."""
    command = [sys.executable, "-m", "tokentape", "certify", "--library", library, *arguments]
    return processes.run(command, env=clean_environment(home, PYTHONPATH=str(ADDON)))


@pytest.fixture(scope="module")
def library(mitmdump_for_module: Starter, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind of stream, recorded over both versions of HTTP; and one that broke off."""
    place = tmp_path_factory.mktemp("certify") / "cassettes"
    place.mkdir()
    recorder = mitmdump_for_module(place, vcr_save_errors="truncated")
    for version in VERSIONS:
        hear(recorder, version, [*(f"/kind/{name}" for name in KINDS), "/broken-stream", "/broken", "/plain", "/empty"])
    recorder.stop()
    return place


def test_every_kind_is_equal(library: Path, tmp_path: Path) -> None:
    """Bytes, boundaries, headers, trailers, endings, over both versions whatever it was recorded over."""
    done = certify(library, tmp_path, "--json")
    found = json.loads(done.stdout)
    assert [one for one in found if not one["holds"]] == []
    assert done.returncode == 0
    assert len(found) == 2 * 2 * (len(KINDS) + 4)
    assert {one["http"] for one in found} == {"1.1", "2"}
    assert sum(one["timing"] is not None for one in found) >= 4 * len(KINDS)


def test_people_read_lines(library: Path, tmp_path: Path) -> None:
    """One for each interaction, on stdout; the count on stderr."""
    done = certify(library, tmp_path, "usual-1", "plain-2", "--http", "2")
    lines = done.stdout.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["equal", "usual-1#0", "HTTP/2"],
        ["equal", "plain-2#0", "HTTP/2"],
    ]
    assert "chunks 3" in lines[0]
    assert "ms (p95)" in lines[0]
    assert "2 of 2 equal on the wire" in done.stderr


def test_what_differs_fails(library: Path, tmp_path: Path) -> None:
    """What can't be sent as it stands is told: here a chunk without a byte, which no protocol can show."""
    text = (library / "usual-1.yaml").read_text()
    copy = tmp_path / "cassettes"
    copy.mkdir()
    (copy / "odd.yaml").write_text(text.replace("chunks: ", "chunks: 0@0 "))
    done = certify(copy, tmp_path)
    assert done.returncode == 1
    assert "NOT EQUAL odd#0" in done.stdout
    assert "chunks: 3 instead of 4" in done.stdout


def test_a_name_that_is_none(library: Path, tmp_path: Path) -> None:
    """Said before anything is replayed, with the likely one."""
    done = certify(library, tmp_path, "usual-3")
    assert done.returncode == 2
    assert "there is no cassette usual-3" in done.stderr
    assert "did you mean" in done.stderr


def test_a_damaged_cassette_keeps_nobody_from_certifying_the_others(library: Path, tmp_path: Path) -> None:
    """It is told once, whatever it was to be replayed over, and the others are told as ever: it was a traceback."""
    copy = tmp_path / "cassettes"
    copy.mkdir()
    (copy / "fine.yaml").write_text((library / "usual-1.yaml").read_text())
    (copy / "broken.yaml").write_text("version: 2\ninteractions:\n  - id: [\n")
    done = certify(copy, tmp_path)
    assert done.returncode == 1
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["fine#0", "fine#0"]
    assert done.stderr.count("error: ") == 1
    assert "broken.yaml, line 4: " in done.stderr
    assert "2 of 2 equal on the wire" in done.stderr
    assert "Traceback" not in done.stderr
