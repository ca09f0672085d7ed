"""Bring back what runs left in the journal: say that it is there, publish it, or throw it away.

The rules: a take is published once. A run, or a recovery, may have died when its take was in the cassette and still in
the journal: where the journal says that publishing was tried, the cassette is asked first. And it is searched for
secrets once more, by what is known now: its run may have died before it could. What one take tells is a secret is taken
out of all, before any is published and forgotten.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tokentape.deck.marks import fingerprint
from tokentape.deck.shelf import Shelf
from tokentape.errors import LibraryTrouble, TokentapeError
from tokentape.library import journal, locks
from tokentape.library.journal import LeftBehind, TakeFile
from tokentape.library.rulestext import load_rules
from tokentape.library.store import Library
from tokentape.model import Interaction
from tokentape.redaction.hidden import Search
from tokentape.redaction.redact import redact
from tokentape.rules.rules import Rules

_TOLD = 3


def notice(state: Path, library: Path) -> str:
    """What earlier runs left for this library, in a line to say at the start; empty if they left nothing."""
    root = str(library.resolve())
    shown = [left.shown for left in journal.left_behind(state) if left.header.library == root]
    if not shown:
        return ""
    more = f" and {len(shown) - _TOLD} more" if len(shown) > _TOLD else ""
    names = ", ".join(shown[:_TOLD]) + more
    if len(shown) == 1:
        return f"a take of an earlier run was left: {names}; tokentape recover publishes it"
    return f"takes of earlier runs were left: {names}; tokentape recover publishes them"


@contextmanager
def left(state: Path) -> Iterator[Iterator[Path]]:
    """The files of takes that were left, for one process at a time; another one waits for its turn."""
    if not (state / "journal").is_dir():
        yield iter(())
        return
    with locks.locked(state / "locks" / "recovery.lock"):
        yield journal.abandoned(state)


def go_over(state: Path, search_of: Callable[[Rules], Search]) -> None:
    """Take out of every take that was left what any of them tells is a secret, as ``publish`` alone can't: what told is
    gone by then. ``search_of`` says what counts as one under a library's rules, and has to learn.

    Raises LibraryTrouble where a take can't be written.
    """
    # All are asked, and where nothing is to be taken out nothing was learned.
    changes = [_cleaned(found, search_of) is not None for found in journal.left_behind(state)]
    if any(changes):
        for found in journal.left_behind(state):
            clean = _cleaned(found, search_of)
            # What can't be read of it is for a person to look at; what may be published is known by how it is written.
            if clean is not None and not (found.lost or found.tried):
                file = TakeFile.again(found.path)
                try:
                    file.rewrite(clean)
                finally:
                    file.close(remove=False)


def _cleaned(found: LeftBehind, search_of: Callable[[Rules], Search]) -> list[Interaction] | None:
    """A take's interactions less their secrets; None where there are none, or where it can't be published as it is."""
    try:
        search = search_of(load_rules(Path(found.header.library)))
        written = found.interactions
        clean = [redact(interaction, search) for interaction in written]
    except TokentapeError:
        return None  # said when it is to be published
    return clean if any(one is not before for one, before in zip(clean, written, strict=True)) else None


def publish(found: LeftBehind, state: Path, search_of: Callable[[Rules], Search] = lambda rules: rules.search) -> str:
    """Put a take into its cassette, after what is there; the cassette's path. Raises TokentapeError.

    ``search_of`` says what counts as a secret under the library's rules. The take stays in the journal until
    ``journal.forget``.
    """
    header = found.header
    root = Path(header.library)
    if not root.parent.is_dir():
        raise LibraryTrouble(
            f"{found.shown} was recorded for {root}, and {root.parent} is gone",
            "make the folder again; or throw away what can't be published: tokentape recover --discard",
        )
    rules = load_rules(root)
    library = Library(root, Shelf(), state, rules)
    written, search, replaces = found.interactions, search_of(rules), header.replaces
    take = tuple(redact(interaction, search) for interaction in written)
    # Its run tried it as it is written, an earlier recovery as it is now.
    there = _published(library, header.cassette, written[: found.tried])
    if take != written:
        if there:
            library.rewrite(header.cassette, search, search)
        else:
            there = _published(library, header.cassette, take[: found.tried])
    if there:
        take, replaces = take[found.tried :], ()
        if not take:
            return there
    file = TakeFile.again(found.path)
    try:
        file.trying(len(found.lines))
    finally:
        file.close(remove=False)
    return library.publish(header.cassette, take, header.format, replaces).path


def _published(library: Library, name: str, take: Sequence[Interaction]) -> str:
    """The path of the cassette, if it holds a take already: all of it in one piece, as it is always published."""
    shelved = library.read(name) if take else None
    if shelved is None:
        return ""
    if shelved.trouble is not None:
        raise shelved.trouble
    prints = [fingerprint(interaction) for interaction in take]
    there = [mark.fingerprint for mark in shelved.marks]
    for start in range(len(there) - len(take) + 1):
        # Equal to the nanosecond, which no other recording of the same request and answer is.
        if there[start : start + len(take)] == prints and all(
            library.contents.fetch(shelved, start + place) == interaction for place, interaction in enumerate(take)
        ):
            return shelved.path
    return ""
