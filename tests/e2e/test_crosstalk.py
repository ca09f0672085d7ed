"""Many clients in parallel on one proxy: each gets the answers of its own cassette and its own position, and no other.

The recordings are made so that one wrong answer shows: every client asks the same questions, and each answer says whose
it is and which of several equal recordings.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import recordings
from running import ADDON, beside_python, clean_environment
from talking import Clients
from toolchains import go, go_environment

from tokentape import Proxy

ITEM = "https://files.example/item/{}"
EACH = 5  # equal recordings of each item

ONE_BY_ONE = "[print(client.get(url).text, end='') for url in sys.argv[1:]]"
PYTHON = f"import sys, httpx\nwith httpx.Client(timeout=60) as client: {ONE_BY_ONE}"
NODE = (
    "for (const url of process.argv.slice(1)) {"
    " const answer = await fetch(url); process.stdout.write(await answer.text()) }"
)


def write_cassette(library: Path, name: str, items: int) -> None:
    """Recordings of some items, each several times."""
    rows = (
        ({"url": ITEM.format(item)}, {"body": f"{name} item {item} number {number}\n"})
        for item in range(items)
        for number in range(EACH)
    )
    recordings.write(library / f"{name}.yaml", *rows)


def expected(name: str, items: int) -> str:
    """What a client of a cassette sees that asks for all items, as often as they were recorded."""
    return "".join(f"{name} item {item} number {number}\n" for number in range(EACH) for item in range(items))


@pytest.fixture
def home(tmp_path: Path, confdir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the authority in it, for the proxy and its clients."""
    for name, value in clean_environment(tmp_path / "home", PYTHONPATH=str(ADDON)).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "home" / ".mitmproxy").symlink_to(confdir)
    return tmp_path


def test_sessions_of_one_cassette_do_not_move_each_other(home: Path, client: Clients) -> None:
    """Sixteen clients at once on one cassette, each with a session: each plays it from first to last."""
    library, items = home / "cassettes", 4
    write_cassette(library, "shared", items)
    with Proxy(library=library, mode="replay") as proxy:

        def talk(number: int) -> str:
            asker = client(proxy.url_of("shared", f"s{number}"))
            return "".join(asker.get(ITEM.format(item)).text for _ in range(EACH) for item in range(items))

        with ThreadPoolExecutor(16) as pool:
            said = list(pool.map(talk, range(16)))
    assert said == [expected("shared", items)] * 16
    assert proxy.report.replayed == 16 * items * EACH
    assert {one.session for one in proxy.report.sessions} == {f"s{number}" for number in range(16)}


def compiled_go(folder: Path) -> list[str]:
    """The client in Go, built."""
    compiler = go()
    source = Path(__file__).parents[1] / "support/gocrosstalk/main.go"
    program = folder / "go-client"
    command = [compiler, "build", "-o", str(program), str(source)]
    subprocess.run(command, cwd=folder, env={**os.environ, **go_environment()}, check=True)
    return [str(program)]


KINDS: dict[str, Callable[[Path], list[str]]] = {
    "python": lambda folder: [sys.executable, "-c", PYTHON],
    "curl": lambda folder: ["curl", "-sS", "--fail-with-body"],
    "node": lambda folder: ["node", "--input-type=module", "-e", NODE],
    "go": compiled_go,
}


@pytest.mark.slow
def test_ten_thousand_requests_of_sixteen_clients_in_four_languages(home: Path) -> None:
    """A cassette each, by the proxy URL alone, on one proxy: no answer is another's, none is missing."""
    library, items = home / "cassettes", 125
    commands = [make(home) for kind, make in KINDS.items() if kind == "python" or is_here(kind)]
    clients = {f"client-{number:02}": commands[number % len(commands)] for number in range(16)}
    for name in clients:
        write_cassette(library, name, items)
    urls = [ITEM.format(item) for _ in range(EACH) for item in range(items)]
    with Proxy(library=library, mode="replay") as proxy:
        running = {name: start(command, urls, proxy.env(name)) for name, command in clients.items()}
        ended = {name: process.communicate(timeout=500) for name, process in running.items()}
    for name, (out, err) in ended.items():
        assert out == expected(name, items), f"{clients[name][0]}: {err[-500:]}"
    report = proxy.report
    assert (report.replayed, report.refused, report.unused) == (10_000, (), ())
    assert {one.cassette: one.replayed for one in report.cassettes} == dict.fromkeys(clients, 625)


def is_here(name: str) -> bool:
    """Whether a program is on this machine, or was installed by scripts/setup."""
    return Path(beside_python(name)).exists() or shutil.which(name) is not None


def start(command: Sequence[str], urls: Sequence[str], env: dict[str, str]) -> "subprocess.Popen[str]":
    """A client, under way."""
    return subprocess.Popen(
        [*command, *urls], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
