"""Killed at a random moment while recording: every cassette is whole, and what was durable is recovered, once.

The rule: what is durable is not asked of the product. Without a proxy it is what the journal's own write returned for;
with one, what a client was answered a second time, for that answer comes from the recording.
"""

import json
import random
import sys
import threading
from collections import Counter
from itertools import count
from pathlib import Path

import processes
import pytest
from commands import CommandLine
from running import ADDON, Starter, clean_environment
from talking import browser
from waiting import until

from tokentape import formats

SUPPORT = Path(__file__).parents[1] / "support"
ROUNDS = 100
ECHO = "https://files.example/upload"


def test_a_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    """Engine and recorder alone, killed between any two of their steps; every fifth round takes a cassette anew."""
    seed = random.randrange(1 << 32)
    environ = clean_environment(tmp_path / "home", PYTHONPATH=f"{ADDON}:{SUPPORT}")
    words = [sys.executable, SUPPORT / "killing.py", tmp_path, ROUNDS, seed]
    done = processes.run(words, env=environ, seconds=300)
    assert done.returncode == 0, f"seed {seed}: {done.stderr[-2000:]}"
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["wrong"] == [], f"seed {seed}"
    assert told["left"] == [], f"seed {seed}"
    # It was worth the rounds: much was durable when the process died, and not in the library.
    assert told["acknowledged"] > 2 * ROUNDS
    assert told["recovered"] > ROUNDS // 2


class Hammerers:
    """Clients that ask for one thing after another, each thing twice, until the proxy is gone."""

    def __init__(self, proxy: str, ca_file: Path, said: str, several: int = 2) -> None:
        self.durable: list[str] = []
        self._said = said
        self._proxy, self._ca_file = proxy, ca_file
        self._numbers = count()
        self._threads = [threading.Thread(target=self._hammer, daemon=True) for _ in range(several)]
        for thread in self._threads:
            thread.start()

    def _hammer(self) -> None:
        with browser(self._proxy, self._ca_file) as client:
            try:
                while True:
                    body = f"{self._said} {next(self._numbers)}"
                    first, again = (client.post(ECHO, content=body) for _ in range(2))
                    if again.content == first.content:  # there is a number in it that no other answer has
                        self.durable.append(body)
            except Exception:  # whatever it is that a client says when the proxy was killed
                return

    def end(self) -> None:
        """Wait until all have noticed."""
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()


def bodies(library: Path) -> Counter[str]:
    """How often each request body is in a library, all of whose cassettes have to be whole."""
    paths = list(library.rglob("*.yaml"))
    loaded = [formats.load(path.read_bytes(), str(path)) for path in paths]
    return Counter(one.request.body.decode() for cassette in loaded for one in cassette.interactions)


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_mitmdump_loses_nothing(seed: int, mitmdump: Starter, library: Path, tokentape: CommandLine) -> None:
    """``mitmdump -s addon/vcr.py`` with four clients, named and unnamed; then ``tokentape recover``."""
    proxy = mitmdump(library, vcr_mode="new_episodes")
    named = Hammerers(proxy.proxy("chat"), proxy.ca_file, "named")
    unnamed = Hammerers(proxy.proxy(), proxy.ca_file, "unnamed")
    enough = 3 + 8 * seed  # not the same moment each time
    until(lambda: len(named.durable) > enough and len(unnamed.durable) > enough, "both are recording")
    proxy.kill()
    named.end()
    unnamed.end()
    before = bodies(library)
    recovered = tokentape("recover", env={"XDG_STATE_HOME": str(proxy.home / "state")})
    assert recovered.code == 0, recovered.err
    after = bodies(library)
    assert not set(named.durable + unnamed.durable) - set(after)
    assert not before - after
    assert max(after.values()) == 1
    again = tokentape("recover", env={"XDG_STATE_HOME": str(proxy.home / "state")})
    assert (again.code, again.err) == (0, "tokentape: there is nothing to recover\n")
    assert bodies(library) == after
