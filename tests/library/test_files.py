"""Writing a file whole or not at all, and saying why not."""

import errno
import os
import stat

import pytest

from tokentape.errors import LibraryTrouble
from tokentape.library import files


def test_a_file_is_replaced_whole(tmp_path):
    """Old content goes, folders are made, the mode is that of a file to be shared."""
    path = tmp_path / "a" / "b.yaml"
    files.write_atomically(path, [b"old"])
    files.write_atomically(path, [b"new"])
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(path.parent) == ["b.yaml"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, code):
    """A full disk or a broken one costs nothing that was there, and leaves no scraps."""
    path = tmp_path / "b.yaml"
    files.write_atomically(path, [b"old"])

    def fail(_handle):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(LibraryTrouble, match=r"can't write .*b\.yaml: ") as raised:
        files.write_atomically(path, [b"new"])
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["b.yaml"]
    assert code != errno.ENOSPC or "disk is full" in str(raised.value)


def test_a_path_through_a_file_is_explained(tmp_path):
    """``cassettes`` that is a file can't hold cassettes."""
    (tmp_path / "cassettes").write_text("")
    with pytest.raises(LibraryTrouble):
        files.write_atomically(tmp_path / "cassettes" / "a.yaml", [b""])


def test_private_folders_are_private(tmp_path):
    """The journal holds what was not published: others may not look."""
    folder = files.private_folder(tmp_path / "state" / "journal")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("home", "folder"), [("/s", "/s/tokentape"), ("", ".local/state/tokentape"), ("relative", ".local/state/tokentape")]
)
def test_the_state_folder_follows_xdg(home, folder):
    """``XDG_STATE_HOME`` counts when it is absolute, as its specification says."""
    assert str(files.state_folder({"XDG_STATE_HOME": home})).endswith(folder)
