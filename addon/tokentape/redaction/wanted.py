"""What a library asks to have redacted beyond what everybody's has: names of places, patterns, personal data.

The rule: it is read from ``library.toml`` and nothing else; equal wishes are equal values, for the forms of recordings
depend on them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tokentape.redaction.spans import AS_IT_IS, Frame, Span

# Kinds of personal data that have a name here; each is what it looks like in running text, no more.
PERSONAL: dict[str, str] = {
    "email": r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}(?![A-Za-z0-9-])",
    "phone": r"(?<![\w.+-])(?:\+[1-9]\d{0,2}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){2,4}"
    r"|\(\d{3}\)[ ]?\d{3}[ .-]\d{4}|\d{3}-\d{3}-\d{4})(?![\w-])",
    "ip": r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])",
    "card": r"(?<![\w.-])(?:\d{4}[ -]){3}\d{4}(?![\w-])|(?<![\w.-])[3-6]\d{14,15}(?![\w.])",
    "iban": r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])",
}


@dataclass(frozen=True, slots=True)
class Sought:
    """An expression and the role of what it finds. A group, where it has one, is the secret in it."""

    role: str
    source: str
    pattern: re.Pattern[bytes] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", re.compile(self.source.encode()))


@dataclass(frozen=True, slots=True)
class Wanted:
    """``names`` (lower case) are of headers, query pairs, fields and members; ``allowed`` are expressions of values
    that are no secrets."""

    names: tuple[str, ...] = ()
    sought: tuple[Sought, ...] = ()
    allowed: tuple[str, ...] = ()
    _named: re.Pattern[bytes] | None = field(init=False, compare=False, repr=False)
    _allowed: tuple[re.Pattern[str], ...] = field(init=False, compare=False, repr=False)
    _headers: frozenset[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_named", _naming(self.names))
        object.__setattr__(self, "_allowed", tuple(re.compile(source) for source in self.allowed))
        object.__setattr__(self, "_headers", frozenset(name.replace("_", "-") for name in self.names))

    @property
    def roles(self) -> frozenset[str]:
        """The roles of what is found here."""
        return frozenset(sought.role for sought in self.sought)

    def allows(self, value: str) -> bool:
        """Whether a value was said to be no secret."""
        return any(pattern.fullmatch(value) for pattern in self._allowed)

    def role_of_header(self, name: str) -> str | None:
        """The role of a header (lower case) that is one of the names, or None."""
        return BY_NAME if name.replace("_", "-") in self._headers else None

    def named(self, data: bytes) -> Iterator[Span]:
        """What goes by one of the names in a text, as JSON, a form, a query or XML say it."""
        for found in self._named.finditer(data) if self._named is not None else ():
            if found["list"] is not None:
                yield from _items(data, found.end(), found["quote"])
            else:
                yield from _value(found, found["quote"])

    def spans(self, data: bytes) -> Iterator[Span]:
        """What the expressions find in a text."""
        for sought in self.sought:
            for found in sought.pattern.finditer(data):
                yield from _span(found, found.lastindex or 0, sought.role)


def _span(found: re.Match[bytes], group: int, role: str) -> Iterator[Span]:
    text = found[group]
    if text:
        yield Span(found.start(group), found.end(group), role, text.decode("utf-8", "surrogateescape"))


def _value(found: re.Match[bytes], quote: bytes) -> Iterator[Span]:
    if found["number"] is None:
        yield from _span(found, found.lastindex or 0, BY_NAME)
    else:
        # The placeholder is a text where a number was: with the quotes that its name has, it is JSON still.
        frame = Frame((quote, quote), AS_IT_IS, padded=True)
        yield Span(*found.span("number"), BY_NAME, found["number"].decode(), frame)


def _items(data: bytes, position: int, quote: bytes) -> Iterator[Span]:
    """The texts and numbers of a list in JSON, from behind its bracket on, and of the lists in it."""
    depth = 1
    while item := _ITEM.match(data, position):
        depth += item[1].count(b"[") - item[1].count(b"]")
        if depth < 1:
            return
        yield from _value(item, quote)
        position = item.end()


# A text in JSON. In JSON that is a text in JSON its quotes are escaped, and those within it once more.
_TEXT = r"\"((?:[^\"\\]|\\[\s\S])*+)|(?P<slashes>\\++)\"((?:[^\"\\]++|(?!(?P=slashes)\")\\++\"?+)*+)"
_NUMBER = r"(?P<number>-?[0-9][0-9.eE+-]*+)"
_ITEM = re.compile(rf"((?:[\s,\[\]]|null|true|false)*+)(?:{_TEXT}|{_NUMBER})(?:\\*\")?".encode())


def _naming(names: tuple[str, ...]) -> re.Pattern[bytes] | None:
    """One expression for the values that go by these names: in JSON, in a form or a query, in XML, in multipart."""
    if not names:
        return None
    either = "|".join(re.escape(name).replace("_", "[_-]").replace(r"\-", "[_-]") for name in names)
    return re.compile(
        rf"(?i:\\*\"(?:{either})(?P<quote>\\*\")\s*:\s*(?:(?P<list>\[)|{_TEXT}|{_NUMBER})"
        rf"|(?:^|[?&\s])(?:{either})=([^&\s\"#]+)"
        rf"|<(?:{either})(?:\s[^<>]*)?>([^<]+)"
        # A field of multipart: its name, what else its head says, an empty line, its value.
        rf"|;\s*name=\"(?:{either})\"[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n([^\r\n]+))".encode()
    )


BY_NAME = "secret"
NOTHING_MORE = Wanted()
