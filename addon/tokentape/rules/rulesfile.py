"""``library.toml`` as data: the grammar of its values, and what to say about a mistake.

The rule: a file with a mistake in it gives no rules at all. A rule that is silently left out would let two requests
count as equal, or as different, that should not.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from tokentape.rules.extra import ExtraRedaction
from tokentape.rules.profile import MATCH_PARTS, Place, Same, Step
from tokentape.rules.redactfile import read_redact
from tokentape.rules.spots import Spot, flag, glob, shown, table_of, tables_of, texts

_UUID = r"(?<![0-9A-Za-z-])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z-])"
# ISO 8601 as RFC 3339 profiles it: a day, or a day and a time. The date in a model's name is no date.
_DATE = (
    r"(?<![\w-])[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[Tt ](?:[01][0-9]|2[0-4]):[0-5][0-9](?::[0-6][0-9](?:[.,][0-9]+)?)?(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
    r"(?![\w-])"
)
SAME_WORDS = ("uuid", "date")
_SAME = {"uuid": Same("uuid", re.compile(_UUID), "", folds=True), "date": Same("date", re.compile(_DATE), "")}

_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MATCH_HEADER = re.compile(rf"header:{_HEADER_NAME}", re.IGNORECASE)
_HOST = re.compile(r"(?:[^\s/?#@:\[\]]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?")
_STEP = re.compile(r"""\.([^.\[\]"']+)|\[(\*|[0-9]{1,9})\]|\["([^"]*)"\]""")
_ROOTS = ("body", "header", "query")
_TABLES = ("rule", "hosts", "redact")


@dataclass(frozen=True, slots=True)
class Rule:
    """One ``[[rule]]``. None means that the rule does not say."""

    number: int
    cassettes: tuple[re.Pattern[str], ...] = ()
    ignore: tuple[Place, ...] = ()
    same: tuple[Same, ...] = ()
    model_aliases: bool | None = None
    match_on: tuple[str, ...] | None = None

    def covers(self, cassette: str) -> bool:
        """Whether the rule is for a cassette of this name (empty for an unnamed request)."""
        return not self.cassettes or any(pattern.fullmatch(cassette) for pattern in self.cassettes)

    @property
    def aliases_entry(self) -> str:
        """How the rule's ``model_aliases = true`` is reported."""
        return f"rule {self.number}: model_aliases"

    @property
    def match_on_entry(self) -> str:
        """How the rule's ``match_on`` is reported."""
        return f"rule {self.number}: match_on {','.join(self.match_on or ())}"


@dataclass(frozen=True, slots=True)
class RulesFile:
    """What the file says; ``hosts`` are (host, what it is called) pairs, aliases of aliases resolved."""

    rules: tuple[Rule, ...]
    hosts: tuple[tuple[str, str], ...]
    redact: ExtraRedaction


def read(toml_text: str, path: str) -> RulesFile:
    """What the text of a file says; ``path`` is what messages call it. Raises BadSetting."""
    spot = Spot(path, toml_text)
    tree = spot.load()
    spot.refuse_unknown(tree, _TABLES)
    return RulesFile(
        rules=tuple(_rule(table, number, spot) for number, table in enumerate(tables_of(tree, "rule", spot), 1)),
        hosts=_hosts(table_of(tree, "hosts", spot), spot),
        redact=read_redact(tree, spot),
    )


def _rule(table: Mapping[str, object], number: int, spot: Spot) -> Rule:
    spot.at("rule", number=number).refuse_unknown(table, tuple(_RULE_KEYS))
    said = {key: read(table[key], spot.at("rule", key, number)) for key, read in _RULE_KEYS.items() if key in table}
    return Rule(number, **said)  # type: ignore[arg-type] # each reader of the table gives the field of its name


def _patterns(value: object, spot: Spot) -> tuple[re.Pattern[str], ...]:
    patterns = [value] if isinstance(value, str) else texts(value, spot)
    if not patterns:
        raise spot.wrong("names no cassette", "leave `cassettes` out for a rule that is for all")
    return tuple(glob(pattern) for pattern in patterns)


def _places(value: object, spot: Spot) -> tuple[Place, ...]:
    return tuple(_place(text, spot) for text in texts(value, spot))


def _place(text: str, spot: Spot) -> Place:
    root, dot, name = text.partition(".")
    entry = f"rule {spot.number}: ignore {text}"
    if root == "header" and name:
        return Place("header", (_key(name.lower()),), entry)
    if root == "query" and name:
        return Place("query", (_key(name),), entry)
    if re.match(r"body[.\[]", text):
        return Place("body", _steps(text, spot), entry)
    if text in _ROOTS:
        raise spot.wrong(f"'{text}' is no place inside of a request", "to leave a whole part out, use match_on", text)
    near = get_close_matches(root.partition("[")[0], _ROOTS, 1)
    hint = f"did you mean '{near[0]}.{name}'?" if near and dot else "e.g. body.metadata.run_id, header.x-trace"
    raise spot.wrong(f"'{text}' must start with body., header. or query.", hint, text)


def _steps(text: str, spot: Spot) -> tuple[Step, ...]:
    steps: list[Step] = []
    place = len("body")
    while place < len(text):
        found = _STEP.match(text, place)
        if not found:
            raise spot.wrong(
                f"'{text}' can't be read from '{text[place:]}' on",
                """e.g. body.messages[*].id, body.messages[0].name, body["a.b"]""",
                text,
            )
        steps.append(_step(found))
        place = found.end()
    return tuple(steps)


def _step(found: re.Match[str]) -> Step:
    if found[1]:
        return _key(found[1])
    if found[3]:
        return Step("key", found[3])
    return Step("items") if found[2] == "*" else Step("item", index=int(found[2]))


def _key(name: str) -> Step:
    if "*" not in name:
        return Step("key", name)
    return Step("keys", name, pattern=re.compile(".*".join(map(re.escape, name.split("*"))), re.DOTALL))


def _same(value: object, spot: Spot) -> tuple[Same, ...]:
    return tuple(_one_same(text, number, spot) for number, text in enumerate(texts(value, spot), 1))


def _one_same(text: str, number: int, spot: Spot) -> Same:
    entry = f"rule {spot.number}: same {text}"
    if text in _SAME:
        known = _SAME[text]
        return Same(known.label, known.pattern, entry, known.folds)
    if not text.startswith("re:"):
        near = get_close_matches(text, SAME_WORDS, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"'re:' and a regular expression, or {' or '.join(SAME_WORDS)}"
        raise spot.wrong(f"'{text}' is no pattern", hint, text)
    # The number of the rule and of the pattern in it keep the values of two patterns apart.
    return Same(f"re{spot.number}.{number}-", _regex(text[3:], spot, text), entry)


def _regex(source: str, spot: Spot, text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(source)
    except (re.error, OverflowError, RecursionError) as error:
        hint = "a literal string needs no doubled \\: '…'"
        raise spot.wrong(f"'{text}' is no regular expression: {error}", hint, text) from None
    if pattern.fullmatch(""):
        raise spot.wrong(f"'{text}' fits an empty text, so it would fit anywhere", "use + in place of *", text)
    return pattern


def _match_on(value: object, spot: Spot) -> tuple[str, ...]:
    given = value.split(",") if isinstance(value, str) else texts(value, spot)
    parts = tuple(dict.fromkeys(text.strip().lower() for text in given if text.strip()))
    if not parts:
        problem = "needs a part, or each request would match each recording"
        raise spot.wrong(problem, 'e.g. match_on = "method,url,body"')
    for part in parts:
        if part not in MATCH_PARTS and not _MATCH_HEADER.fullmatch(part):
            near = get_close_matches(part, MATCH_PARTS, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"{', '.join(MATCH_PARTS)} or header:NAME"
            raise spot.wrong(f"'{part}' is nothing to match on", hint, part)
    return parts


_RULE_KEYS: Mapping[str, Callable[[object, Spot], object]] = {
    "cassettes": _patterns,
    "ignore": _places,
    "same": _same,
    "model_aliases": flag,
    "match_on": _match_on,
}


def _hosts(table: Mapping[str, object], spot: Spot) -> tuple[tuple[str, str], ...]:
    names: dict[str, str] = {}
    for key, value in table.items():
        here = spot.at("hosts", key)
        for host in (key, value):
            if not isinstance(host, str) or not _HOST.fullmatch(host):
                raise here.wrong(f"{shown(host)} is no host", 'e.g. "staging.example.com" = "api.openai.com"')
        names[key.lower()] = str(value).lower()
    return tuple((host, _end_of(host, names, spot)) for host in names)


def _end_of(host: str, names: Mapping[str, str], spot: Spot) -> str:
    """What a host is called in the end: an alias may lead to another."""
    seen = [host]
    while names[seen[-1]] in names:
        if names[seen[-1]] in seen:
            raise spot.at("hosts", host).wrong("the aliases go in a circle: " + " → ".join([*seen, names[seen[-1]]]))
        seen.append(names[seen[-1]])
    return names[seen[-1]]
