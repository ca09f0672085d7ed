"""Apply the rules of a profile to a request that was taken apart: drop, rename and number what they name.

The rule: what is dropped leaves no trace, and what is renamed keeps its relations: the same value becomes the same
token wherever it stands in the request, another value another one. Tokens are numbered in the order in which values
appear in the form (path, query, headers, body; keys sorted), so that the order of keys on the wire makes no difference.

Dropping comes first (what is dropped uses up no number), then model names, then numbering.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from tokentape.address import Address, Pairs, decoded
from tokentape.facts.providers import canonical_host
from tokentape.matching.canonical import LargeTree, Tree, Value
from tokentape.matching.content import Content, FieldsBody, JsonBody, PartOfBody, PartsBody, RawBody, part_with
from tokentape.matching.largevalues import GONE, Large, LargeList, LargeObject, LargeText
from tokentape.rules.profile import Place, Profile, Same, Step, host_entry

type HeaderValues = tuple[tuple[str, tuple[str, ...]], ...]
"""(lower-case name, its values in order) of the headers that are compared."""

# Around a token stand two code points that Unicode keeps free of any meaning; where a text has the first one itself,
# both are written, so that no text looks like another one's token.
TOKEN_OPEN, TOKEN_CLOSE = "\ufdd0", "\ufdd1"

# The ends by which providers date a model: gpt-4o-2024-08-06, claude-3-5-sonnet-20241022, gpt-4-0613,
# claude-3-5-sonnet@20240620 (Vertex), gemini-1.5-pro-latest.
_MONTH_DAY = "(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12][0-9]|3[01])"
_DATED = re.compile(rf"(?<=.)(?:[-@]20[0-9]{{2}}-?{_MONTH_DAY}|-{_MONTH_DAY.replace('-?', '')}|-latest)$")
# Gemini names the model in the path: /v1beta/models/gemini-1.5-pro-latest:generateContent
_MODEL_SEGMENT = re.compile(r"(?<=/models/)[^/:]+")

# Steps that are left to go below a value, and the entry they came from.
type _Trail = tuple[tuple[Step, ...], str]


@dataclass(frozen=True, slots=True)
class TakenApart:
    """The pieces of a request that a form is made of. A JSON value is changed in place, the rest is replaced."""

    address: Address
    headers: HeaderValues
    content: Content


@dataclass(slots=True)
class _Tokens:
    """The numbers that values were given so far, in one request."""

    patterns: tuple[Same, ...]
    hits: set[str]
    numbers: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))

    def rename(self, text: str) -> str:
        """The text with each value that a pattern fits replaced by its token."""
        if TOKEN_OPEN in text:
            text = text.replace(TOKEN_OPEN, TOKEN_OPEN + TOKEN_CLOSE)
        # Texts and tokens take turns, the texts at the even places: a later pattern does not look into a token.
        pieces = [text]
        for same in self.patterns:
            pieces = [
                piece for place, old in enumerate(pieces) for piece in ([old] if place % 2 else self._split(old, same))
            ]
        return pieces[0] if len(pieces) == 1 else "".join(pieces)

    def _split(self, text: str, same: Same) -> list[str]:
        pieces: list[str] = []
        start = 0
        for found in same.pattern.finditer(text):
            if found.end() > found.start():
                pieces += (text[start : found.start()], self._token(found[0], same))
                start = found.end()
        pieces.append(text[start:])
        return pieces

    def _token(self, value: str, same: Same) -> str:
        self.hits.add(same.entry)
        numbers = self.numbers[same.label]
        number = numbers.setdefault(value.lower() if same.folds else value, len(numbers) + 1)
        return f"{TOKEN_OPEN}{same.label}{number}{TOKEN_CLOSE}"


def rewritten(taken: TakenApart, profile: Profile, hits: set[str]) -> TakenApart:
    """The request as it is compared under ``profile``; ``hits`` collects the entries that had an effect."""
    if profile.hosts:
        taken = replace(taken, address=_with_alias(taken.address, profile.hosts, hits))
    if profile.ignore:
        taken = _without(taken, profile.ignore, hits)
    if profile.model_aliases:
        taken = _with_plain_model(taken, profile.model_aliases, hits)
    if profile.same:
        taken = _numbered(taken, _Tokens(profile.same, hits))
    return taken


def ignored_headers(names: Iterable[str], profile: Profile) -> set[str]:
    """The entries that name one of these headers, compared or not."""
    places = [place for place in profile.ignore if place.root == "header"]
    return {place.entry for name in names for place in places if place.steps[0].takes_key(name.lower())}


def shown(text: str) -> str:
    """A text of a form as people read it: ``‹uuid1›`` for a token."""
    return text.replace(TOKEN_OPEN, "‹").replace(TOKEN_CLOSE, "›") if TOKEN_OPEN in text else text


def undated(model: str) -> str:
    """The name of a model without its date, or without ``-latest``."""
    return _DATED.sub("", model)


def _with_alias(address: Address, hosts: Iterable[tuple[str, str]], hits: set[str]) -> Address:
    alias = dict(hosts).get(address.written_host)
    if alias is None:
        return address
    hits.add(host_entry(address.written_host))
    return replace(address, host=canonical_host(alias))


# --- what is not compared


def _without(taken: TakenApart, places: Iterable[Place], hits: set[str]) -> TakenApart:
    by_root: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        by_root[place.root].append(place)
    query = tuple(pair for pair in taken.address.query if not _named(decoded(pair[0]), by_root["query"], hits))
    headers = tuple(row for row in taken.headers if not _named(row[0], by_root["header"], hits))
    content = _content_without(taken.content, by_root["body"], hits)
    return TakenApart(replace(taken.address, query=query), headers, content)


def _content_without(content: Content, places: Sequence[Place], hits: set[str]) -> Content:
    if isinstance(content, JsonBody):
        trails = [(place.steps, place.entry) for place in places]
        if trails:
            _prune(content.value, trails, hits)
        return content
    flat = [place for place in places if len(place.steps) == 1]
    if isinstance(content, FieldsBody):
        return FieldsBody(tuple(pair for pair in content.pairs if not _named(pair[0], flat, hits)))
    if isinstance(content, PartsBody):
        return PartsBody(tuple(part for part in content.parts if not _named(part.name or "", flat, hits)))
    return content


def _named(name: str, places: Iterable[Place], hits: set[str]) -> bool:
    found = [place.entry for place in places if place.steps[0].takes_key(name)]
    hits.update(found)
    return bool(found)


def _prune(value: Value | Large, trails: Sequence[_Trail], hits: set[str]) -> None:
    """Remove what the trails lead to. Indexes mean the list as it was sent."""
    if isinstance(value, dict):
        for key in list(value):
            if _goes(value[key], _that_take(key, trails), hits):
                del value[key]
    elif isinstance(value, list):
        value[:] = [child for index, child in enumerate(value) if not _goes(child, _that_take(index, trails), hits)]
    elif isinstance(value, LargeObject | LargeList):
        value.change(lambda key, child: GONE if _goes(child, _that_take(key, trails), hits) else child)


def _that_take(key: str | int, trails: Sequence[_Trail]) -> list[_Trail]:
    """The trails whose first step goes to this key, or to this place of a list."""
    if isinstance(key, str):
        return [trail for trail in trails if trail[0][0].takes_key(key)]
    return [trail for trail in trails if trail[0][0].takes_item(key)]


def _goes(child: Value | Large, trails: Sequence[_Trail], hits: set[str]) -> bool:
    """Whether a trail ends with the step to this value; if none does, what they lead to below it is removed."""
    ends = [entry for steps, entry in trails if len(steps) == 1]
    hits.update(ends)
    if trails and not ends:
        _prune(child, [(steps[1:], entry) for steps, entry in trails], hits)
    return bool(ends)


# --- model names


def _with_plain_model(taken: TakenApart, entry: str, hits: set[str]) -> TakenApart:
    def plain(model: str) -> str:
        short = undated(model)
        if short != model:
            hits.add(entry)
        return short

    path = _MODEL_SEGMENT.sub(lambda found: plain(found[0]), taken.address.path)
    content = taken.content
    match content:
        case JsonBody(value):
            _set_model(value, plain)
        case FieldsBody(pairs):
            content = FieldsBody(tuple((name, plain(text) if name == "model" else text) for name, text in pairs))
        case PartsBody(parts):
            content = PartsBody(tuple(_part_renamed(part, plain) if part.name == "model" else part for part in parts))
    return TakenApart(replace(taken.address, path=path), taken.headers, content)


def _set_model(value: Tree | LargeTree, plain: Callable[[str], str]) -> None:
    if isinstance(value, dict):
        model = value.get("model")
        if isinstance(model, str):
            value["model"] = plain(model)
    elif isinstance(value, LargeObject):
        value.change(lambda key, child: _retold(child, plain) if key == "model" else child)


# --- values equal by pattern


def _numbered(taken: TakenApart, tokens: _Tokens) -> TakenApart:
    rename = tokens.rename
    path = rename(taken.address.path)
    address = replace(taken.address, path=path, query=_query_numbered(taken.address.query, rename))
    headers = tuple((name, tuple(map(rename, values))) for name, values in taken.headers)
    return TakenApart(address, headers, _content_numbered(taken.content, rename))


def _query_numbered(query: Pairs, rename: Callable[[str], str]) -> Pairs:
    """A value that holds a token is kept decoded (a date has ``:``); it can't be taken for an encoded one."""
    pairs: list[tuple[str, str | None]] = []
    for name, value in query:
        plain = decoded(value or "")
        renamed = rename(plain)
        pairs.append((name, value if renamed == plain else renamed))
    return tuple(pairs)


