"""``mv``: another name for a cassette, and what has to be known then."""

import json
import os
from pathlib import Path

import click

from tokentape.cli import targets
from tokentape.cli.talk import say
from tokentape.library import journal
from tokentape.library.files import state_folder
from tokentape.library.rulestext import RULES_FILE, load_rules
from tokentape.library.tidying import move
from tokentape.names import parse_name


def mv(old: str, new: str, library: Path, *, as_json: bool = False) -> int:
    """Move a cassette; the exit code. Raises TokentapeError."""
    target = targets.find_cassette(old, library)
    name = parse_name(new)
    rules = load_rules(library)
    source, path = move(library, state_folder(), target.name, name)
    if as_json:
        click.echo(json.dumps({"cassette": name, "from": os.fspath(source), "to": os.fspath(path)}))
    else:
        say(f"moved {source} to {path}; from now on X-Cassette-Name: {name}")
    for rule in rules.rules:
        before, now = rule.covers(target.name), rule.covers(name)
        if before != now:
            does = "does not apply to it any more" if before else "applies to it now"
            say(f"rule {rule.number} of {library / RULES_FILE} {does}: compare its `cassettes`")
    if _is_left(target.name, library):
        say(f"a take of {target.name} waits in the journal: tokentape recover would make {source} again")
    return 0


def _is_left(name: str, library: Path) -> bool:
    root = str(library.resolve())
    headers = (left.header for left in journal.left_behind(state_folder()))
    return any((header.library, header.cassette) == (root, name) for header in headers)
