"""What runs never used, read out of their reports: which interactions, in which cassettes.

The rules: an interaction counts as unused if a run asked its cassette and never for it, and no other run played it; a
report that does not say exactly which is refused. Positions are for people; what is meant is told by fingerprints.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokentape.errors import BadSetting
from tokentape.reporting.reports import FORM, report_trees

_AGAIN = "tokentape replay --report FILE -- YOUR COMMAND"


@dataclass(frozen=True, slots=True)
class Use:
    """What one run used: the cassettes it touched, with the fingerprints of what it never played of each; and how many
    requests it refused."""

    unused: Mapping[str, tuple[str, ...]]
    refused: int = 0


def read_report(text: str, name: str) -> Use:
    """The use that a report tells. ``name`` is what messages call the file. Raises BadSetting for what is no report."""
    tree = next(report_trees(text), {})
    try:
        if tree["form"] != FORM:
            raise BadSetting(f"{name}: a report of form {tree['form']!s:.20} is not known here", _AGAIN)
        touched = [row["cassette"] for row in tree["cassettes"] if row["cassette"]]
        unused = {row["cassette"]: _fingerprints(row, name) for row in tree["unused"]}
        refused = sum(row["times"] for row in tree["refused"])
    except (KeyError, TypeError) as error:
        raise BadSetting(f"{name}: it is no report of a run", _AGAIN) from error
    return Use({**dict.fromkeys(touched, ()), **unused}, refused)


def unused_in_all(uses: Sequence[Use]) -> dict[str, tuple[str, ...]]:
    """For each cassette that any run touched, the fingerprints that every run which touched it never played."""
    found: dict[str, Counter[str]] = {}
    for use in uses:
        for cassette, fingerprints in use.unused.items():
            counted = Counter(fingerprints)
            found[cassette] = found[cassette] & counted if cassette in found else counted
    return {cassette: tuple(counted.elements()) for cassette, counted in sorted(found.items())}


def positions(fingerprints: Iterable[str], there: Sequence[str]) -> tuple[int, ...]:
    """Where the fingerprints are in a cassette, of equal ones the last; those that are not there any more are left
    out."""
    going = Counter(fingerprints)
    found = []
    for position in range(len(there) - 1, -1, -1):
        if going[there[position]] > 0:
            going[there[position]] -= 1
            found.append(position)
    return tuple(reversed(found))


def _fingerprints(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found, wanted = row["fingerprints"], row["positions"]
    if len(found) != len(wanted) or not all(isinstance(one, str) for one in found):
        raise BadSetting(f"{name}: it does not say which interactions of {row['cassette']!a} were unused", _AGAIN)
    return tuple(found)