def _content_numbered(content: Content, rename: Callable[[str], str]) -> Content:
    match content:
        case JsonBody(value):
            _number(value, rename)
            return content
        case FieldsBody(pairs):
            return FieldsBody(tuple((name, rename(text)) for name, text in pairs))
        case PartsBody(parts):
            return PartsBody(tuple(part if part.filename else _part_renamed(part, rename) for part in parts))
        case RawBody(data):
            text = _text(data)
            return content if text is None else RawBody(rename(text).encode("utf-8"), content.claims_parts)
        case _:
            return content


def _number(value: Value | Large, rename: Callable[[str], str]) -> None:
    rows: Iterable[tuple[str | int, Value]]
    if isinstance(value, dict):
        rows = [(key, value[key]) for key in sorted(value)]
    elif isinstance(value, list):
        rows = enumerate(value)
    elif isinstance(value, LargeObject | LargeList):
        value.change(lambda _key, child: _renamed(child, rename))
        return
    else:
        return
    for key, child in rows:
        if isinstance(child, str):
            value[key] = rename(child)  # type: ignore[index] # the keys come from this very value
        else:
            _number(child, rename)


def _renamed(value: Value | Large, rename: Callable[[str], str]) -> Value | Large:
    """A value, all texts of it renamed."""
    _number(value, rename)
    return _retold(value, rename)


def _retold(value: Value | Large, tell: Callable[[str], str]) -> Value | Large:
    """A text, told anew; any other value as it is."""
    text = value.whole() if isinstance(value, LargeText) else value
    return tell(text) if isinstance(text, str) else value


def _part_renamed(part: PartOfBody, rename: Callable[[str], str]) -> PartOfBody:
    text = _text(part.content)
    return part if text is None else part_with(part, rename(text).encode("utf-8"))


def _text(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
