"""One pass over an interaction in search of secrets: what was found, what to put in its place, and what was learned.

The rules: a role is numbered within one interaction, by first appearance; a value that is known to be a secret is
looked for everywhere from then on.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from tokentape.facts.providers import KEY_ROLES, is_dummy, says_dummy
from tokentape.redaction.edits import Edit, places_after
from tokentape.redaction.hidden import Search
from tokentape.redaction.placeholders import dressed, identity, is_placeholder, placeholder
from tokentape.redaction.spans import Span
from tokentape.redaction.spelled import GONE
from tokentape.redaction.taints import taints_of
from tokentape.redaction.wanted import BY_NAME

# What recorders and people write in place of a secret.
_BLANK = re.compile(
    r"[\W_]*(?:redacted|filtered|removed|hidden|masked|scrubbed|sanitized|secret|token|key|api[_ -]?key|x+|)[\W_]*",
    re.IGNORECASE,
)
# A made-up key below this length is a word like any other.
_SHORTEST_PLAIN = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret stood, as ``response body``, and what it was for. ``ordinal`` is None where it was removed.

    ``live`` says that it was there still: no placeholder, and nothing that was obviously made up.
    """

    where: str
    role: str
    ordinal: int | None = None
    live: bool = field(default=False, compare=False)


@lru_cache(maxsize=4096)
def is_live(value: str, role: str) -> bool:
    """Whether a value at a secret's place may be one: no placeholder, of whatever tool, and nothing made up.

    What somebody calls a secret (``[redact]``) need not look like a key: it is made up if it says so itself.
    """
    made_up = says_dummy if role == BY_NAME else is_dummy
    return not (is_placeholder(value) or made_up(value) or _BLANK.fullmatch(value))


class Pass:
    """What one pass finds. Ordinals are given out within one interaction: equal values of a role get the same."""

    def __init__(self, search: Search) -> None:
        self._ordinals: dict[tuple[str, str], int] = {}
        self._last: dict[str, int] = {}
        self._searched = False
        self.search = search
        self.places: list[Place] = []
        self.changes: list[tuple[bytes, bytes]] = []
        """What was there, and what is put there."""
        self.values: dict[str, None] = {}
        self.plain: dict[str, None] = {}
        self.found_hidden = False
        self.put_in = False
        self.late = False
        """Whether a taint turned up when a part of the message had been searched already."""

    def removed(self, where: str, role: str, values: Iterable[tuple[str, str]] = ()) -> None:
        """A place that goes altogether."""
        found = list(values)
        self.places.append(Place(where, role, live=any(is_live(value, of) for of, value in found)))
        for of, value in found:
            self._note(of, value)

    def edits(self, data: bytes, spans: Iterable[Span], where: str, *, in_shape: bool) -> list[Edit]:
        """What to put where the spans are, also where it is there already."""
        edits: list[Edit] = []
        for span in spans:
            if self.search.wanted.allows(span.value):
                continue
            if span.role == GONE:
                edits.append(Edit(span.start, span.end, b""))
                continue
            ordinal = self._ordinal(span)
            edit = Edit(span.start, span.end, _text_for(span, ordinal, in_shape=in_shape))
            changes = edit.changes(data)
            self.places.append(Place(where, span.role, ordinal, live=changes and is_live(span.value, span.role)))
            self.put_in |= changes
            if changes:
                self.changes.append((data[edit.start : edit.end], edit.text))
            edits.append(edit)
        return edits

    def known(self, data: bytes, spans: Iterable[Span], where: str, *, in_shape: bool) -> list[Edit]:
        """The same for known places: whatever stands there is a secret, wherever else it stands."""
        found = list(spans)
        for span in found:
            self._note(span.role, span.value)
        return self.edits(data, found, where, in_shape=in_shape)

    def look_for_taints(self) -> None:
        """From here on, the values of the known places so far are looked for everywhere."""
        grown = self.search.seeing(self.values)
        self.late |= self._searched and grown is not self.search
        self.search = grown
        self._searched = True

    def hidden(self, data: bytes, where: str, *, in_shape: bool, known: Sequence[Edit] | None = None) -> list[Edit]:
        """What to put in place of what stands where no secret is expected.

        ``known`` are the edits just made in a text that is compared: there the placeholders that a client passes on are
        taken up too, but for those at known places.
        """
        spans = self.search.spans(data, placeholders=known is not None)
        if spans and known:
            covered = list(places_after(known))
            spans = [span for span in spans if not any(span.start < end and start < span.end for start, end in covered)]
        found = [edit for edit in self.edits(data, spans, where, in_shape=in_shape) if edit.changes(data)]
        self.found_hidden |= bool(found)
        return found

    def _note(self, role: str, value: str) -> None:
        if is_placeholder(value) or self.search.wanted.allows(value):
            return
        found = dict.fromkeys(taints_of(role, value))
        self.values.update(found)
        if not found and role in KEY_ROLES and len(value) >= _SHORTEST_PLAIN:
            self.plain[value] = None

    def _ordinal(self, span: Span) -> int:
        key = (span.role, identity(span.value))
        ordinal = self._ordinals.get(key)
        if ordinal is None:
            ordinal = self._last[span.role] = self._last.get(span.role, 0) + 1
            self._ordinals[key] = ordinal
        return ordinal


def _text_for(span: Span, ordinal: int, *, in_shape: bool) -> bytes:
    """The placeholder for a span: for a client that parses it, or the same whatever stood there."""
    if in_shape:
        text = dressed(span.role, ordinal, span.value).encode()
        return text if span.frame is None else span.frame.filled(text)
    text = placeholder(span.role, ordinal).encode()
    return text if span.frame is None else span.frame.plain(text)
