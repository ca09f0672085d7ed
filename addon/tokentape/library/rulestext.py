"""``library.toml`` on the disk: what belongs to the recordings of a library, and travels with them."""

import os
from collections.abc import Callable
from pathlib import Path

from tokentape.errors import LibraryTrouble
from tokentape.library import locks
from tokentape.library.files import trouble, write_atomically
from tokentape.rules.rules import Rules

RULES_FILE = "library.toml"


def load_rules(root: Path) -> Rules:
    """The rules of a library; none where there is no such file.

    Raises BadSetting for a mistake in the file, LibraryTrouble for one that can't be read.
    """
    return Rules.parse(rules_text(root), os.fspath(root / RULES_FILE))


def rules_text(root: Path) -> str:
    """The text of the file; empty where there is none. Raises LibraryTrouble."""
    path = root / RULES_FILE
    try:
        return path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except UnicodeDecodeError as error:
        raise LibraryTrouble(f"{path} is not UTF-8 text") from error
    except OSError as error:
        raise trouble(path, error, "read") from error


def edit_rules(root: Path, state: Path, edit: Callable[[str], str]) -> None:
    """Change the file, whole or not at all. Raises TokentapeError; it is then untouched."""
    with locks.library_locked(root, state):
        write_atomically(root / RULES_FILE, (edit(rules_text(root)).encode(),))
