"""Publish the takes that runs left in the journal: their command failed, or they were cut short."""

from pathlib import Path

from tokentape.cli.talk import report_trouble, say
from tokentape.errors import TokentapeError
from tokentape.library.files import state_folder
from tokentape.library.journal import LeftBehind, forget, left_behind
from tokentape.library.store import Library, load_rules
from tokentape.model import Request
from tokentape.profile import Profile
from tokentape.shelf import Shelf


def recover() -> int:
    """Publish every take of a run that is over, oldest first; the exit code.

    One that can't be published stays where it is, and the others go on.
    """
    code = 0
    state = state_folder()
    found = list(left_behind(state))
    if not found:
        say("there is nothing to recover")
    for left in found:
        try:
            path = _publish(left, state)
        except TokentapeError as error:
            code = report_trouble(error)
            continue
        say(f"recovered {left.shown} into {path}")
    return code


def _publish(left: LeftBehind, state: Path) -> str:
    root = Path(left.header.library)
    library = Library(root, Shelf(), state, load_rules(root), _no_keys)
    path = library.publish(left.header.cassette, left.interactions, left.header.format, left.header.replaces).path
    # Only now: until the cassette holds it, the journal's copy is the only one.
    forget(left)
    return path


def _no_keys(_request: Request, _profile: Profile) -> tuple[bytes, ...]:
    """Nothing is looked up here, so nothing is indexed."""
    return ()
