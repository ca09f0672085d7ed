"""Header fields in a cassette: go-vcr's map of name to values, and beside it what the map has lost of the wire.

The rule: the map is what go-vcr and people read (names in Go's canonical form, in order, values always a list); the
names as they were on the wire, one for each field in its order, lead back to the exact fields, as long as they fit
the map. Somebody who adds, removes or changes a field in the map gets what they wrote.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from tokentape.model import Headers

# RFC 9110, 5.6.2; Go leaves a name with any other character as it is (net/textproto, CanonicalMIMEHeaderKey).
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_RUNS = re.compile(r"[0-9]+|.", re.DOTALL)


@lru_cache(maxsize=4096)
def canonical(name: str) -> str:
    """A name as Go writes it: ``x-request-id`` is ``X-Request-Id``."""
    if not _TOKEN.fullmatch(name):
        return name
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


@lru_cache(maxsize=4096)
def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """The key by which go-yaml orders a map's keys: letters behind all else, numbers by value."""
    return tuple(
        (0, int(run), run) if run.isascii() and run.isdigit() else (int(run.isalpha()), ord(run), run)
        for run in _RUNS.findall(name)
    )


def as_map(fields: Headers) -> dict[str, list[str]]:
    """Fields as go-vcr's map."""
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(canonical(name), []).append(value)
    return {name: values[name] for name in sorted(values, key=natural)}


def as_fields(values: Mapping[str, Sequence[str]]) -> Headers:
    """The fields of a map, in its order."""
    return tuple((name, value) for name, several in values.items() for value in several)


def wire_names(fields: Headers) -> str | list[str] | None:
    """The names as they were on the wire, joined by spaces where none has one; None where the map tells them
    already."""
    names = [name for name, _ in fields]
    if as_fields(as_map(fields)) == fields:
        return None
    plain = all(name and not re.search(r"\s", name) for name in names)
    return " ".join(names) if plain else names


def on_the_wire(values: Mapping[str, Sequence[str]], names: Iterable[str]) -> Headers:
    """The fields of a map in the order and spelling of the wire; fields that the names don't tell of come last."""
    left = {canonical(name): (name, list(reversed(several))) for name, several in values.items()}
    fields = []
    for name in names:
        _, waiting = left.get(canonical(name), (name, []))
        if waiting:
            fields.append((name, waiting.pop()))
    return (*fields, *((name, value) for name, waiting in left.values() for value in reversed(waiting)))
