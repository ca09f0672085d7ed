"""Accept a difference: the rule for ``library.toml`` under which a recording answers a request that it did not answer.

The rule kept here: nothing is proposed that has not been tried. Of the ways to say it the narrowest is taken that makes
the two equal: a model with a date is the model, then values equal by pattern, and only then places that are not
compared at all. The file is edited, not rewritten: what stands in it stays as it is, comments and all.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tokentape.errors import TokentapeError
from tokentape.matching.findings import Difference
from tokentape.matching.form import form_of, incoming_keys, recorded_keys
from tokentape.model import Request
from tokentape.rules.rules import Rules

_PLACE = re.compile(r"(?:body|query|header)[.\[]")
_OCCURRENCE = re.compile(r"\[[0-9]+\]$")
_HEADER = re.compile(r"\s*\[")
_IGNORE = re.compile(r"(?P<before>\s*ignore\s*=\s*\[[^\]#]*?)(?P<comma>,?)\s*\](?P<after>\s*(?:#.*)?)")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A ``[[rule]]`` for one cassette: the places it ignores, or the words that it says instead."""

    cassette: str
    ignore: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    model_aliases: bool = False

    @property
    def entries(self) -> Mapping[str, object]:
        """The keys of the rule besides ``cassettes``."""
        said = {"ignore": list(self.ignore), "same": list(self.same), "model_aliases": self.model_aliases}
        return {key: value for key, value in said.items() if value}

    @property
    def text(self) -> str:
        """The rule as it is written into the file."""
        lines = ["[[rule]]", f"cassettes = {_toml(self.cassette)}"]
        return "\n".join([*lines, *(f"{key} = {_toml(value)}" for key, value in self.entries.items())]) + "\n"

    @property
    def summary(self) -> str:
        """The rule on one line."""
        said = " and ".join(f"{key} = {_toml(value)}" for key, value in self.entries.items())
        return f"{said} for {self.cassette}"


@dataclass(frozen=True, slots=True)
class Pair:
    """A recording's request and one it did not answer, both redacted, and the text of ``library.toml`` now."""

    recorded: Request
    incoming: Request
    cassette: str
    toml: str
    host_known: bool = True
    override: Sequence[str] | None = field(default=None)


def proposal(pair: Pair, differences: Iterable[Difference]) -> Proposal | None:
    """The narrowest rule under which the recording answers the request; None where no rule can say it."""
    return next((one for one in _candidates(pair.cassette, differences) if _answers(pair, one)), None)


def with_rule(toml: str, rule: Proposal) -> str:
    """The text of ``library.toml`` with one more rule; a rule for the same cassette that ignores places already takes
    the new ones in. Raises BadSetting where the text has a mistake in it."""
    wanted = _tree(toml)
    longer = _longer(toml, rule, wanted)
    if longer is not None:
        return longer
    gap = "" if not toml or toml.endswith("\n\n") else "\n" if toml.endswith("\n") else "\n\n"
    added = f"{toml}{gap}{rule.text}"
    Rules.parse(added, "library.toml")
    return added


def _candidates(cassette: str, differences: Iterable[Difference]) -> Iterator[Proposal]:
    yield Proposal(cassette, model_aliases=True)
    yield Proposal(cassette, same=("uuid",))
    yield Proposal(cassette, same=("date",))
    yield Proposal(cassette, same=("uuid", "date"))
    places = tuple(dict.fromkeys(difference.path for difference in differences))
    if places and all(_PLACE.match(place) for place in places):
        # Of a name that comes several times all values are ignored: a rule has no word for one of them.
        yield Proposal(cassette, tuple(dict.fromkeys(map(_whole, places))))


def _whole(place: str) -> str:
    return place if place.startswith("body") else _OCCURRENCE.sub("", place)


def _answers(pair: Pair, rule: Proposal) -> bool:
    try:
        rules = Rules.parse(with_rule(pair.toml, rule), "library.toml")
        if pair.override is not None:
            rules = rules.matching_on(pair.override)
        profile = rules.profile_for(pair.cassette)
        recorded = recorded_keys(form_of(pair.recorded, profile))
        incoming = incoming_keys(form_of(pair.incoming, profile, host_known=pair.host_known))
    except TokentapeError:
        return False  # a place that the rules have no way to write
    return not set(recorded).isdisjoint(incoming)


def _longer(toml: str, rule: Proposal, tree: Mapping[str, object]) -> str | None:
    """The text with more places in a rule that is there; None where none fits, or where it is written another way."""
    tables = tree.get("rule")
    if not rule.ignore or not isinstance(tables, list):
        return None
    for number, table in enumerate(tables):
        if table.get("cassettes") == rule.cassette and isinstance(table.get("ignore"), list):
            more = [place for place in rule.ignore if place not in table["ignore"]]
            if not more:
                return toml
            table["ignore"] += more
            edited = _edited(toml, number, more)
            # Read again, for a text can be written in ways that no pattern foresees.
            return edited if edited is not None and _tree(edited) == tree else None
    return None


def _edited(toml: str, number: int, places: Sequence[str]) -> str | None:
    lines = toml.splitlines(keepends=True)
    starts = [at for at, line in enumerate(lines) if re.match(r"\s*\[\[\s*rule\s*\]\]", line)]
    if number >= len(starts):
        return None
    for at in range(starts[number] + 1, len(lines)):
        if _HEADER.match(lines[at]):
            return None
        found = _IGNORE.fullmatch(lines[at].rstrip("\r\n"))
        if found:
            end = lines[at][len(lines[at].rstrip("\r\n")) :]
            more = ", ".join(_toml(place) for place in places)
            between = "" if found["before"].rstrip().endswith("[") else ", "
            lines[at] = f"{found['before']}{between}{more}]{found['after']}{end}"
            return "".join(lines)
    return None


def _tree(toml: str) -> dict[str, object]:
    Rules.parse(toml, "library.toml")
    return tomllib.loads(toml)


def _toml(value: object) -> str:
    """A value as TOML: its basic strings are JSON's, but that they hold no delete character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
