"""Kill a recording process at a random moment, recover, and compare: round after round, in a process of its own.

``python killing.py FOLDER ROUNDS SEED`` prints a line of JSON: how many interactions were durable, and what was wrong.

The rule: a round is a fork, so that a hundred of them cost seconds; this process starts no thread and no loop, which
is what makes forking safe, and is why the tests run it as a child.
"""

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hammering import hammer, ids

from tokentape import formats
from tokentape.cli import main
from tokentape.errors import TokentapeError

LONGEST = 10.0  # seconds; a round is killed long before
SESSIONS = ("a", "b", "c")
# One cassette takes so many rounds, so that later rounds find it grown.
ROUNDS_A_CASSETTE = 5


@dataclass
class Rounds:
    """What happened so far. ``durable`` are the ids that each cassette must hold by now."""

    folder: Path
    chance: random.Random
    durable: dict[str, set[str]] = field(default_factory=dict)
    acknowledged: int = 0
    recovered: int = 0
    wrong: list[str] = field(default_factory=list)

    def play(self, number: int) -> None:
        """One round: record, kill, look, recover, look again."""
        cassette = f"chat-{number // ROUNDS_A_CASSETTE}"
        # The last round of a cassette takes it anew: in one session, as a session replaces what others published.
        retakes = number % ROUNDS_A_CASSETTE == ROUNDS_A_CASSETTE - 1
        told = self._record_and_kill(f"r{number}", cassette, retakes=retakes)
        self.acknowledged += len(told)
        before = self._held(cassette)
        if main(["recover"]) != 0:
            self.wrong.append(f"round {number}: recover failed")
        after = self._held(cassette)
        self.recovered += len(after - before)
        self._compare(number, cassette, told, after, replaces=retakes and bool(told))

    def _record_and_kill(self, run: str, cassette: str, *, retakes: bool) -> set[str]:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.dup2(writing, 1)
            mode, sessions = ("record", SESSIONS[:1]) if retakes else ("new_episodes", SESSIONS)
            hammer(self.folder, run, LONGEST, cassette, mode, sessions)
            os._exit(0)
        os.close(writing)
        said = os.read(reading, 1)  # it has begun
        time.sleep(self.chance.uniform(0, 0.15))  # the moment is what is random here; nothing is waited for
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while piece := os.read(reading, 1 << 16):
            said += piece
        os.close(reading)
        return set(said.decode().split())

    def _held(self, cassette: str) -> Counter[str]:
        """How often a cassette holds each id. Every cassette must be whole at any time."""
        path = self.folder / "cassettes" / f"{cassette}.yaml"
        if not path.exists():
            return Counter()
        data = path.read_bytes()
        try:
            formats.load(data, str(path))
        except TokentapeError as error:
            self.wrong.append(f"not whole: {error}")
        return Counter(ids(data))

    def _compare(self, number: int, cassette: str, told: set[str], held: Counter[str], *, replaces: bool) -> None:
        earlier = self.durable.setdefault(cassette, set())
        if replaces and earlier & set(held):
            self.wrong.append(f"round {number}: a retake left what it replaces")
        if replaces:
            earlier.clear()
        earlier |= told
        if lost := earlier - set(held):
            self.wrong.append(f"round {number}: lost {sorted(lost)}")
        if twice := [name for name, times in held.items() if times > 1]:
            self.wrong.append(f"round {number}: twice {sorted(twice)}")
        earlier |= set(held)


if __name__ == "__main__":
    place, count, seed = Path(sys.argv[1]).resolve(), int(sys.argv[2]), sys.argv[3]
    os.environ["XDG_STATE_HOME"] = str(place)
    rounds = Rounds(place, random.Random(seed))
    for number in range(count):
        rounds.play(number)
    left = [str(path) for path in (place / "tokentape" / "journal").rglob("*")]
    said = {"acknowledged": rounds.acknowledged, "recovered": rounds.recovered, "wrong": rounds.wrong, "left": left}
    print(json.dumps(said))
