"""``ls``: the cassettes of a library, a row each."""

import fnmatch
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from tokentape import formats
from tokentape.cli import targets
from tokentape.cli.paint import print_table
from tokentape.cli.progress import counted
from tokentape.cli.talk import FAILED, report_trouble, say
from tokentape.errors import TokentapeError
from tokentape.library.files import content
from tokentape.matching.showing import many, printable
from tokentape.reporting.overview import Overview, overview

_SHOWN = 3  # of the hosts and of the models of a cassette
_AGES = ((365 * 86_400, "year"), (30 * 86_400, "month"), (86_400, "day"), (3_600, "hour"), (60, "minute"))
_SIZES = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))
_HEAD = ("CASSETTE", "INTERACTIONS", "HOSTS", "MODELS", "SIZE", "RECORDED")


@dataclass(frozen=True, slots=True)
class Row:
    """A cassette, and what is in it; None where that can't be read, for the reason ``damage``."""

    name: str
    path: str
    size: int
    content: Overview | None
    damage: str = ""


def ls(words: Sequence[str], library: Path, *, as_json: bool) -> int:
    """List the cassettes, or those that the words name; the exit code: 1 if one can't be read. Raises
    TokentapeError."""
    wanted = _wanted(words, library)
    rows, codes = [], [0]
    for name, path in counted(wanted, "cassettes"):
        try:
            rows.append(_row(name, path))
        except TokentapeError as error:
            rows.append(Row(name, path, 0, None, str(error)))
            if not as_json:
                codes.append(report_trouble(error))
            codes.append(FAILED)
    if as_json:
        click.echo(json.dumps([_tree(row) for row in rows], indent=2))
    else:
        _show(rows, library)
    return max(codes)


def _wanted(words: Sequence[str], library: Path) -> list[tuple[str, str]]:
    """Names and paths; a word is a name, a pattern as ``chat-*``, or a folder."""
    known = targets.names(library)
    found: dict[str, str] = {} if words else known
    for word in words:
        plain = word.rstrip("/")
        fitting = [name for name in known if fnmatch.fnmatchcase(name, plain) or name.startswith(f"{plain}/")]
        if not fitting:
            target = targets.find_cassette(word, library)
            fitting = [target.name]
        found |= {name: known[name] for name in fitting}
    return list(found.items())


def _row(name: str, path: str) -> Row:
    data = content(Path(path))
    return Row(name, path, len(data), overview(formats.load(data, path)))


def _tree(row: Row) -> dict[str, object]:
    content = asdict(row.content) if row.content is not None else {}
    return {"cassette": row.name, "path": row.path, "bytes": row.size, **content, "damage": row.damage or None}


def _show(rows: Sequence[Row], library: Path) -> None:
    now = time.time()
    if rows:
        print_table(_HEAD, [_cells(row, now) for row in rows], right=frozenset((1, 4)))
    contents = [row.content for row in rows if row.content is not None]
    interactions = sum(content.interactions for content in contents)
    say(f"{library}: {many(len(rows), 'cassette')} with {many(interactions, 'interaction')}")


def _cells(row: Row, now: float) -> tuple[str, ...]:
    content = row.content
    if content is None:
        return printable(row.name), "damaged", "", "", "", ""
    age = ago(now - content.recorded) if content.recorded is not None else "?"
    name, hosts, models = printable(row.name), _few(content.hosts), _few(content.models)
    return name, str(content.interactions), hosts, models, size(row.size), age


def _few(words: Sequence[str]) -> str:
    more = f" +{len(words) - _SHOWN}" if len(words) > _SHOWN else ""
    return printable(", ".join(words[:_SHOWN])) + more


def ago(seconds: float) -> str:
    """``3 days ago``."""
    for length, unit in _AGES:
        if seconds >= length:
            return f"{many(int(seconds // length), unit)} ago"
    return "just now" if seconds > -_AGES[-1][0] else "in the future"


def size(count: int) -> str:
    """``12.3 kB``, in units of 1,024."""
    for length, unit in _SIZES:
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count} B"
