"""Which files of a folder are cassettes, and which are nobody's."""

from pathlib import Path

import pytest

from tokentape.errors import LibraryTrouble
from tokentape.library import listing

FILES = [
    *("a.yaml", "B.json", "more/deep/c.yaml", "with blank.yaml", "a.b.yaml", "like.yaml/d.json", "tape.yaml"),
    *("library.toml", "notes.yml", "README.md", ".hidden.yaml", ".git/d.yaml", ".a.yaml.0123abcd.part", ".x.part"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Cassettes, and what is none, below a folder called by its relative path."""
    monkeypatch.chdir(tmp_path)
    for file in FILES:
        path = tmp_path / "lib" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return Path("lib")


def test_cassettes_have_a_name_and_a_path(folder):
    """The name is the path less the folder and the ending, the path is as the folder was called; ordered by name."""
    assert list(listing.cassettes(folder)) == [
        ("B", "lib/B.json"),
        ("a", "lib/a.yaml"),
        ("a.b", "lib/a.b.yaml"),
        ("like.yaml/d", "lib/like.yaml/d.json"),
        ("more/deep/c", "lib/more/deep/c.yaml"),
        ("tape", "lib/tape.yaml"),
        ("with blank", "lib/with blank.yaml"),
    ]


LIKE = [
    ("A", "a"),
    ("tpae", "tape"),
    ("b", "B"),
    ("with_blank", "with blank"),
    ("more/deep/C", "more/deep/c"),
    ("a..b", "a.b"),
]
UNLIKE = ["", "something else", "deep/c", "hidden", "library", "more", "a" * 300]


@pytest.mark.parametrize(("name", "meant"), [*LIKE, *((name, "") for name in UNLIKE)])
def test_the_cassette_that_a_name_with_a_typo_means(name, meant, folder):
    """One of the same folder; none is better than a wild guess."""
    assert listing.like(folder, name) == meant


def test_a_cassette_that_came_since_is_found_by_its_typo(folder):
    """What was found is remembered, for as long as the folder stays as it is."""
    assert listing.like(folder, "chat-basik") == ""
    (folder / "chat-basic.yaml").write_text("")
    assert listing.like(folder, "chat-basik") == "chat-basic"


def test_a_walk_ends(folder):
    """Links to folders are not followed, for one may lead back."""
    (folder / "loop").symlink_to(".")
    assert len(list(listing.cassettes(folder))) == 7


def test_what_a_killed_writer_left(folder):
    """Hidden files that a cassette was to become, and no others."""
    assert list(listing.unfinished(folder)) == ["lib/.a.yaml.0123abcd.part"]


def test_the_files_of_one_name(folder):
    """Whatever their case and ending; those of other names and folders are not looked at."""
    (folder / "a.json").write_text("")
    assert list(listing.beside(folder / "a.yaml")) == ["lib/a.json", "lib/a.yaml"]


def test_a_folder_that_is_called_as_a_cassette_was_taken_for_one(folder):
    """It is what a name means neither by a typo nor by its case or ending."""
    assert listing.like(folder, "lik") == listing.like(folder, "Like") == ""
    assert listing.like(folder, "like.yaml/D") == "like.yaml/d"
    (folder / "Like.json").write_text("")
    assert list(listing.beside(folder / "Like.json")) == ["lib/Like.json"]


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    """It may come yet."""
    assert list(listing.cassettes(tmp_path / "nowhere")) == []


def test_a_file_is_no_folder(tmp_path):
    """That is an error, with the path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryTrouble, match=r"can't read .*file"):
        list(listing.cassettes(tmp_path / "file"))
