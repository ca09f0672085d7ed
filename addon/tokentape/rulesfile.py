"""``library.toml`` as data: the grammar of its values, and what to say about a mistake.

The rule: a file with a mistake in it gives no rules at all. A rule that is silently left out would let two requests
count as equal, or as different, that should not.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from tokentape.errors import BadSetting
from tokentape.profile import MATCH_PARTS, Place, Same, Step

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
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STEP = re.compile(r"""\.([^.\[\]"']+)|\[(\*|[0-9]{1,9})\]|\["([^"]*)"\]""")
_TOML_LINE = re.compile(r"(.*?) \(at line ([0-9]+), column [0-9]+\)", re.DOTALL)
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
class ExtraRedaction:
    """``[redact]``: more names of places to redact, more patterns (sources of regular expressions), and names of
    variables whose values are secrets wherever they appear."""

    names: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    env: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RulesFile:
    """What the file says; ``hosts`` are (host, what it is called) pairs, aliases of aliases resolved."""

    rules: tuple[Rule, ...]
    hosts: tuple[tuple[str, str], ...]
    redact: ExtraRedaction


@dataclass(frozen=True, slots=True)
class _Spot:
    """A key of the file: ``number`` is that of the rule it stands in (0: not in a rule)."""

    path: str
    text: str
    table: str = ""
    number: int = 0
    key: str = ""

    def at(self, table: str, key: str = "", number: int = 0) -> "_Spot":
        """Another spot of the same file."""
        return _Spot(self.path, self.text, table, number, key)

    def wrong(self, problem: str, hint: str = "", value: str = "") -> BadSetting:
        """The error to raise for this spot; ``value`` is an item of a list that may stand on a line of its own."""
        line = self._line(value)
        place = f"{self.path}, line {line}" if line else self.path
        inside = f"[[rule]] {self.number}" if self.number else f"[{self.table}]" if self.table else ""
        subject = ", ".join(part for part in (inside, self.key and f"`{self.key}`") if part)
        return BadSetting(f"{place}: {subject + ': ' if subject else ''}{problem}", hint)

    def _line(self, value: str) -> int:
        """The line, from 1, on which the key (or the value below it) stands; 0 where it is written another way."""
        lines = self.text.splitlines()
        start = self._header_line(lines)
        if start is None:
            return 0
        if not self.key:
            return start + 1 if self.table else 0
        written = re.compile(rf"""\s*(?:\[+\s*)?["']?{re.escape(self.key)}["']?\s*[\]=]""")
        for number in range(start, len(lines)):
            if written.match(lines[number]):
                holds_value = (line for line in range(number, len(lines)) if value and value in lines[line])
                return next(holds_value, number) + 1
            if self.table and number > start and lines[number].lstrip().startswith("["):
                break
        return 0

    def _header_line(self, lines: Sequence[str]) -> int | None:
        if not self.table:
            return 0
        header = r"\s*\[\[\s*rule\s*\]\]" if self.number else rf"\s*\[+\s*{re.escape(self.table)}\s*\]"
        found = [number for number, line in enumerate(lines) if re.match(header, line)]
        wanted = max(self.number, 1)
        return found[wanted - 1] if len(found) >= wanted else None


def read(toml_text: str, path: str) -> RulesFile:
    """What the text of a file says; ``path`` is what messages call it. Raises BadSetting."""
    spot = _Spot(path, toml_text)
    try:
        tree = tomllib.loads(toml_text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(path, str(error)) from None
    _refuse_unknown(tree, _TABLES, spot)
    tables = tree.get("rule", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise spot.at("rule").wrong("must be a list of tables", "write [[rule]], with two brackets")
    return RulesFile(
        rules=tuple(_rule(table, number, spot) for number, table in enumerate(tables, 1)),
        hosts=_hosts(_table(tree, "hosts", spot), spot),
        redact=_redact(_table(tree, "redact", spot), spot),
    )


def _syntax(path: str, problem: str) -> BadSetting:
    found = _TOML_LINE.fullmatch(problem)
    place, what = (f"{path}, line {found[2]}", found[1]) if found else (path, problem)
    return BadSetting(f"{place}: this is not TOML: {what}", "https://toml.io shows the syntax")


def _rule(table: Mapping[str, object], number: int, spot: _Spot) -> Rule:
    _refuse_unknown(table, tuple(_RULE_KEYS), spot, number)
    said = {key: read(table[key], spot.at("rule", key, number)) for key, read in _RULE_KEYS.items() if key in table}
    return Rule(number, **said)  # type: ignore[arg-type] # each reader of the table gives the field of its name


def _patterns(value: object, spot: _Spot) -> tuple[re.Pattern[str], ...]:
    patterns = [value] if isinstance(value, str) else _texts(value, spot)
    if not patterns:
        raise spot.wrong("names no cassette", "leave `cassettes` out for a rule that is for all")
    return tuple(_glob(pattern) for pattern in patterns)


def _glob(pattern: str) -> re.Pattern[str]:
    """``*`` stands for any characters (``/`` too) and ``?`` for one; case counts."""
    special = {"*": ".*", "?": "."}
    return re.compile("".join(special.get(letter) or re.escape(letter) for letter in pattern), re.DOTALL)


def _places(value: object, spot: _Spot) -> tuple[Place, ...]:
    return tuple(_place(text, spot) for text in _texts(value, spot))


def _place(text: str, spot: _Spot) -> Place:
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


def _steps(text: str, spot: _Spot) -> tuple[Step, ...]:
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


def _same(value: object, spot: _Spot) -> tuple[Same, ...]:
    return tuple(_one_same(text, number, spot) for number, text in enumerate(_texts(value, spot), 1))


def _one_same(text: str, number: int, spot: _Spot) -> Same:
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


def _regex(source: str, spot: _Spot, shown: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(source)
    except (re.error, OverflowError, RecursionError) as error:
        hint = "a literal string needs no doubled \\: '…'"
        raise spot.wrong(f"'{shown}' is no regular expression: {error}", hint, shown) from None
    if pattern.fullmatch(""):
        raise spot.wrong(f"'{shown}' fits an empty text, so it would fit anywhere", "use + in place of *", shown)
    return pattern


def _flag(value: object, spot: _Spot) -> bool:
    if not isinstance(value, bool):
        raise spot.wrong(f"must be true or false, got {_shown(value)}")
    return value


def _match_on(value: object, spot: _Spot) -> tuple[str, ...]:
    texts = value.split(",") if isinstance(value, str) else _texts(value, spot)
    parts = tuple(dict.fromkeys(text.strip().lower() for text in texts if text.strip()))
    if not parts:
        problem = "needs a part, or each request would match each recording"
        raise spot.wrong(problem, 'e.g. match_on = "method,url,body"')
    for part in parts:
        if part not in MATCH_PARTS and not _MATCH_HEADER.fullmatch(part):
            near = get_close_matches(part, MATCH_PARTS, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"{', '.join(MATCH_PARTS)} or header:NAME"
            raise spot.wrong(f"'{part}' is nothing to match on", hint, part)
    return parts


_RULE_KEYS: Mapping[str, Callable[[object, _Spot], object]] = {
    "cassettes": _patterns,
    "ignore": _places,
    "same": _same,
    "model_aliases": _flag,
    "match_on": _match_on,
}


def _hosts(table: Mapping[str, object], spot: _Spot) -> tuple[tuple[str, str], ...]:
    names: dict[str, str] = {}
    for key, value in table.items():
        here = spot.at("hosts", key)
        for host in (key, value):
            if not isinstance(host, str) or not _HOST.fullmatch(host):
                raise here.wrong(f"{_shown(host)} is no host", 'e.g. "staging.example.com" = "api.openai.com"')
        names[key.lower()] = str(value).lower()
    return tuple((host, _end_of(host, names, spot)) for host in names)


def _end_of(host: str, names: Mapping[str, str], spot: _Spot) -> str:
    """What a host is called in the end: an alias may lead to another."""
    seen = [host]
    while names[seen[-1]] in names:
        if names[seen[-1]] in seen:
            raise spot.at("hosts", host).wrong("the aliases go in a circle: " + " → ".join([*seen, names[seen[-1]]]))
        seen.append(names[seen[-1]])
    return names[seen[-1]]


def _redact(table: Mapping[str, object], spot: _Spot) -> ExtraRedaction:
    _refuse_unknown(table, ("names", "patterns", "env"), spot.at("redact"))
    lists = {key: _texts(table.get(key, []), spot.at("redact", key)) for key in ("names", "patterns", "env")}
    for pattern in lists["patterns"]:
        _regex(pattern, spot.at("redact", "patterns"), "a pattern")
    for name in lists["env"]:
        if not _VARIABLE.fullmatch(name):
            # Somebody may have written the secret itself here, so the text is not repeated.
            problem = "holds something that is no name of a variable"
            raise spot.at("redact", "env").wrong(problem, 'e.g. env = ["ACME_KEY"]')
    return ExtraRedaction(**lists)


def _table(tree: Mapping[str, object], key: str, spot: _Spot) -> Mapping[str, object]:
    table = tree.get(key, {})
    if not isinstance(table, dict):
        raise spot.at("", key).wrong(f"must be a table, got {_shown(table)}", f"write [{key}] on a line of its own")
    return table


def _texts(value: object, spot: _Spot) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise spot.wrong(f"must be a list of texts, got {_shown(value)}", f'e.g. {spot.key} = ["…"]')
    for item in value:
        if not isinstance(item, str) or not item:
            raise spot.wrong(f"must hold texts only, got {_shown(item)}")
    return tuple(value)


def _refuse_unknown(table: Mapping[str, object], known: Sequence[str], spot: _Spot, number: int = 0) -> None:
    for key in table:
        if key not in known:
            here = spot.at("rule", key, number) if number else spot.at(spot.table, key)
            near = get_close_matches(key, known, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(known)}"
            raise here.wrong("there is no such key", hint)


def _shown(value: object) -> str:
    """A wrong value, said without repeating what may be a secret or long."""
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a table"}
    return "an empty text" if value == "" else names.get(type(value), "a date")
