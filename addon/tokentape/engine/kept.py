"""Answers that were made up, kept for when the same is asked again: load tests ask the same things many times.

The rule: a kept answer is the one that would be made now. It differs in nothing but the time that it says, and that is
put in anew.
"""

from collections import OrderedDict
from dataclasses import dataclass

from tokentape.generate import Generated, Setting
from tokentape.generate.generated import redated
from tokentape.simulation.calls import Call

MOST = 4096
MOST_BYTES = 32 * 1024 * 1024
LARGEST = 64 * 1024  # bytes of an answer that is kept


@dataclass(slots=True)
class _Entry:
    """An answer, what it was made under, and the second that it says."""

    made: Generated
    setting: Setting
    second: int


class Kept:
    """The answers that were made last."""

    def __init__(self) -> None:
        self._entries: OrderedDict[Call, _Entry] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, call: Call, setting: Setting, second: int) -> Generated | None:
        """The answer to a call at that time (seconds since 1970), if it is known."""
        entry = self._entries.get(call)
        if entry is None or entry.setting is not setting:
            return None
        if entry.second != second:
            entry.made, entry.second = redated(entry.made, entry.second, second), second
        return entry.made

    def keep(self, call: Call, setting: Setting, second: int, made: Generated) -> None:
        """Keep an answer, unless it is large, or its rules may have another one for the next time."""
        if len(made.body) > LARGEST or setting.rules:
            return
        before = self._entries.pop(call, None)
        self._bytes += len(made.body) - (len(before.made.body) if before is not None else 0)
        self._entries[call] = _Entry(made, setting, second)
        while len(self._entries) > MOST or self._bytes > MOST_BYTES:
            _, gone = self._entries.popitem(last=False)
            self._bytes -= len(gone.made.body)
