"""Schemas put together: references followed, ``allOf`` and chosen alternatives merged into one set of rules.

The rule: what is allowed by the result is allowed by each part as far as the keywords merged here go; what can't be
merged stays in an ``allOf`` of leftovers, and ``validity`` has the last word.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote


class Unsatisfiable(Exception):
    """A schema without a value, or one that is none; the text says why."""


_MOST_REFERENCES = 64


def resolved(schema: Any, root: Any) -> Mapping[str, Any]:
    """The rules of a schema, its ``$ref`` followed and merged with what stands beside it. Raises Unsatisfiable."""
    for _ in range(_MOST_REFERENCES):
        if schema is True:
            return {}
        if schema is False:
            raise Unsatisfiable("it is false, which allows nothing")
        if not isinstance(schema, Mapping):
            raise Unsatisfiable(f"{schema!r} is not of type 'object', 'boolean'")
        if "$ref" not in schema:
            return schema
        beside = {key: schema[key] for key in schema if key not in ("$ref", "$defs", "definitions")}
        target = pointed_at(schema["$ref"], root)
        schema = target if not beside else {"allOf": [target, beside]}
    raise Unsatisfiable("its references lead back to themselves")


def pointed_at(reference: Any, root: Any) -> Any:
    """What a ``$ref`` within the same schema points at (RFC 6901)."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        raise Unsatisfiable(f"the reference {reference!r} leads out of the schema")
    found = root
    for part in reference[1:].strip("/").split("/") if len(reference) > 1 else []:
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        else:
            raise Unsatisfiable(f"the reference {reference!r} points at nothing")
    return found


def merged(parts: Sequence[Any], root: Any) -> Mapping[str, Any]:
    """One set of rules for all parts. Raises Unsatisfiable where they rule each other out."""
    found: dict[str, Any] = {}
    for part in parts:
        for key, value in resolved(part, root).items():
            found[key] = _MERGE.get(key, _last)(found[key], value) if key in found else value
    return found


def _last(_before: Any, now: Any) -> Any:
    return now


def _types(before: Any, now: Any) -> Any:
    some, others = ([kinds] if isinstance(kinds, str) else list(kinds) for kinds in (before, now))
    shared = [kind for kind in some if kind in others]
    if not shared and "number" in some + others and "integer" in some + others:
        shared = ["integer"]
    if not shared:
        raise Unsatisfiable(f"nothing is of type {before!r} and of type {now!r}")
    return shared[0] if len(shared) == 1 else shared


def _enums(before: Any, now: Any) -> Any:
    shared = [value for value in before if value in now]
    if not shared:
        raise Unsatisfiable("two of its enums share no value")
    return shared


def _properties(before: Any, now: Any) -> Any:
    return {**before, **{name: both(before[name], now[name]) if name in before else now[name] for name in now}}


def both(some: Any, other: Any) -> Any:
    """A schema that asks for two."""
    return some if some == other else {"allOf": [some, other]}


def _union(before: Any, now: Any) -> Any:
    return [*before, *(name for name in now if name not in before)]


_MERGE: Mapping[str, Callable[[Any, Any], Any]] = {
    "type": _types,
    "enum": _enums,
    "properties": _properties,
    "required": _union,
    "allOf": _union,
    "items": both,
    "additionalProperties": both,
    "minimum": max,
    "exclusiveMinimum": max,
    "minLength": max,
    "minItems": max,
    "minProperties": max,
    "maximum": min,
    "exclusiveMaximum": min,
    "maxLength": min,
    "maxItems": min,
    "maxProperties": min,
}
