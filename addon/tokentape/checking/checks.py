"""What is wrong in a library's files, or worth knowing about them: findings, each with its place.

The rule: an error is what keeps a recording from being replayed, leaves open which one is, or shows a secret; all else
is a note. A check is a function from a file that could be read to findings, and a row of ``_CHECKS``. What only the
library as a whole tells (rules that hit nothing) is said at the end of a survey.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tokentape import formats
from tokentape.checking import leaks, lengths
from tokentape.errors import BadName, DamagedCassette, TokentapeError
from tokentape.formats import notes
from tokentape.formats.loading import LARGEST_WHOLE
from tokentape.formats.reading import edited_parts
from tokentape.formats.yamltext import line_of
from tokentape.matching import showing
from tokentape.matching.form import form_of
from tokentape.model import Cassette, is_bodyless
from tokentape.names import RESERVED, parse_name
from tokentape.redaction.hidden import Search
from tokentape.redaction.redact import RedactionFailed, redact_request
from tokentape.redaction.spans import Span
from tokentape.rules.rules import Rules

# What a finding can be about, and whether that is an error.
KINDS: Mapping[str, bool] = {
    "damaged": True,
    "leak": True,
    "ambiguous": True,
    "rules": True,
    "edited": False,
    "length": False,
    "read-only": False,
    "no-body": False,
    "unknown-field": False,
    "name": False,
    "dead-rule": False,
    "unfinished": False,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. ``kind`` is one of KINDS; ``line`` counts from 1, None where no line is to blame."""

    kind: str
    path: str
    line: int | None
    text: str
    hint: str = ""

    @property
    def is_error(self) -> bool:
        """Whether it has to be mended, and is not only worth knowing."""
        return KINDS[self.kind]

    @property
    def place(self) -> str:
        """``cassettes/chat.yaml, line 41``."""
        return self.path if self.line is None else f"{self.path}, line {self.line}"


class _Opened:
    """A cassette file that could be read."""

    def __init__(self, path: str, name: str, data: bytes, cassette: Cassette, search: Search) -> None:
        self.path, self.name, self.cassette, self.search = path, name, cassette, search
        self._data = data
        self._spans = formats.spans(data, cassette)
        self._counted = (0, 1)  # an offset, and the line it is on

    def finding(self, kind: str, text: str, position: int, *keys: str, hint: str = "") -> Finding:
        """A finding about the interaction at a position, or what is under these keys of it."""
        return Finding(kind, self.path, self._line(position, keys), text, hint)

    def outside(self) -> list[tuple[int, Span]]:
        """Secrets in the text of the file, each with its line."""
        return leaks.outside(self._data, self.search)

    def _line(self, position: int, keys: tuple[str, ...]) -> int | None:
        if not self._spans:
            small = len(self._data) <= LARGEST_WHOLE
            return line_of(self._data, ("interactions", position, *keys)) if small else None
        start, length = self._spans[position]
        before, line = self._counted if self._counted[0] <= start else (0, 1)
        self._counted = (start, line + self._data.count(b"\n", before, start))
        return self._counted[1] + (formats.line_in_item(self._data[start : start + length], keys) or 1) - 1


class Survey:
    """A look at files one after the other, under the rules of their library."""

    def __init__(self, rules: Rules | None = None, search: Search | None = None) -> None:
        """``search`` is what counts as a secret; left out, what the rules say."""
        self._rules = rules or Rules()
        self._search = search or self._rules.search
        self._hits: set[str] = set()
        self._damaged = False
        self.recordings = 0

    def look(self, path: str, name: str, data: bytes) -> list[Finding]:
        """What there is to say about one file. ``path`` is what findings call it, ``name`` its cassette's."""
        try:
            cassette = formats.load(data, path)
        except DamagedCassette as error:
            self._damaged = True
            return [_of_error("damaged", path, error)]
        self.recordings += len(cassette.interactions)
        opened = _Opened(path, name, data, cassette, self._search)
        found = [*self._forms(opened)]
        for check in _CHECKS:
            found += check(opened)
        return found

    def dead_rules(self, path: str, text: str) -> list[Finding]:
        """The entries of the rules file that no recording seen so far was touched by; ``text`` is the file's.

        Without a recording, or with one that could not be read, nothing is known.
        """
        if self._damaged or not self.recordings:
            return []
        dead = [entry for entry in self._rules.entries() if entry not in self._hits]
        return [
            Finding("dead-rule", path, _line_of_entry(text, entry), f"{entry}: it has no effect on any recording")
            for entry in dead
        ]

    def _forms(self, opened: _Opened) -> Iterator[Finding]:
        """Requests that can't be compared; on the way the rules that have an effect are collected."""
        profile = self._rules.profile_for(opened.name)
        for position, interaction in enumerate(opened.cassette.interactions):
            try:
                form_of(redact_request(interaction.request, profile.search), profile, hits=self._hits)
            except TokentapeError as error:
                yield opened.finding("damaged", str(error), position, "request", hint=error.hint)


def bad_rules(path: str, error: TokentapeError) -> Finding:
    """The finding for a rules file that can't be used."""
    return _of_error("rules", path, error)


def unreadable(path: str, error: TokentapeError) -> Finding:
    """The finding for a file that can't be read at all."""
    return _of_error("damaged", path, error)


def twins(files: Iterable[tuple[str, str]]) -> list[Finding]:
    """Files that share a name, or whose names differ only by case; ``files`` are pairs of name and path."""
    first: dict[str, str] = {}
    found = []
    for name, path in files:
        twin = first.setdefault(name.lower(), path)
        if twin != path:
            text = f"its name is that of {twin}, but for case or ending"
            found.append(Finding("ambiguous", path, None, text, "remove or rename one of the two"))
    return found


