"""Take what is left of secrets out of cassettes, in place: each file whole or not at all."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from tokentape.checking import leaks
from tokentape.cli.checking import Part, parts_of, search_of
from tokentape.cli.talk import FAILED, report_trouble, say
from tokentape.errors import TokentapeError
from tokentape.library import locks
from tokentape.library.files import content, state_folder, write_atomically
from tokentape.library.rulestext import load_rules
from tokentape.matching.showing import many
from tokentape.redaction.hidden import Search
from tokentape.redaction.taints import Needles


@dataclass(frozen=True, slots=True)
class _Asked:
    """A file that was looked at: whether it leaks, and how many secrets were known then."""

    path: Path
    root: Path
    search: Search
    leaks: bool
    known: int


@dataclass(frozen=True, slots=True)
class _Done:
    """A file, and how many of its recordings were changed."""

    path: str
    recordings: int


def scrub(
    targets: Sequence[str],
    library: str,
    *,
    dry_run: bool = False,
    as_json: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Scrub files, cassettes by name, or folders; without any, the library. The exit code: 1 where one can't be.

    Raises TokentapeError for a target that is not there.
    """
    parts = parts_of(targets, library)
    taints = Needles()
    code = 0
    done: list[_Done] = []
    # All are asked before one is changed: what one tells is a secret may stand in another, and is gone then.
    asked = [one for part in parts for one in _ask(part, environ, taints)]
    for one in asked:
        try:
            changed = _scrub(one, dry_run=dry_run) if one.leaks or one.known < len(taints) else 0
        except TokentapeError as error:
            code = max(code, report_trouble(error) and FAILED)
            continue
        if changed:
            done.append(_Done(os.fspath(one.path), changed))
    _tell(done, len(asked), dry_run=dry_run, as_json=as_json)
    return code


def _ask(part: Part, environ: Mapping[str, str], taints: Needles) -> Iterator[_Asked]:
    search = search_of(load_rules(part.root), environ, taints)
    for _, path in part.files:
        known = len(taints)
        try:
            leaking = leaks.is_leaking(content(Path(path)), path, search)
        except TokentapeError:
            leaking = True  # what is wrong with it is told when it is to be scrubbed
        yield _Asked(Path(path), part.root, search, leaking, known)


def _scrub(file: _Asked, *, dry_run: bool) -> int:
    path = file.path
    with locks.library_locked(file.root, state_folder()):
        after, changed = leaks.scrubbed(content(path), os.fspath(path), file.search)
        if changed and not dry_run:
            write_atomically(path, [after], path.stat().st_mode & 0o777)
    return changed


def _tell(done: Sequence[_Done], looked: int, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        rows = [{"path": one.path, "recordings": one.recordings} for one in done]
        click.echo(json.dumps({"files": looked, "scrubbed": rows, "dry_run": dry_run}))
        return
    for one in done:
        click.echo(f"{one.path}: {many(one.recordings, 'recording')}")
    did = "would be scrubbed" if dry_run else "scrubbed"
    say(f"{many(looked, 'file')} looked at, {len(done)} {did}")
