"""Sixteen clients of four languages at once on one proxy: nobody gets what is another's, neither a cassette nor a turn.

The same request is recorded many times, each with an answer of its own, so a turn that another client has taken, or an
answer out of another cassette, is seen at once.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import processes
import pytest
from commands import CommandLine
from toolchains import go, go_environment, program
from upstream import Upstream

pytestmark = pytest.mark.slow

CLIENTS = 16
TURNS = 625  # for each client: 10,000 in all
URL = "https://files.example/turn"

PYTHON = f"""
import httpx
with httpx.Client() as client:
    for _ in range({TURNS}):
        print(client.get("{URL}").text, end="")
"""
NODE = f"""
(async () => {{
  for (let turn = 0; turn < {TURNS}; turn++) process.stdout.write(await (await fetch("{URL}")).text());
}})();
"""
GO = f"""package main

import (
	"io"
	"log"
	"net/http"
	"os"
)

func main() {{
	for turn := 0; turn < {TURNS}; turn++ {{
		answer, err := http.Get("{URL}")
		if err != nil {{
			log.Fatal(err)
		}}
		io.Copy(os.Stdout, answer.Body)
		answer.Body.Close()
	}}
}}
"""

INTERACTION = """\
    - id: {turn}
      request:
        host: files.example
        url: https://files.example/turn
        method: GET
      response:
        headers:
            Content-Type:
                - text/plain
        body: "{name} turn {turn}\\n"
        status: 200 OK
        code: 200
        duration: 1ms
"""


def write_cassette(library: Path, name: str) -> None:
    """A cassette in which each turn has an answer of its own."""
    turns = "".join(INTERACTION.format(name=name, turn=turn) for turn in range(TURNS))
    (library / f"{name}.yaml").write_text(f"---\nversion: 2\ninteractions:\n{turns}")


def commands(place: Path) -> list[list[str]]:
    """A client of each language, which asks as often as there are turns and prints what it gets."""
    (place / "main.go").write_text(GO)
    env = {"PATH": "/usr/bin:/bin", "HOME": str(place), **go_environment()}
    built = processes.run([go(), "build", "-o", "turns", "main.go"], cwd=place, env=env, seconds=300)
    assert built.returncode == 0, built.stderr
    (place / "curlrc").write_text(f'url = "{URL}"\n' * TURNS)
    return [
        [sys.executable, "-c", PYTHON],
        [program("curl"), "-sS", "-K", str(place / "curlrc")],
        [program("node"), "-e", NODE],
        [str(place / "turns")],
    ]


def run(command: list[str], where: dict[str, Any], user: str, password: str, home: Path) -> str:
    """What a client gets that names its cassette and session in the proxy URL."""
    named = where["url"].replace("://", f"://{user}:{password}@")
    env = {name: named if value == where["url"] else value for name, value in where["env"].items()}
    env |= {"PATH": "/usr/bin:/bin", "HOME": str(home)}
    done = processes.run(command, env=env, seconds=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("door", ["proxy", "serve"])
@pytest.mark.parametrize("apart", ["cassettes", "sessions"])
def test_nobody_gets_what_is_another_s(
    door: str, apart: str, tokentape: CommandLine, tmp_path: Path, upstream: Upstream
) -> None:
    """10,000 requests: each client a cassette of its own, or all the same one in a session of their own."""
    library = tmp_path / "cassettes"
    library.mkdir()
    names = [f"c-{number:02}" for number in range(CLIENTS)] if apart == "cassettes" else ["shared"] * CLIENTS
    sessions = ["x"] * CLIENTS if apart == "cassettes" else [f"s-{number:02}" for number in range(CLIENTS)]
    for name in set(names):
        write_cassette(library, name)
    clients = commands(tmp_path)
    staying = tokentape.staying(door, "--port=0", "--json", "--mode=replay")
    with staying as proxy, ThreadPoolExecutor(CLIENTS) as pool:
        where = proxy.where()
        running = [
            pool.submit(run, clients[number % len(clients)], where, name, session, tmp_path)
            for number, (name, session) in enumerate(zip(names, sessions, strict=True))
        ]
        for name, client in zip(names, running, strict=True):
            assert client.result() == "".join(f"{name} turn {turn}\n" for turn in range(TURNS))
    assert not upstream.connections
