"""``report``: cassettes, and what a run did with them, as one file of HTML."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tokentape.cli import targets
from tokentape.cli.talk import say
from tokentape.cli.targets import Target
from tokentape.errors import BadSetting, DamagedCassette, LibraryTrouble
from tokentape.library.files import write_atomically
from tokentape.page import Named, page
from tokentape.reporting.reports import Report, report_from, report_trees

_RUN_HINT = "tokentape replay --json -- YOUR COMMAND 2>run.json"


def report(words: Sequence[str], library: Path, out: Path | None, run: Path | None) -> int:
    """Write the page to a file, or to stdout where none is named; the exit code. Raises TokentapeError."""
    did = _read_run(run) if run is not None else None
    document = page(os.fspath(library), _cassettes(words, library, did), did)
    if out is None:
        sys.stdout.write(document)
        return 0
    try:
        write_atomically(out, (document.encode(),))
    except LibraryTrouble as error:
        raise LibraryTrouble(str(error), "name another file: --out FILE") from error
    say(f"wrote {out}")
    return 0


def _cassettes(words: Sequence[str], library: Path, did: Report | None) -> list[Named]:
    """Those that are named, else those of the run, else all."""
    if words:
        return [_named(targets.find(word, library)) for word in words]
    known = targets.names(library)
    used = {one.cassette for one in did.cassettes} if did is not None else set(known)
    return [_named(Target(name, Path(path))) for name, path in sorted(known.items()) if name in used]


def _named(target: Target) -> Named:
    try:
        return Named(target.name, tuple(target.interactions()))
    except DamagedCassette as error:
        # One that can't be read is told on the page; the others are worth reading.
        return Named(target.name, (), str(error))


def _read_run(path: Path) -> Report:
    """What ``--json`` has printed: the last line that is a report, for what the command said stands above it."""
    try:
        raw = sys.stdin.buffer.read() if path == Path("-") else path.read_bytes()
    except OSError as error:
        raise LibraryTrouble(f"can't read {path}: {error.strerror}", _RUN_HINT) from error
    for tree in report_trees(raw.decode("utf-8", "replace")):
        try:
            return report_from(tree)
        except (KeyError, TypeError, ValueError, AttributeError):
            continue  # JSON of the command's own
    raise BadSetting(f"there is no report of a run in {path}", _RUN_HINT)
