"""The differences between two requests, as they are found, counted and said.

The rule: a difference is said on one line, with the same words wherever it is told. Not more than ``LIMIT`` are told
one by one; the rest is counted, as far as counting is cheap.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tokentape.matching.showing import two_texts

LIMIT = 20
"""Differences that are told one by one."""

# Where counting stops: by then it is plain that two requests have little in common.
_COUNTED = 500
_COMPARISONS = 20_000
_LONG_PATH = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. ``recorded`` and ``incoming`` are as they are shown, empty where the place is not there.

    ``kind`` is ``changed``, ``missing`` (not in the request), ``extra`` (not in the recording) or ``more`` (the last
    row, where not all were told: ``path`` says how many more). ``turn`` is as ``turn 7 (tool)`` in a conversation.
    """

    path: str
    recorded: str
    incoming: str
    kind: str = "changed"
    turn: str = ""


_SENTENCES: Mapping[str, str] = {
    "changed": "{path}: recorded {recorded}, got {incoming}",
    "missing": "{path}: recorded {recorded}, not in this request",
    "extra": "{path}: not in the recording, got {incoming}",
    "more": "and {path} more",
}


def sentence(difference: Difference) -> str:
    """A difference in words, on one line."""
    said = _SENTENCES[difference.kind].format(
        path=difference.path, recorded=difference.recorded, incoming=difference.incoming
    )
    return f"{difference.turn}: {said}" if difference.turn else said


@dataclass(slots=True)
class Findings:
    """The differences so far."""

    rows: list[Difference] = field(default_factory=list)
    count: int = 0
    comparisons: int = 0

    @property
    def full(self) -> bool:
        """Whether looking further is not worth the time."""
        return self.count >= _COUNTED or self.comparisons >= _COMPARISONS

    def add(self, path: str, recorded: str, incoming: str, kind: str = "changed", turn: str = "") -> None:
        """A difference; ``recorded`` and ``incoming`` as they are to be shown."""
        self.count += 1
        if len(self.rows) < LIMIT:
            if len(path) > _LONG_PATH:
                path = f"{path[: _LONG_PATH // 2]}…{path[-_LONG_PATH // 2 :]}"
            self.rows.append(Difference(path, recorded, incoming, kind, turn))

    def missing(self, path: str, recorded: str, turn: str = "") -> None:
        """Something recorded that this request has not."""
        self.add(path, recorded, "", "missing", turn)

    def extra(self, path: str, incoming: str, turn: str = "") -> None:
        """Something that is not in the recording."""
        self.add(path, "", incoming, "extra", turn)

    def texts(self, path: str, recorded: str, incoming: str, turn: str = "") -> None:
        """Two texts, if they differ."""
        if recorded != incoming:
            self.add(path, *two_texts(recorded, incoming), turn=turn)

    def told(self) -> tuple[Difference, ...]:
        """All that is to be said; the last row counts what was left out."""
        left = self.count - len(self.rows)
        if not left and not self.full:
            return tuple(self.rows)
        many = f"at least {left}" if left else "perhaps"
        return (*self.rows, Difference(many if self.full else str(left), "", "", "more"))