def unfinished(path: str) -> Finding:
    """The finding for a file that a writer left when it was cut short."""
    return Finding("unfinished", path, None, "left by a write that was cut short", f"it may be deleted: rm {path}")


# --- the checks of one file


def _format(opened: _Opened) -> Iterator[Finding]:
    raw = opened.cassette.raw
    if isinstance(raw, formats.Frame) and raw.foreign:
        text = f"in the format of {raw.foreign}: it replays, and is never written"
        yield Finding("read-only", opened.path, None, text)


def _name(opened: _Opened) -> Iterator[Finding]:
    if opened.name.split("/")[0] == RESERVED:
        return
    try:
        parse_name(opened.name)
    except BadName as error:
        text = "no request can ask for it by this name; only those that name none find it"
        yield Finding("name", opened.path, None, text, error.hint)


def _edits(opened: _Opened) -> Iterator[Finding]:
    for position, tree in _own_trees(opened):
        for part in edited_parts(tree):
            text = f"the body of the {part} was edited by hand; it replays as edited"
            yield opened.finding("edited", text, position, part, "body")


def _lengths(opened: _Opened) -> Iterator[Finding]:
    for position, tree in _own_trees(opened):
        interaction = opened.cassette.interactions[position]
        bodyless = is_bodyless(interaction.request.method, interaction.response.status)
        for part in lengths.PARTS[: 1 if bodyless else 2]:
            size = lengths.size(tree, part)
            stale = {key: told for key, told in lengths.told(tree, part) if told not in (size, -1)}
            if stale:
                key, told = next(iter(stale.items()))
                text = f"`{key[-1]}` of the {part} is {told}, its body has {size} bytes; a replay goes by the body"
                yield opened.finding("length", text, position, part, *key)


def _leaks(opened: _Opened) -> Iterator[Finding]:
    """What is left of secrets; said by place and kind alone."""
    hint = "" if formats.read_only(opened.cassette) else f"tokentape scrub {opened.path}"
    found = False
    for position, interaction in enumerate(opened.cassette.interactions):
        try:
            leaking = leaks.leaks_in(interaction, opened.search)
        except RedactionFailed as error:
            yield opened.finding("leak", str(error), position)
            continue
        for leak in leaking:
            found = True
            yield opened.finding("leak", leak.text, position, *leak.keys, hint=hint)
    # In what is replayed a secret is found by what it means, in the file by how it is written: one is enough.
    for line in dict.fromkeys(line for line, _ in ([] if found else opened.outside())):
        yield Finding("leak", opened.path, line, "a secret stands in a part of the file that is never replayed", hint)


# The keys that go-vcr's files have, and ours; a writer of another version may have more.
_FIELDS: Mapping[str, frozenset[str]] = {
    "": frozenset(("id", "request", "response", notes.KEY)),
    "request": frozenset(
        {"proto", "proto_major", "proto_minor", "content_length", "transfer_encoding", "trailer", "host", "remote_addr"}
        | {"request_uri", "body", "form", "headers", "url", "method"}
    ),
    "response": frozenset(
        {"proto", "proto_major", "proto_minor", "transfer_encoding", "trailer", "content_length", "uncompressed"}
        | {"body", "headers", "status", "code", "duration"}
    ),
}


def _unknown_fields(opened: _Opened) -> Iterator[Finding]:
    for position, tree in _own_trees(opened):
        for part, known in _FIELDS.items():
            fields = (tree if not part else tree.get(part)) or {}
            for key in fields if isinstance(fields, Mapping) else ():
                if key not in known:
                    where = f"the {part}" if part else "an interaction"
                    text = f"`{showing.printable(key[:60])}` of {where} is a field that nobody here reads; it is kept"
                    yield opened.finding("unknown-field", text, position, *([part] if part else []), key)


def _missing_bodies(opened: _Opened) -> Iterator[Finding]:
    for position, interaction in enumerate(opened.cassette.interactions):
        digest = formats.missing_body(interaction)
        if digest is not None:
            text = f"the body of the request is not in the file: it answers only what has the MD5 {digest}, to the byte"
            yield opened.finding("no-body", text, position, "request")


# In the order in which their findings are told.
_CHECKS: tuple[Callable[[_Opened], Iterable[Finding]], ...] = (
    _format,
    _name,
    _leaks,
    _missing_bodies,
    _edits,
    _lengths,
    _unknown_fields,
)


def _own_trees(opened: _Opened) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Position and tree of each interaction of a file that is in our own format, go-vcr's."""
    for position, interaction in enumerate(opened.cassette.interactions):
        if isinstance(interaction.raw, formats.Loaded):
            yield position, interaction.raw.tree


# --- places


def _of_error(kind: str, path: str, error: TokentapeError) -> Finding:
    """An error of ours as a finding; what its text says of the place goes where a finding has it."""
    if isinstance(error, DamagedCassette):
        return Finding(kind, path, error.line, error.problem, error.advice)
    found = re.fullmatch(rf"{re.escape(path)}(?:, line ([0-9]+))?: (.*)", str(error), re.DOTALL)
    if not found:
        return Finding(kind, path, None, str(error), error.hint)
    return Finding(kind, path, int(found[1]) if found[1] else None, found[2], error.hint)


def _line_of_entry(text: str, entry: str) -> int | None:
    """The line of a rules file that an entry comes from: behind the header of its rule, the first that has its
    words."""
    table, _, said = entry.partition(": ")
    number = int(table.removeprefix("rule ")) if table.startswith("rule ") else 0
    words = said.partition(" ")[2] if number and said != "model_aliases" else said
    headers = 0
    for line, content in enumerate(text.splitlines(), 1):
        headers += bool(re.match(r"\s*\[\[\s*rule\s*\]\]", content))
        if headers >= number and words.partition(",")[0] in content:
            return line
    return None
