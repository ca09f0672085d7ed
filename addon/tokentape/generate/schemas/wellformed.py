"""Whether a JSON schema is one at all: keywords with values of the wrong kind are found before anybody draws from it.

The rule: the words are those of a schema validator (``5 is not of type 'array'``), which is what the APIs say too.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tokentape.generate.schemas.merging import Unsatisfiable

_KINDS = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})
_DEEPEST = 100


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1_000_000


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


_SHAPES: tuple[tuple[tuple[str, ...], str, Callable[[Any], bool]], ...] = (
    (("minLength", "maxLength", "minItems", "maxItems"), "'non-negative integer'", _is_count),
    (("minProperties", "maxProperties", "minContains", "maxContains"), "'non-negative integer'", _is_count),
    (("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), "'number'", _is_number),
    (("multipleOf",), "'number' above 0", lambda value: _is_number(value) and value > 0),
    (("required",), "'array' of strings", _are_texts),
    (("pattern", "$ref", "format"), "'string'", lambda value: isinstance(value, str)),
    (("enum",), "'array'", lambda value: isinstance(value, list) and bool(value)),
    (("uniqueItems",), "'boolean'", lambda value: isinstance(value, bool)),
)
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAPS = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
_ONES = ("additionalProperties", "propertyNames", "contains", "not", "if", "then", "else", "additionalItems")


def check(schema: Any, depth: int = 0) -> None:
    """Raises Unsatisfiable where a schema, or a part of it, is none."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        raise Unsatisfiable(f"{_shown(schema)} is not of type 'object', 'boolean'")
    _type(schema.get("type", "object"))
    for keys, wanted, is_so in _SHAPES:
        for key in keys:
            if key in schema and not is_so(schema[key]):
                raise Unsatisfiable(f"{_shown(schema[key])} is not of type {wanted}")
    for part in _parts(schema):
        check(part, depth + 1)


def _parts(schema: Mapping[str, Any]) -> list[Any]:
    parts = [schema[key] for key in _ONES if key in schema]
    for key in _LISTS:
        if key in schema:
            if not isinstance(schema[key], list) or not schema[key]:
                raise Unsatisfiable(f"{_shown(schema[key])} is not of type 'array'")
            parts += schema[key]
    for key in _MAPS:
        if key in schema:
            if not isinstance(schema[key], Mapping):
                raise Unsatisfiable(f"{_shown(schema[key])} is not of type 'object'")
            parts += schema[key].values()
    if "items" in schema:
        parts += schema["items"] if isinstance(schema["items"], list) else [schema["items"]]
    return parts + _dependencies(schema)


def _dependencies(schema: Mapping[str, Any]) -> list[Any]:
    parts = []
    for key in ("dependentRequired", "dependencies"):
        needs = schema.get(key, {})
        if not isinstance(needs, Mapping):
            raise Unsatisfiable(f"{_shown(needs)} is not of type 'object'")
        parts += [need for need in needs.values() if not _are_texts(need)]
    return parts


def _type(kinds: Any) -> None:
    listed = [kinds] if isinstance(kinds, str) else kinds
    if not isinstance(listed, list) or not listed or any(not isinstance(k, str) or k not in _KINDS for k in listed):
        raise Unsatisfiable(f"{_shown(kinds)} is not valid under any of the given schemas")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:80] + "…"
