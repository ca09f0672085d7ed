"""The index kept between runs: a help, never an authority."""

import json
import random
import subprocess
import sys

import pytest
from running import ADDON, clean_environment

from tokentape import formats
from tokentape.deck.shelf import Shelf
from tokentape.library import index, store
from tokentape.library.rulestext import load_rules
from tokentape.library.store import Library
from tokentape.model import Cassette, Interaction, Request, Response
from tokentape.rules.rules import Rules


def interaction(number):
    body = json.dumps({"n": number}).encode()
    return Interaction(Request("POST", "https://h/x", (), body), Response(200, "OK", (), f"answer {number}".encode()))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A library of 30 cassettes, each worth keeping."""
    monkeypatch.setattr(store, "_WORTH_KEEPING", 1)
    for number in range(30):
        path = tmp_path / "cassettes" / f"c{number:02}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(formats.dump(Cassette((interaction(number), interaction(-number))), "yaml"))
    return tmp_path


def opened(folder, rules=None):
    shelf = Shelf()
    library = Library(folder / "cassettes", shelf, folder / "state", rules or Rules(), folder / "cache")
    for change in library.changes():
        library.put_change(change)
    return library, shelf


def marks_of(shelf):
    return {shelved.name: (list(shelved.marks), list(shelved.spans)) for shelved in shelf}


def index_files(folder):
    return [path for path in (folder / "cache").rglob("*") if path.is_file()]


@pytest.fixture
def kept(folder):
    """The marks of that library, and an index of them on the disk."""
    library, shelf = opened(folder)
    library.keep_index()
    assert len(index_files(folder)) == 1
    return marks_of(shelf)


def test_a_warm_start_reads_no_cassette(folder, kept, monkeypatch):
    """With the index at hand nothing is parsed, and all is known."""
    monkeypatch.setattr(formats, "load", lambda *_given: pytest.fail("a cassette was read"))
    _, shelf = opened(folder)
    assert marks_of(shelf) == kept


def test_a_large_recording_is_worth_an_index_by_itself(tmp_path, monkeypatch):
    """Whoever replays it need not read it, nor compare its body, to know what it answers."""
    library = Library(tmp_path / "cassettes", Shelf(), tmp_path / "state", Rules(), tmp_path / "cache")
    body = json.dumps({"text": "x" * 9_000_000}).encode()
    recorded = Interaction(Request("POST", "https://h/x", (), body), Response(200))
    library.place("large", library.publish("large", [recorded], "yaml"))
    library.keep_index()
    monkeypatch.setattr(formats, "load", lambda *_given: pytest.fail("a cassette was read"))
    _, shelf = opened(tmp_path)
    assert shelf.get("large").count == 1


def test_a_recording_is_read_by_its_span_alone(folder, kept):
    """What stands in the file at the place that the index names is the recording."""
    library, shelf = opened(folder)
    found = library.contents.fetch(shelf.get("c07"), 1)
    assert found.response.body == b"answer -7"


DAMAGES = [
    lambda path: path.unlink(),
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(path.read_bytes()[:-20]),
    lambda path: path.write_bytes(path.read_bytes()[:200] + b"\xff" + path.read_bytes()[201:]),
    lambda path: path.write_bytes(random.Random(1).randbytes(5000)),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_is_as_good_as_none(folder, kept, damage):
    """Deleted, cut, or scribbled over: the library is read again, and the same is known."""
    damage(index_files(folder)[0])
    _, shelf = opened(folder)
    assert marks_of(shelf) == kept


def test_a_changed_file_is_read_whatever_the_index_says(folder, kept):
    """The files are the truth."""
    path = folder / "cassettes" / "c03.yaml"
    path.write_bytes(formats.dump(Cassette((interaction(99),)), "yaml"))
    library, shelf = opened(folder)
    assert shelf.get("c03").count == 1
    assert library.contents.fetch(shelf.get("c03"), 0).response.body == b"answer 99"
    assert marks_of(shelf)["c04"] == kept["c04"]


def test_other_rules_make_other_marks(folder, kept):
    """Marks are of one set of rules; under others they are made again."""
    (folder / "cassettes" / "library.toml").write_text('[[rule]]\nignore = ["body.n"]\n')
    _, shelf = opened(folder, load_rules(folder / "cassettes"))
    assert marks_of(shelf)["c05"][0] != kept["c05"][0]
    assert len(shelf.get("c05").index) < 4


def test_marks_are_kept_under_the_rules_that_made_them(folder):
    """library.toml was edited while the run that indexes went on: the next run compares anew."""
    library, before = opened(folder)
    (folder / "cassettes" / "library.toml").write_text('[[rule]]\nignore = ["body.n"]\n')
    library.keep_index()
    _, shelf = opened(folder, load_rules(folder / "cassettes"))
    assert marks_of(shelf)["c05"][0] != marks_of(before)["c05"][0]


def test_an_index_is_of_the_code_that_made_its_marks(tmp_path):
    """Whatever recordings are read and marked with: a change anywhere in it, and the marks are made again."""
    asks = "import sys, tokentape.deck.marks, tokentape.formats; print(*(m.__file__ for m in sys.modules.values() if "
    asks += "m.__name__.startswith('tokentape')))"
    env = clean_environment(tmp_path / "home", PYTHONPATH=str(ADDON))
    command = [sys.executable, "-c", asks]
    told = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert str(ADDON / "tokentape" / "matching" / "canonical.py") in told.stdout.split()
    assert set(told.stdout.split()) <= set(index.code_files())


def test_a_cache_folder_that_can_not_be_written_is_no_trouble(folder):
    """A cache that is not kept only costs time."""
    library, shelf = opened(folder)
    (folder / "cache").write_text("a file is in the way")
    library.keep_index()
    assert len(list(shelf)) == 30
