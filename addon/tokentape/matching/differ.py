"""Two forms and what tells them apart: a comparison that answers with the differences.

The rule: what is said is what was compared, in the order in which people look: method, address, headers, then the body.
The work is bounded, whatever the bodies are. Both forms are of one profile.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

from tokentape.address import Pairs, decoded
from tokentape.matching.content import (
    Content,
    FieldsBody,
    JsonBody,
    NoBody,
    OmittedParts,
    PartOfBody,
    PartsBody,
    RawBody,
    is_multipart,
)
from tokentape.matching.findings import Difference, Findings
from tokentape.matching.form import API_VERSION, Form
from tokentape.matching.showing import first_difference, many, printable, quoted, size, step, value_text
from tokentape.matching.treediff import compare_trees


def differences(recorded: Form, incoming: Form) -> tuple[Difference, ...]:
    """What tells the forms apart; empty exactly where the recording answers the request."""
    found = Findings()
    compared = recorded.profile.compared
    for name in ("method", "scheme", "host", "path"):
        unknown = name == "host" and not incoming.host_known
        if name in compared and not unknown:
            found.texts(name, getattr(recorded, name), getattr(incoming, name))
    if "query" in compared:
        _queries(recorded, incoming, found)
    _named_values(found, "header", dict(recorded.headers), dict(incoming.headers))
    if "body" in compared and recorded.digest != incoming.digest:
        compare_contents(recorded.content, incoming.content, found)
    return found.told()


# --- query, headers, fields: values by name


def _queries(recorded: Form, incoming: Form, found: Findings) -> None:
    pairs = incoming.query
    if recorded.stands_for_any_version:
        pairs = tuple(pair for pair in pairs if pair[0] != API_VERSION)
    if recorded.query != pairs:
        told = found.count
        before, now = _plain(recorded.query), _plain(pairs)
        _named_values(found, "query", _by_name(before), _by_name(now))
        if found.count == told:
            # They differ in what names and values don't tell, as `a` and `a=`.
            found.texts("query", _as_query(recorded.query), _as_query(pairs))


def _as_query(pairs: Pairs) -> str:
    return "&".join(name if value is None else f"{name}={value}" for name, value in pairs)


def _plain(pairs: Pairs) -> Iterator[tuple[str, str]]:
    return ((decoded(name), value or "") for name, value in pairs)


def _by_name(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def _named_values(
    found: Findings, root: str, recorded: Mapping[str, Sequence[str]], incoming: Mapping[str, Sequence[str]]
) -> None:
    for name in sorted(recorded.keys() | incoming.keys()):
        rows = list(zip_longest(recorded.get(name, ()), incoming.get(name, ())))
        for place, (old, new) in enumerate(rows):
            path = f"{root}{step(name)}{f'[{place}]' if len(rows) > 1 else ''}"
            if new is None:
                found.missing(path, quoted(old))
            elif old is None:
                found.extra(path, quoted(new))
            else:
                found.texts(path, old, new)


# --- bodies


def compare_contents(recorded: Content, incoming: Content, found: Findings) -> None:
    """Find the differences of two bodies; the paths begin with ``body``."""
    if isinstance(recorded, OmittedParts) and is_multipart(incoming):
        return
    match recorded, incoming:
        case JsonBody(tree=before), JsonBody(tree=now):
            compare_trees(before, now, found)
        case FieldsBody(before), FieldsBody(now):
            _named_values(found, "body", _by_name(before), _by_name(now))
        case PartsBody(before), PartsBody(now):
            _parts(before, now, found)
        case RawBody(before), RawBody(now):
            _raw(before, now, found)
        case NoBody(), _:
            found.extra("body", _described(incoming))
        case _, NoBody():
            found.missing("body", _described(recorded))
        case _:
            found.add("body", _described(recorded), _described(incoming))


def _described(content: Content) -> str:
    match content:
        case JsonBody(tree=tree):
            return f"JSON {value_text(tree)}"
        case FieldsBody(pairs):
            return f"a form ({many(len(pairs), 'field')})"
        case PartsBody(parts):
            return f"multipart ({many(len(parts), 'part')})"
        case OmittedParts():
            return "multipart (omitted)"
        case RawBody(data):
            text = _as_text(data)
            return size(len(data)) if text is None else f"text {quoted(text)}"
        case NoBody():
            return "no body"


def _raw(recorded: bytes, incoming: bytes, found: Findings) -> None:
    before, now = _as_text(recorded), _as_text(incoming)
    if before is not None and now is not None:
        found.texts("body", before, now)
    else:
        found.add("body", *_two_sizes(recorded, incoming))


def _two_sizes(recorded: bytes, incoming: bytes) -> tuple[str, str]:
    place = first_difference(recorded, incoming)
    return size(len(recorded)), f"{size(len(incoming))}, the first difference at byte {place:,}"


def _as_text(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


# --- multipart


def _parts(recorded: Sequence[PartOfBody], incoming: Sequence[PartOfBody], found: Findings) -> None:
    before, now = _by_part_name(recorded), _by_part_name(incoming)
    if before.keys() == now.keys() and list(before) != list(now):
        found.add("body", f"the parts in the order {_order(before)}", _order(now))
    for key in [*before, *(key for key in now if key not in before)]:
        old, new = before.get(key), now.get(key)
        name, occurrence = key
        path = f"body{step(name) if name else '[part]'}{f'[{occurrence}]' if occurrence else ''}"
        if new is None and old is not None:
            found.missing(path, _part_shown(old))
        elif old is None and new is not None:
            found.extra(path, _part_shown(new))
        elif old is not None and new is not None:
            _part(path, old, new, found)


def _by_part_name(parts: Iterable[PartOfBody]) -> dict[tuple[str, int], PartOfBody]:
    found: dict[tuple[str, int], PartOfBody] = {}
    for part in parts:
        occurrence = 0
        while (part.name or "", occurrence) in found:
            occurrence += 1
        found[part.name or "", occurrence] = part
    return found


def _order(parts: Iterable[tuple[str, int]]) -> str:
    return quoted(", ".join(name for name, _ in parts))


def _part(path: str, recorded: PartOfBody, incoming: PartOfBody, found: Findings) -> None:
    if recorded.filename != incoming.filename:
        found.add(f"{path} (filename)", _filename(recorded), _filename(incoming))
    found.texts(f"{path} (content-type)", recorded.content_type, incoming.content_type)
    if recorded.digest == incoming.digest:
        return
    before, now = _as_text(recorded.content), _as_text(incoming.content)
    if before is not None and now is not None:
        found.texts(path, before, now)
    else:
        found.add(path, *_two_sizes(recorded.content, incoming.content))


def _filename(part: PartOfBody) -> str:
    return "none" if part.filename is None else quoted(part.filename)


def _part_shown(part: PartOfBody) -> str:
    text = None if part.filename else _as_text(part.content)
    if text is not None:
        return quoted(text)
    return f"{size(len(part.content))}{f' ({printable(part.content_type)})' if part.content_type else ''}"
