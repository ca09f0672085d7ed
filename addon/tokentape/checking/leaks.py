"""Find what is left of secrets in a cassette's file, and take it out with the fewest changes.

The rules: a finding says where and what kind, never what; a file is mended as a whole or not at all, and only if it
then reads back, holds no secret any more, and answers the same requests. Another tool's format is only looked at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tokentape import formats
from tokentape.checking.lengths import renewed
from tokentape.errors import DamagedCassette, TokentapeError
from tokentape.facts.places import secret_field_names
from tokentape.formats import Kind
from tokentape.formats.body import BadNote
from tokentape.formats.tree import Misread
from tokentape.matching.form import form_of
from tokentape.model import Cassette, Interaction
from tokentape.redaction.edits import Edit, replaced
from tokentape.redaction.hidden import Search
from tokentape.redaction.onepass import is_live
from tokentape.redaction.placeholders import is_placeholder, placeholder
from tokentape.redaction.redact import places, redact, redact_request, replacements
from tokentape.redaction.spans import Span
from tokentape.redaction.spelled import GONE


class CannotScrub(TokentapeError):
    """A file with secrets in it that can't be taken out safely. It is untouched."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret in an interaction: where it stands, as ``request header authorization``, of which role, and the keys
    that lead there in the interaction's tree."""

    where: str
    role: str
    keys: tuple[str, ...]

    @property
    def text(self) -> str:
        """What to say of it."""
        kind = (
            "a secret" if self.role == "secret" else f"{'an' if self.role[0] in 'aeio' else 'a'} {_spoken(self.role)}"
        )
        return f"{kind} stands in the {self.where}"


def leaks_in(interaction: Interaction, search: Search) -> list[Leak]:
    """What is left of secrets in an interaction, each place once. Raises RedactionFailed."""
    found = [
        Leak(place.where, place.role, _keys(place.where, interaction))
        for place in places(interaction, search)
        if place.live
    ]
    return list(dict.fromkeys([*found, *_in_form(interaction)]))


def outside(data: bytes, search: Search) -> list[tuple[int, Span]]:
    """Secrets in the text of a file (in a comment, a field that nobody replays): the line of each, from 1, and it."""
    return [(data.count(b"\n", 0, span.start) + 1, span) for span in _left(data, search)]


def _left(data: bytes, search: Search) -> list[Span]:
    """What a search finds, but for our own placeholders: an expression of the library's may fit one."""
    return [span for span in search.spans(data) if not is_placeholder(span.value)]


def scrubbed(data: bytes, path: str, search: Search) -> tuple[bytes, int]:
    """The file without what ``leaks_in`` and ``outside`` find in it, and how many recordings that changed.

    Raises CannotScrub, DamagedCassette.
    """
    cassette = formats.load(data, path)
    known = len(search.taints)
    leaking = _leaking(cassette, search)
    if len(search.taints) > known:
        # What one recording tells may stand in another that was looked at before.
        leaking = _leaking(cassette, search)
    after, count = data, sum(leaking)
    if count:
        if formats.read_only(cassette):
            hint = "take them out by hand, or record the cassette anew"
            raise CannotScrub(f"{path}: it is in another tool's format, which is never written", hint)
        clean = tuple(
            _clean(one, search) if leaks else one for one, leaks in zip(cassette.interactions, leaking, strict=True)
        )
        kind: Kind = "json" if path.lower().endswith(".json") else "yaml"
        after = formats.dump(Cassette(clean, cassette.raw), kind)
    if rest := _left(after, search):
        after = replaced(after, [_in_text(span, number) for number, span in enumerate(rest, 1)])
        count = count or 1
    if count:
        _check(after, path, cassette.interactions, search)
    return after, count


def is_leaking(data: bytes, path: str, search: Search) -> bool:
    """Whether ``leaks_in`` or ``outside`` finds something in a file; a search that learns has learned from all of it.
    Raises DamagedCassette, RedactionFailed."""
    return any(_leaking(formats.load(data, path), search)) or bool(_left(data, search))


def _leaking(cassette: Cassette, search: Search) -> list[bool]:
    return [bool(leaks_in(one, search)) for one in cassette.interactions]


def _clean(interaction: Interaction, search: Search) -> Interaction:
    """The recording less its secrets, its text in the file as it was but for them, where that can be."""
    raw = interaction.raw
    if not isinstance(raw, formats.Loaded):
        return redact(interaction, search)
    # A tree that stands for nothing yet: what is written anew keeps its other keys.
    clean = replace(redact(interaction, search), raw=formats.Loaded(raw.kind, raw.tree))
    if not raw.text or raw.kind == "json":
        return clean
    text = raw.text
    for old, new in replacements(interaction, search):
        text = text.replace(old, new)
    try:
        text = renewed(text, raw.dash, raw.tree) or b""
        mended = formats.Loaded("yaml", None, text, raw.dash)
        mended.stands_for(clean.request, clean.response, clean.duration)
        reads_well = text not in (b"", raw.text) and mended.tells(formats.load_item(text, ""))
    except (DamagedCassette, Misread, BadNote):
        return clean
    return replace(clean, raw=mended) if reads_well else clean


def _in_text(span: Span, number: int) -> Edit:
    if span.role == GONE:
        return Edit(span.start, span.end, b"")
    text = placeholder(span.role, number).encode()
    return Edit(span.start, span.end, text if span.frame is None else span.frame.filled(text))


def _check(after: bytes, path: str, before: Sequence[Interaction], search: Search) -> None:
    """Raises CannotScrub where the new file is not what it should be."""
    try:
        now = formats.load(after, path).interactions
    except DamagedCassette:
        now = ()
    if len(now) != len(before) or _left(after, search) or any(leaks_in(one, search) for one in now):
        raise CannotScrub(f"{path}: its secrets can't all be taken out", "record the cassette anew")
    for old, new in zip(before, now, strict=True):
        if form_of(redact_request(old.request, search)) != form_of(redact_request(new.request, search)):
            raise CannotScrub(f"{path}: without its secrets it would answer other requests", "record it anew")


def _in_form(interaction: Interaction) -> Iterator[Leak]:
    """go-vcr keeps the fields of a form, and of the query, a second time."""
    raw = interaction.raw
    request = raw.tree.get("request") if isinstance(raw, formats.Loaded) else None
    form = request.get("form") if isinstance(request, dict) else None
    if not isinstance(form, dict):
        return
    roles = secret_field_names([name.lower() for name in form])
    for name, values in form.items():
        listed = values if isinstance(values, list) else [values]
        role = roles.get(name.lower())
        if role is not None and any(is_live(str(value), role) for value in listed if value):
            yield Leak(f"request form {name}", role, ("request", "form", name))


def _keys(where: str, interaction: Interaction) -> tuple[str, ...]:
    side, part, *name = where.split(" ", 2)
    if part in ("URL", "query"):
        return (side, "url")
    if part in ("header", "trailer"):
        response = interaction.response
        pairs = response.trailers if part == "trailer" else response.headers
        pairs = interaction.request.headers if side == "request" else pairs
        written = next((key for key, _ in pairs if name and key.lower() == name[0]), "")
        return (side, "headers" if part == "header" else "trailer", "-".join(map(str.capitalize, written.split("-"))))
    return (side, "status" if part == "reason" else "body")


def _spoken(role: str) -> str:
    """A role in words: ``access-token`` is an access token, ``project`` the id of one."""
    ids = {"project": "project id", "organization": "organization id", "resource": "resource name"}
    return ids.get(role, role.replace("-", " "))
