"""Looking at every cassette of a library, and knowing when that need not be done again."""

import os

import pytest

from tokentape.errors import LibraryTrouble
from tokentape.library.survey import survey

LONG_AGO = 1_000_000_000


@pytest.fixture
def library(tmp_path):
    """Two cassettes, one of them in a folder; nothing in it has changed for long."""
    (tmp_path / "deep").mkdir()
    for name in ("one.yaml", "deep/two.json"):
        (tmp_path / name).write_text("text")
    rest(tmp_path)
    return tmp_path


def rest(folder):
    """As if nothing had happened below a folder for long."""
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, ns=(LONG_AGO, LONG_AGO))


def test_every_cassette_is_found_by_name(library):
    """What is hidden or of another kind is no cassette."""
    for name in (".hidden.yaml", "library.toml", "deep/.one.yaml.part"):
        (library / name).write_text("text")
    (library / ".git").mkdir()
    (library / ".git" / "x.yaml").write_text("text")
    found = survey(str(library)).stamps
    assert {name: stamp[0] for name, stamp in found.items()} == {
        "one": f"{library}/one.yaml",
        "deep/two": f"{library}/deep/two.json",
    }
    assert all(stamp[1] == len("text") for stamp in found.values())


def test_a_link_to_a_folder_is_not_followed(library):
    """A walk is never endless."""
    (library / "deep" / "loop").symlink_to(library, target_is_directory=True)
    assert sorted(survey(str(library)).stamps) == ["deep/two", "one"]


def test_a_folder_that_is_called_as_a_cassette_is_a_folder(library):
    """What is in it is found; it is no cassette that can't be read."""
    (library / "deep.yaml").mkdir()
    (library / "deep.yaml" / "three.yaml").write_text("text")
    assert sorted(survey(str(library)).stamps) == ["deep.yaml/three", "deep/two", "one"]


@pytest.mark.parametrize("twin", ["one.json", "One.yaml"])
def test_two_files_of_one_name_are_an_error(library, twin):
    """Which of them is meant can't be known."""
    (library / twin).write_text("text")
    with pytest.raises(LibraryTrouble, match="are one name"):
        survey(str(library))


CHANGES = {
    "a file came": lambda folder: (folder / "new.yaml").write_text("text"),
    "a file came, deep down": lambda folder: (folder / "deep" / "new.yaml").write_text("text"),
    "a file went": lambda folder: (folder / "deep" / "two.json").unlink(),
    "a file was replaced": lambda folder: (folder / "deep" / "two.json").replace(folder / "deep" / "three.json"),
    "a folder came": lambda folder: (folder / "other").mkdir(),
    "a folder went": lambda folder: (folder / "deep").rename(folder / "elsewhere"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_came_went_or_was_replaced_shows_in_its_folder(library, change):
    """The folders are asked, not the files."""
    found = survey(str(library))
    assert found.holds()
    change(library)
    assert not found.holds()


def test_a_folder_that_changed_just_now_may_change_again_unseen(tmp_path):
    """Two changes within one tick of a file system's clock leave it the same time."""
    (tmp_path / "one.yaml").write_text("text")
    assert not survey(str(tmp_path)).holds()


def test_a_library_that_is_not_there_is_empty_and_may_appear(tmp_path):
    """Recording makes it."""
    found = survey(str(tmp_path / "cassettes"))
    assert found.stamps == {}
    assert not found.holds()
