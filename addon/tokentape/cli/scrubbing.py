"""Take what is left of secrets out of cassettes, in place: each file whole or not at all."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from tokentape.checking import leaks
from tokentape.cli.checking import parts_of, search_of
from tokentape.cli.talk import FAILED, report_trouble, say
from tokentape.errors import TokentapeError
from tokentape.library import locks
from tokentape.library.files import content, state_folder, write_atomically
from tokentape.library.rulestext import load_rules
from tokentape.matching.showing import many
from tokentape.redaction.hidden import Search


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
    done: list[_Done] = []
    code = looked = 0
    for part in parts_of(targets, library):
        search = search_of(load_rules(part.root), environ)
        for _name, path in part.files:
            looked += 1
            try:
                changed = _scrub(Path(path), part.root, search, dry_run=dry_run)
            except TokentapeError as error:
                code = max(code, report_trouble(error) and FAILED)
                continue
            if changed:
                done.append(_Done(path, changed))
    _tell(done, looked, dry_run=dry_run, as_json=as_json)
    return code


def _scrub(path: Path, root: Path, search: Search, *, dry_run: bool) -> int:
    with locks.library_locked(root, state_folder()):
        after, changed = leaks.scrubbed(content(path), os.fspath(path), search)
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
