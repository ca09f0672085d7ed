"""Look through cassettes and say what is wrong with them, or worth knowing. Nothing is changed.

Findings are data, on stdout, a line each; what we say about them goes to stderr.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath

import click

from tokentape.checking import checks
from tokentape.checking.checks import Finding, Survey
from tokentape.cli.progress import counted
from tokentape.cli.talk import FAILED, say
from tokentape.cli.targets import no_such
from tokentape.engine.vault import secrets_of
from tokentape.errors import LibraryTrouble, TokentapeError
from tokentape.library import listing
from tokentape.library.files import trouble
from tokentape.library.rulestext import RULES_FILE, load_rules
from tokentape.matching.showing import many
from tokentape.redaction.hidden import Search
from tokentape.redaction.taints import Needles
from tokentape.rules.rules import Rules

# Of findings of one kind in one file so many are told; as JSON all of them.
_TOLD = 10


@dataclass(frozen=True, slots=True)
class Part:
    """Files to look at, as pairs of name and path, and the library they are of. ``whole``: they are all of it."""

    root: Path
    files: tuple[tuple[str, str], ...]
    whole: bool


@dataclass(slots=True)
class _Result:
    """What was looked at, and found."""

    findings: list[Finding]
    files: int = 0
    recordings: int = 0


def check(targets: Sequence[str], library: str, *, as_json: bool = False) -> int:
    """Check files, cassettes by name, or folders; without any, the library. The exit code: 1 if there are errors.

    Raises TokentapeError for a target that is not there.
    """
    result = _Result([])
    taints = Needles()
    for look in [_Look(part, taints) for part in parts_of(targets, library)]:
        look.tell(result)
    print_findings(result.findings, result.files, result.recordings, as_json=as_json)
    return FAILED if any(finding.is_error for finding in result.findings) else 0


def parts_of(targets: Sequence[str], library: str) -> list[Part]:
    """What is to be looked at: the targets, or, without any, the library. Raises TokentapeError for one that is not
    there."""
    root = Path(library)
    if not targets and not root.is_dir():
        raise LibraryTrouble(f"there is no library {root} to check", "name another: --library FOLDER, or a file")
    return [_part(target, root) for target in targets] or [_folder(root, root)]


def search_of(rules: Rules, environ: Mapping[str, str], taints: Needles) -> Search:
    """What counts as a secret: what the rules say, and the ``taints``: the keys in the environment, and from now on
    each credential that stands in a known place of what is searched."""
    taints.add(secrets_of(environ, rules.redact.env))
    return replace(rules.search, taints=taints, learn=taints.add)


def _part(target: str, library: Path) -> Part:
    path = Path(target)
    # Not Path's own: they raise for a word that is too long to be a name.
    if os.path.isdir(path):
        return _folder(path, library)
    if os.path.isfile(path):
        return _file(path, library)
    found = [file for ending in listing.ENDINGS if os.path.isfile(file := library / f"{target}{ending}")]
    if not found:
        raise no_such(target, [name for name, _ in listing.cassettes(library)], library)
    return _file(found[0], library)


def _folder(folder: Path, library: Path) -> Part:
    if folder.resolve() != library.resolve() and _is_below(folder, library):
        inside = folder.resolve().relative_to(library.resolve()).as_posix()
        files = tuple((f"{inside}/{name}", path) for name, path in listing.cassettes(folder))
        return Part(library, files, whole=False)
    return Part(folder, tuple(listing.cassettes(folder)), whole=True)


def _file(path: Path, library: Path) -> Part:
    """A file, and whatever has the same name."""
    others = [other for other in listing.beside(path) if Path(other) != path]
    inside = _is_below(path, library)
    root = library if inside else path.parent
    prefix = path.parent.resolve().relative_to(root.resolve()).as_posix()
    names = ((str(PurePosixPath(prefix, Path(one).stem)), one) for one in [str(path), *others])
    return Part(root, tuple(names), whole=False)


def _is_below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


class _Look:
    """A look at all files of a part. What is found is told when all parts were looked at: what one recording tells is
    a secret may stand in another that was looked at before."""

    def __init__(self, part: Part, taints: Needles) -> None:
        self._part = part
        self._taints = taints
        self._rules_file = str(part.root / RULES_FILE)
        self._rules_findings: list[Finding] = []
        try:
            self._rules = load_rules(part.root)
        except TokentapeError as error:
            self._rules = Rules()
            self._rules_findings.append(checks.bad_rules(self._rules_file, error))
        self._survey = self._new_survey()
        # How many secrets were known when a file was looked at, and what was found.
        self._found: list[tuple[int, list[Finding]]] = []
        for name, path in counted(part.files, "files"):
            known = len(taints)
            self._found.append((known, _look(self._survey, name, path)))

    def tell(self, result: _Result) -> None:
        """What was found, in order."""
        part = self._part
        result.findings += self._rules_findings
        again = self._new_survey()
        for (name, path), (known, found) in zip(part.files, self._found, strict=True):
            result.findings += found if known == len(self._taints) else _look(again, name, path)
        result.findings += checks.twins(part.files)
        result.files += len(part.files)
        result.recordings += self._survey.recordings
        if part.whole:
            result.findings += [checks.unfinished(path) for path in listing.unfinished(part.root)]
            if self._rules.entries():
                result.findings += self._survey.dead_rules(self._rules_file, Path(self._rules_file).read_text("utf-8"))

    def _new_survey(self) -> Survey:
        return Survey(self._rules, search_of(self._rules, os.environ, self._taints))


def _look(survey: Survey, name: str, path: str) -> list[Finding]:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        return [checks.unreadable(path, trouble(path, error, "read"))]
    return survey.look(path, name, data)


# --- what was found, in words and as JSON


def print_findings(findings: Sequence[Finding], files: int, recordings: int, *, as_json: bool = False) -> None:
    """Findings to stdout, and how many there are to stderr."""
    if as_json:
        rows = [{"error": finding.is_error, **asdict(finding)} for finding in findings]
        click.echo(json.dumps({"files": files, "recordings": recordings, "findings": rows}))
        return
    for line in lines(findings):
        click.echo(line)
    errors = sum(finding.is_error for finding in findings)
    counts = ((errors, "error"), (len(findings) - errors, "note"))
    found = ", ".join(many(count, what) for count, what in counts if count)
    looked = " with ".join(many(count, what) for count, what in ((files, "file"), (recordings, "recording")))
    say(f"{looked}: {found or 'nothing to complain of'}")


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Findings as lines: place, what it is, and a hint on a line of its own."""
    alike: Counter[tuple[str, str]] = Counter()
    for finding in findings:
        alike[finding.path, finding.kind] += 1
        if alike[finding.path, finding.kind] <= _TOLD:
            yield f"{finding.place}: {'error' if finding.is_error else 'note'}: {finding.text}"
            if finding.hint:
                yield f"  hint: {finding.hint}"
    for (path, kind), count in alike.items():
        if count > _TOLD:
            yield f"{path}: {count - _TOLD} more of '{kind}'"
