"""The folder of cassettes: published whole or not at all, and nothing of anybody's is lost."""

import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
from hammering import ids
from memory import memory
from recordings_in_text import GO_VCR, SIMULATOR, VCR_PY
from running import ADDON, ROOT, clean_environment
from steps import walk

from tokentape import formats
from tokentape.deck.marks import fingerprint
from tokentape.deck.shelf import Shelf
from tokentape.errors import DamagedCassette, LibraryTrouble, TokentapeError
from tokentape.library import files, store
from tokentape.library.store import Library
from tokentape.model import Cassette, Interaction, Request, Response
from tokentape.rules.rules import Rules

HAMMERING = ROOT / "tests" / "support" / "hammering.py"


def interaction(number: int, text: str = "some text") -> Interaction:
    """An interaction that is told from others by its number."""
    body = b'{"n":%d}' % number
    request = Request("POST", f"https://a.example/{number}", (("Content-Type", "application/json"),), body)
    return Interaction(request, Response(200, "OK", (("Content-Type", "text/plain"),), text.encode()), 0.25)


class Bench:
    """A library as one process has it: its shelf, and what it published."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "cassettes"
        self.shelf = Shelf()
        self.library = Library(self.root, self.shelf, folder / "state", Rules(), folder / "cache")

    def publish(self, *numbers: int, name: str = "chat", kind: formats.Kind = "yaml", replaces: tuple[int, ...] = ()):
        """Publish these interactions, and bring the shelf up to date."""
        marks = [fingerprint(interaction(number)) for number in replaces]
        published = self.library.publish(name, [interaction(number) for number in numbers], kind, marks)
        self.library.place(name, published)
        return published

    def look(self, name: str = "chat") -> None:
        """Bring the shelf up to date with the disk."""
        if self.library.is_stale(name):
            self.library.put(name, self.library.read(name))

    def shelved(self, name: str = "chat") -> list[Interaction]:
        """What the shelf has of a cassette, read as a replay reads it."""
        self.look(name)
        shelved = self.shelf.get(name)
        return [] if shelved is None else [self.library.contents.fetch(shelved, at) for at in range(shelved.count)]

    def file(self, name: str = "chat.yaml") -> Path:
        """A file of the library, which is made if it is missing."""
        self.root.mkdir(exist_ok=True)
        return self.root / name


@pytest.fixture
def bench(tmp_path) -> Bench:
    """An empty library."""
    return Bench(tmp_path)


def held(path: Path) -> list[int]:
    """Which interactions a file holds, in order."""
    return [int(one.request.body[5:-1]) for one in formats.load(path.read_bytes(), str(path)).interactions]


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_what_is_published_is_on_the_disk_and_on_the_shelf(bench, kind):
    """Take after take, in the order they came; another process reads the same."""
    for numbers in [(1, 2), (3,), (4, 5, 6)]:
        bench.publish(*numbers, kind=kind)
        assert bench.shelved() == Bench(bench.root.parent).shelved()
    assert bench.shelved() == [interaction(number) for number in range(1, 7)]
    assert held(bench.file(f"chat.{kind}")) == [1, 2, 3, 4, 5, 6]


def test_publishing_leaves_what_is_there_byte_for_byte(bench):
    """A foreign style, comments and unknown keys stay; the new stands behind the old."""
    text = "# ours\n" + GO_VCR.replace("    - id: 0", "    - id: 0  # the first\n      x_other: {a: 1}")
    bench.file().write_text(text)
    bench.publish(2)
    assert bench.file().read_text().startswith(text)
    assert len(bench.shelved()) == 2


def test_an_edit_since_the_last_publication_stays(bench):
    """What the shelf knows is out of date; what is in the file counts."""
    bench.publish(1, 2)
    path = bench.file()
    path.write_text(path.read_text().replace("some text", "other text"))
    bench.publish(3)
    assert [one.response.body for one in bench.shelved()] == [b"other text", b"other text", b"some text"]


@pytest.mark.parametrize("kind", ["new", "longer", "anew"])
def test_an_edit_just_after_the_publication_is_seen(bench, kind, monkeypatch):
    """What is known of a file is what we wrote, not what somebody put there a moment later."""
    if kind != "new":
        bench.publish(1)
    replaced = os.replace

    def and_then_somebody_else(source, target):
        replaced(source, target)
        Path(target).write_text("version: 2\ninteractions: [\n")

    monkeypatch.setattr(files.os, "replace", and_then_somebody_else)
    bench.publish(2, replaces=(1,) if kind == "anew" else ())
    assert bench.library.is_stale("chat")


def test_an_edit_while_we_write_is_not_overwritten(bench, monkeypatch):
    """The file is read once more, and what was recorded goes behind what stands there now."""
    bench.publish(1)
    edited = bench.file().read_bytes().replace(b"some text", b"edited text")
    synced, edits = os.fsync, [edited]

    def while_somebody_edits(handle):
        synced(handle)
        if edits:
            bench.file().write_bytes(edits.pop())

    monkeypatch.setattr(files.os, "fsync", while_somebody_edits)
    bench.publish(2)
    assert not edits
    assert bench.file().read_bytes().startswith(edited)
    assert held(bench.file()) == [1, 2]


def test_a_file_that_never_rests_is_left_alone(bench, monkeypatch):
    """It is said, and nothing is overwritten."""
    bench.publish(1)
    synced = os.fsync

    def while_somebody_edits(handle):
        synced(handle)
        bench.file().write_bytes(bench.file().read_bytes() + b"# more\n")

    monkeypatch.setattr(files.os, "fsync", while_somebody_edits)
    with pytest.raises(LibraryTrouble, match="changed all the time"):
        bench.publish(2)
    assert bench.file().read_bytes().endswith(b"# more\n")
    assert held(bench.file()) == [1]


@pytest.mark.parametrize("replaces", [(), (1,)])
def test_json_under_a_yaml_name_becomes_yaml(bench, replaces):
    """Where each recording stands is known, and of no use."""
    bench.file().write_bytes(formats.dump(Cassette((interaction(1), interaction(2))), "json"))
    bench.look()
    bench.publish(3, replaces=replaces)
    assert bench.file().read_bytes().startswith(b"---\n")
    assert held(bench.file()) == [2, 3] if replaces else [1, 2, 3]
    assert bench.shelved() == Bench(bench.root.parent).shelved()


def test_a_removed_cassette_is_not_brought_back(bench):
    """What was in it went with it; what is recorded after that is all there is."""
    bench.publish(1, 2)
    bench.file().unlink()
    bench.publish(3)
    assert held(bench.file()) == [3]
    assert bench.shelved() == [interaction(3)]


def test_a_removed_library_is_made_again(bench):
    """A recording is worth more than the absence of a folder."""
    bench.publish(1)
    bench.file().unlink()
    bench.root.rmdir()
    bench.publish(2)
    assert held(bench.file()) == [2]


def test_a_retake_takes_out_what_it_replaces(bench):
    """Once each, and nothing else."""
    bench.publish(1, 2, 1, 9)
    bench.publish(3, 4, replaces=(1, 2))
    assert held(bench.file()) == [1, 9, 3, 4]
    assert [one.request.body for one in bench.shelved()] == [b'{"n":%d}' % number for number in (1, 9, 3, 4)]


LARGE_TEXT = "The quick brown fox jumps over the lazy dog.\n" * 100_000


@pytest.mark.parametrize("kind", ["yaml", "json"])
@pytest.mark.parametrize("replaces", [(), (2,)], ids=["appended", "retaken"])
@pytest.mark.parametrize("known", [True, False])
def test_publishing_into_a_large_cassette_took_seven_times_what_it_held(bench, kind, replaces, known):
    """JSON eighteen times, a retake sixteen. What is there is copied; only where nobody knows of it yet is it read, one
    recording at a time."""
    bench.library.publish("chat", [interaction(1, LARGE_TEXT), interaction(2), interaction(3, LARGE_TEXT)], kind)
    if known:
        bench.look()
    with memory() as taken:
        bench.publish(4, replaces=replaces)
    assert taken.most < (0.5 if known else 3.5) * len(LARGE_TEXT)
    assert held(bench.file(f"chat.{kind}")) == [number for number in (1, 2, 3, 4) if number not in replaces]
    assert bench.shelved() == Bench(bench.root.parent).shelved()


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_publishing_a_large_recording_takes_no_copy_of_it(bench, kind):
    """Nor is the file read back, as one in JSON was."""
    large = interaction(1, LARGE_TEXT)
    for _ in range(2):
        with memory() as taken:
            bench.library.place("chat", bench.library.publish("chat", [large], kind))
        assert taken.most < 1.2 * len(LARGE_TEXT)
    assert bench.shelved() == [large, large]


@pytest.mark.parametrize("replaces", [False, True], ids=["longer", "anew"])
def test_a_cassette_was_published_that_was_too_large_to_be_read_again(bench, monkeypatch, replaces):
    """It was refused as damaged from then on, with all that it held before."""
    bench.publish(1)
    before = bench.file().read_bytes()
    gone = [fingerprint(interaction(1))] if replaces else []
    monkeypatch.setattr(store, "LARGEST", len(before) + 1_000)
    with pytest.raises(LibraryTrouble, match="more than") as refused:
        bench.library.publish("chat", [interaction(2, "x" * 3_000)], "yaml", gone)
    assert "a cassette of its own" in refused.value.hint
    assert bench.file().read_bytes() == before
    assert [path.name for path in bench.root.iterdir()] == ["chat.yaml"]
    bench.publish(3)
    assert held(bench.file()) == [1, 3]


def test_a_cassette_in_json_need_not_be_read_again(bench):
    """The index knows it, as one in YAML; it was read whole at each start, and all of it kept."""
    bench.library.publish("chat", [interaction(number) for number in range(250)], "json")
    bench.look()
    bench.library.keep_index()
    again = Bench(bench.root.parent)
    (change,) = again.library.changes()
    assert change.shelved.pack() is not None
    assert change.shelved.cassette is None
    again.library.put_change(change)
    assert again.shelved() == bench.shelved()


REFUSED = {
    "damage": ("chat.yaml", "interactions: [", DamagedCassette, "chat.yaml"),
    "a merge": ("chat.yaml", "<<<<<<< ours\n" + GO_VCR, DamagedCassette, "merge"),
    "VCR.py, YAML": ("chat.yaml", VCR_PY, LibraryTrouble, "VCR.py is only read"),
    "VCR.py, JSON": ("chat.json", '{"version": 1, "interactions": []}', LibraryTrouble, "VCR.py is only read"),
    "the simulator": ("chat.yaml", SIMULATOR, LibraryTrouble, "aoai-api-simulator is only read"),
    "of the future": ("chat.yaml", GO_VCR.replace("version: 2", "version: 3"), DamagedCassette, "version 3"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("replaces", [(), (7,)])
def test_what_can_not_be_grown_is_left_as_it_is(bench, case, known, replaces):
    """Damage and foreign formats: an error that says what, and not a byte changed."""
    file, text, error, problem = REFUSED[case]
    bench.file(file).write_text(text)
    if known:
        bench.look()
    with pytest.raises(error, match=problem):
        bench.publish(1, replaces=replaces)
    assert {path.name: path.read_text() for path in bench.root.iterdir()} == {file: text}


def test_two_files_for_one_name_are_refused(bench):
    """Which one to grow is not ours to guess."""
    for file in ("chat.yaml", "chat.json"):
        bench.file(file).write_text("")
    with pytest.raises(LibraryTrouble, match=r"there twice: .*chat\.yaml and .*chat\.json"):
        bench.publish(1)
    assert all(path.read_text() == "" for path in bench.root.iterdir())


def test_a_folder_in_the_place_of_a_cassette_is_refused(bench):
    """It is said what is there."""
    (bench.file()).mkdir()
    with pytest.raises(TokentapeError, match="folder"):
        bench.publish(1)


def test_a_file_in_the_place_of_the_library_is_refused(bench):
    """It is not removed to make room."""
    bench.root.write_text("precious")
    with pytest.raises(LibraryTrouble, match="is a file, not a folder"):
        bench.publish(1)
    assert bench.root.read_text() == "precious"


def test_publishers_in_threads_lose_nothing(bench):
    """Each publishes against what is in the file by then."""
    benches = [Bench(bench.root.parent) for _ in range(6)]
    start = threading.Barrier(len(benches))

    def publish(number: int) -> None:
        start.wait()
        for each in range(5):
            benches[number].publish(10 * number + each)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(len(benches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = held(bench.file())
    by_publisher = [[one % 10 for one in found if one // 10 == number] for number in range(6)]
    assert by_publisher == [list(range(5))] * 6
    assert len(bench.shelved()) == 30


def test_recorders_in_processes_lose_nothing(tmp_path):
    """Two processes record into one cassette at the same time; all that either was told is durable is there, once."""
    words = [
        [sys.executable, str(HAMMERING), str(tmp_path), run, "0.6", "chat", "new_episodes", "a", "b"] for run in "xyz"
    ]
    environ = clean_environment(tmp_path / "home", PYTHONPATH=str(ADDON))
    children = [subprocess.Popen(each, env=environ, stdout=subprocess.PIPE, text=True) for each in words]
    said = [name for child in children for name in child.communicate(timeout=60)[0].split()]
    assert [child.returncode for child in children] == [0, 0, 0]
    assert len(said) > 20
    assert Counter(ids((tmp_path / "cassettes" / "chat.yaml").read_bytes())) == Counter(said)


LARGE = 10_000
BATCH = 20


def test_a_cassette_costs_as_much_per_interaction_when_it_is_large(bench):
    """To publish a take into 10,000 interactions is as much work as into a few, but for copying the file's bytes."""
    bench.publish(*range(BATCH))
    small = _work(bench, BATCH)
    head, dash, item = GO_VCR.partition("    - ")
    many = (
        f"{dash}{item}".replace("id: 0", f"id: {number}").replace("completions", str(number)) for number in range(LARGE)
    )
    bench.file().write_text(head + "".join(many))
    bench.look()
    large = _work(bench, LARGE)
    shelved = bench.shelf.get("chat")
    assert shelved is not None
    assert shelved.count == LARGE + BATCH
    assert large < 1.1 * small


def _work(bench: Bench, first: int) -> int:
    """The steps that it takes to publish so many new interactions."""
    added = [interaction(number) for number in range(first, first + BATCH)]
    with walk() as walked:
        bench.library.place("chat", bench.library.publish("chat", added, "yaml"))
    return walked.steps


def test_a_look_that_took_its_time_does_not_undo_what_was_published_meanwhile(bench):
    """The cassette was not there when the look began, and is on the shelf when it ends."""
    bench.publish(1, name="one")
    changes = bench.library.changes()
    bench.publish(2, name="one")
    bench.publish(3, name="two")
    for change in changes:
        bench.library.put_change(change)
    assert [bench.shelf.get(name).count for name in ("one", "two")] == [2, 1]
