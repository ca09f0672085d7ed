"""Several workers on one port: sessions are right whichever of them is asked, and they live and end together."""

import asyncio
import json
import multiprocessing
import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from open_doors import OpenDoor
from raw_http import Said, Talk
from waiting import ENOUGH, until

from tokentape.doors.serve import workers
from tokentape.errors import LaunchTrouble
from tokentape.reporting.reports import Report


@pytest.fixture(scope="module")
def door(home: Path) -> Iterator[OpenDoor]:
    """Three workers."""
    opened = OpenDoor("fast", home / "cassettes", home, "--workers=3", "--repeat=never").ready()
    yield opened
    opened.close()


def ask(door: OpenDoor, path: str, *headers: tuple[str, str], method: str = "GET") -> Said:
    """One request on a connection of its own, which any of the workers may get."""
    with Talk(door.port) as talk:
        return talk.ask(method, path, headers)


def again(door: OpenDoor, session: str) -> bytes:
    """The recording that is due, or the code of a refusal."""
    heard = ask(door, "/again", ("X-Cassette-Name", "again"), ("X-Cassette-Session", session))
    return heard.body if heard.status == 200 else (heard.header("x-cassette-error") or "").encode()


def workers_of(door: OpenDoor) -> set[int]:
    """The processes that listen: the children of the one that was started."""
    told = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(door.process.pid)], capture_output=True, check=True
    )
    lines = [line.split(None, 1) for line in told.stdout.decode().splitlines()]
    return {int(pid) for pid, args in lines if "spawn_main" in args}


def test_positions_are_those_of_the_session(door: OpenDoor) -> None:
    """In their order, each once, over many connections and several sessions in turns."""
    names = [f"turns-{number}" for number in range(8)]
    heard = [[again(door, name) for name in names] for _ in range(4)]
    assert heard == [[text] * len(names) for text in (b"one", b"two", b"three", b"exhausted")]


def test_no_recording_is_played_twice_at_once(door: OpenDoor) -> None:
    """Of many clients that ask at the same moment each recording has one."""
    with ThreadPoolExecutor(8) as threads:
        heard = Counter(threads.map(lambda _: again(door, "crowd"), range(24)))
    assert heard == {b"one": 1, b"two": 1, b"three": 1, b"exhausted": 21}


def test_a_session_can_be_rewound(door: OpenDoor) -> None:
    """By whichever worker is told to; all of them know."""
    assert again(door, "rewound") == b"one"
    body = b'{"session": "rewound"}'
    for _ in range(60):
        with Talk(door.port) as talk:
            told = talk.ask("POST", "/-/tokentape/rewind", (("X-Tokentape", "1"),), body)
        if told.status == 200:
            break  # a worker that knows the session
    assert told.status == 200
    assert [again(door, "rewound") for _ in range(4)] == [b"one", b"two", b"three", b"exhausted"]


def test_what_one_worker_can_not_know_it_does_not_tell(door: OpenDoor) -> None:
    """The control endpoint has what each worker knows; the rest is refused, with a way out."""
    assert ask(door, "/-/tokentape/health").status == 200
    refused = ask(door, "/-/tokentape/state")
    assert (refused.status, refused.header("x-cassette-error")) == (501, "unsupported")
    assert b"leave --workers out" in refused.body


def test_the_report_is_of_all_together(home: Path) -> None:
    """The counts of the workers are added, and a recording that one of them played is not unused."""
    opened = OpenDoor("fast", home / "cassettes", home, "--workers=2").ready()
    for number in range(20):
        assert ask(opened, "/v1/models", ("X-Cassette-Name", "chat")).status == 200
        assert ask(opened, f"/nowhere/{number % 2}", ("X-Cassette-Name", "odd")).status == 409
    assert opened.close() == 0
    report = json.loads(opened.log.splitlines()[-1])
    assert report["replayed"] == 20
    assert sorted((one["url"][-1], one["times"]) for one in report["refused"]) == [("0", 10), ("1", 10)]
    assert [one["positions"] for one in report["unused"] if one["cassette"] == "chat"] == [[0]]


@pytest.mark.skipif(not Path("/proc").exists(), reason="asks ps for the children of a process, as Linux has it")
def test_one_that_dies_ends_all(home: Path) -> None:
    """A worker that is killed does not leave half a server behind."""
    opened = OpenDoor("fast", home / "cassettes", home, "--workers=2").ready()
    first, second = sorted(workers_of(opened))
    os.kill(first, signal.SIGKILL)
    assert opened.process.wait(ENOUGH) == 1
    assert "error: a worker has died" in opened.log
    until(lambda: not Path(f"/proc/{second}").exists(), "the other worker ends")
    opened.close()


@pytest.mark.skipif(not Path("/proc").exists(), reason="asks ps for the children of a process, as Linux has it")
def test_none_outlives_the_one_that_began_it(home: Path) -> None:
    """When the first process is killed the others notice, and end."""
    opened = OpenDoor("fast", home / "cassettes", home, "--workers=2").ready()
    children = workers_of(opened)
    assert len(children) == 2
    opened.process.kill()
    opened.process.wait(ENOUGH)
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), "the workers end")
    opened.close()


@pytest.mark.parametrize("flags", [("--mode=once",), ("--listen=reverse:https://api.openai.com",)])
def test_workers_are_the_fast_door_s_alone(flags: tuple[str, ...], home: Path) -> None:
    """A mode that records has one process, and says so."""
    opened = OpenDoor("fast", home / "cassettes", home, "--workers=2", *flags)
    assert opened.process.wait(ENOUGH) == 2
    assert "error: --workers 2 can't be had with --" in opened.log
    opened.close()


async def test_one_that_ends_when_it_is_told_has_not_died() -> None:
    """A worker may be gone before the next has said its last word."""
    loop = asyncio.get_running_loop()
    first_is_gone = threading.Event()
    pipes, ends = [multiprocessing.Pipe() for _ in "ab"], [os.pipe() for _ in "ab"]

    def first() -> None:
        pipes[0][1].recv()
        pipes[0][1].send(Report(replayed=1))
        os.close(ends[0][1])
        first_is_gone.set()

    def second() -> None:
        pipes[1][1].recv()
        first_is_gone.wait(ENOUGH)
        for _ in range(5):  # turns of the loop, in which it notices
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(ENOUGH)
        pipes[1][1].send(Report(replayed=2))

    processes = [cast(BaseProcess, SimpleNamespace(sentinel=reading)) for reading, _ in ends]
    those = [workers._Worker(process, ours) for process, (ours, _) in zip(processes, pipes, strict=True)]
    opened = workers.Workers(0, "", Path(), "", those)
    workers._watch(opened)
    with ThreadPoolExecutor(2) as threads:
        threads.submit(first)
        threads.submit(second)
        assert (await opened.finish()).replayed == 3
    loop.remove_reader(ends[1][0])
    for one in (ends[0][0], *ends[1]):
        os.close(one)


async def test_one_that_says_nothing_at_the_end_has_died() -> None:
    """What it did is not known, so the report would be wrong."""
    ours, theirs = multiprocessing.Pipe()
    opened = workers.Workers(0, "", Path(), "", [workers._Worker(cast(BaseProcess, SimpleNamespace()), ours)])
    theirs.close()
    with pytest.raises(LaunchTrouble, match="a worker has died"):
        await opened.finish()
