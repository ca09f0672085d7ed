"""``scripts/bench``: that it measures at all, and says what it found. What it finds is no matter for a test."""

import json
import os
import re
import subprocess
import sys

import pytest
from running import ADDON, ROOT

from bench import process, table, work
from bench.__main__ import ROWS
from bench.rows import Check

TINY = ("--turns", "1", "--seconds", "0.05", "--many", "12", "--huge", "24", "--replays", "40")


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the bench as the script does."""
    sources = os.pathsep.join([str(ROOT / "scripts" / "lib"), str(ADDON)])
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        env={**os.environ, "PYTHONPATH": sources},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


def test_the_contenders_are_compared_and_reported():
    """Four processes answer rightly over HTTP/2, and each has its figures; the exit code follows from the checks."""
    done = bench("door1-h2", "--json", *TINY)
    assert done.returncode in (0, 1), done.stderr
    (row,) = json.loads(done.stdout)["rows"]
    assert [figures["name"] for figures in row["figures"]] == [
        "mitmdump -q, constant",
        "mitmdump -q --server-replay",
        "mitmdump -q -s addon/vcr.py",
        "tokentape proxy",
    ]
    assert all(figures["per_second"] > 0 for figures in row["figures"])
    assert [check["bar"] for check in row["checks"]] == [0.65, 1.1]
    assert done.returncode == (0 if all(check["holds"] for check in row["checks"]) else 1)


def test_a_miss_is_timed_in_one_file_and_in_many():
    """Refusals are timed where the cassette is named and where all are searched; the table says each bar."""
    done = bench("miss", *TINY)
    assert done.returncode in (0, 1), done.stderr
    assert "\nmiss: " in done.stdout
    assert done.stdout.count("of at most 50 ms: ") == 4


def test_the_fast_door_is_compared_with_the_least_that_uvicorn_does():
    """Without the peers, which come from npm: the same work at a base URL, in small and in large libraries."""
    done = bench("door2-lookup", "--json", *TINY)
    assert done.returncode in (0, 1), done.stderr
    (row,) = json.loads(done.stdout)["rows"]
    assert [figures["name"] for figures in row["figures"]] == [
        "tokentape serve, N=10 in a file",
        "tokentape serve, N=24 in a file",
    ]
    assert [check["bar"] for check in row["checks"]] == [1.2]


def test_redaction_is_timed_for_each_kind_of_body():
    """Without any proxy; each kind has its bar."""
    done = bench("redact", *TINY)
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout.count("of at most 50 ms: ") == 4


@pytest.mark.slow
def test_chunks_are_timed_while_they_are_recorded():
    """By three proxies, two of them ours."""
    done = bench("stream-record", "--json", *TINY)
    assert done.returncode in (0, 1), done.stderr
    (row,) = json.loads(done.stdout)["rows"]
    assert len(row["told"]) == 6
    assert [check["bar"] for check in row["checks"]] == [0.1, 1.0, 0] * 2


def test_a_mistyped_row_is_not_taken_for_one_that_holds():
    """Nothing would be measured, and nothing amiss."""
    done = bench("door1-h3", "miss")
    assert done.returncode == 2
    assert "there is no row door1-h3" in done.stderr


def test_the_rows_that_documents_name_can_be_asked_for():
    """Nobody is sent to a row that there is not."""
    documents = [ROOT / "README.md", *(ROOT / "addon").rglob("*.md"), *(ADDON / "tokentape").rglob("*.py")]
    named = [words for path in documents for words in re.findall(r"`scripts/bench ([a-z0-9 -]+)`", path.read_text())]
    assert named
    assert {row for words in named for row in words.split()} <= {row.name for row in ROWS}


def test_its_help_lists_the_rows():
    """Every row can be asked for by a name of its own."""
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    shown = " ".join(bench("--help").stdout.split())
    assert f"Rows: {', '.join(names)}." in shown


def test_the_work_is_of_the_size_it_says():
    """A question of 473 bytes, an answer of 999, and another pair for each number."""
    asks = work.asks(5000, 5000)
    assert {len(ask.body) for ask in asks} == {473}
    assert {len(ask.expected) for ask in asks} == {999}
    assert len({ask.body for ask in asks}) == 5000


def test_a_process_tells_its_time_and_memory():
    """Where the system tells them, both grow with use and neither is nothing."""
    before = process.cpu_seconds(os.getpid())
    memory = process.resident_mb(os.getpid())
    if before is None or memory is None:
        pytest.skip("this system tells neither")
    assert sum(range(1_000_000)) > 0
    after = process.cpu_seconds(os.getpid())
    assert after is not None
    assert after >= before > 0
    assert memory > 1


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(0.5, "0.500 of at most 0.55 ×: holds"), (0.6, "DOES NOT HOLD"), (None, "– of at most 0.55 ×: NOT MEASURED here")],
)
def test_a_check_says_whether_its_bar_holds(value, verdict):
    """In words; what could not be measured does not count as holding."""
    check = Check("tokentape proxy, CPU", value, 0.55, "×")
    assert table.said(check).endswith(verdict)
    assert check.holds == (value == 0.5)
