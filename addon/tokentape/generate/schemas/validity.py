"""Whether a value fits a JSON schema: just enough of draft 2020-12 to check what ``schema`` draws.

The rule: no keyword that a draw could break is left out; those that only describe (``title``, ``default``, ``format``,
which is an annotation by default) are. The tests hold it against a full validator.
"""

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from tokentape.generate.schemas.merging import Unsatisfiable, pointed_at

_CHECKS: dict[str, Callable[[Any, Any, Mapping[str, Any], Any], bool]] = {}


def fits(value: Any, schema: Any, root: Any) -> bool:
    """Whether a value is valid. ``root`` is what references start from. Raises Unsatisfiable for a broken reference."""
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, Mapping):
        raise Unsatisfiable(f"{schema!r} is not of type 'object', 'boolean'")
    return all(
        check(value, wanted, schema, root) for key, wanted in schema.items() if (check := _CHECKS.get(key)) is not None
    )


def same(some: Any, other: Any) -> bool:
    """Equal as JSON has it: ``true`` is not 1, and 1 is 1.0."""
    if isinstance(some, bool) or isinstance(other, bool):
        return some is other
    if isinstance(some, list) and isinstance(other, list):
        return len(some) == len(other) and all(map(same, some, other))
    if isinstance(some, dict) and isinstance(other, dict):
        return some.keys() == other.keys() and all(same(some[key], other[key]) for key in some)
    return bool(some == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_IS: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def _check(*keys: str) -> Callable[[Any], Any]:
    def put(check: Any) -> Any:
        for key in keys:
            _CHECKS[key] = check
        return check

    return put


@_check("type")
def _type(value: Any, wanted: Any, _schema: Any, _root: Any) -> bool:
    return any(_IS[kind](value) for kind in ([wanted] if isinstance(wanted, str) else wanted) if kind in _IS)


@_check("$ref")
def _reference(value: Any, wanted: Any, _schema: Any, root: Any) -> bool:
    return fits(value, pointed_at(wanted, root), root)


_CHECKS |= {
    "const": lambda value, wanted, _schema, _root: same(value, wanted),
    "enum": lambda value, wanted, _schema, _root: any(same(value, one) for one in wanted),
    "allOf": lambda value, wanted, _schema, root: all(fits(value, one, root) for one in wanted),
    "anyOf": lambda value, wanted, _schema, root: any(fits(value, one, root) for one in wanted),
    "oneOf": lambda value, wanted, _schema, root: sum(fits(value, one, root) for one in wanted) == 1,
    "not": lambda value, wanted, _schema, root: not fits(value, wanted, root),
    "minimum": lambda value, wanted, _schema, _root: not _is_number(value) or value >= wanted,
    "maximum": lambda value, wanted, _schema, _root: not _is_number(value) or value <= wanted,
    "exclusiveMinimum": lambda value, wanted, _schema, _root: not _is_number(value) or value > wanted,
    "exclusiveMaximum": lambda value, wanted, _schema, _root: not _is_number(value) or value < wanted,
    "minLength": lambda value, wanted, _schema, _root: not isinstance(value, str) or len(value) >= wanted,
    "maxLength": lambda value, wanted, _schema, _root: not isinstance(value, str) or len(value) <= wanted,
    "pattern": lambda value, wanted, _schema, _root: not isinstance(value, str) or found(wanted, value),
    "minItems": lambda value, wanted, _schema, _root: not isinstance(value, list) or len(value) >= wanted,
    "maxItems": lambda value, wanted, _schema, _root: not isinstance(value, list) or len(value) <= wanted,
    "minProperties": lambda value, wanted, _schema, _root: not isinstance(value, dict) or len(value) >= wanted,
    "maxProperties": lambda value, wanted, _schema, _root: not isinstance(value, dict) or len(value) <= wanted,
    "required": lambda value, wanted, _schema, _root: not isinstance(value, dict) or set(wanted) <= value.keys(),
}


# The name of a group as JavaScript writes it, whose expressions JSON schema means.
_NAMED = re.compile(r"(?<!\\)\(\?<(?![=!])")
# A class, and what is a mere character in it, but not for ever in Python's, which warns of that.
_CLASS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*+\]", re.DOTALL)
_PLANNED = re.compile(r"(\\.)|(?<!^)[\[&|~]", re.DOTALL)


def found(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text. Raises Unsatisfiable for one that can't be read."""
    try:
        return re.search(_in_python(pattern), text) is not None
    except (re.error, RecursionError, OverflowError) as error:
        raise Unsatisfiable(f"{pattern!r} is not a 'regex': {error}") from None


@lru_cache(maxsize=256)
def _in_python(pattern: str) -> str:
    return _CLASS.sub(_plain_class, _NAMED.sub("(?P<", pattern))


def _plain_class(found: re.Match[str]) -> str:
    if found[0].startswith("\\"):
        return found[0]
    return _PLANNED.sub(lambda sign: sign[0] if sign[1] else f"\\{sign[0]}", found[0])


@_check("multipleOf")
def _multiple(value: Any, wanted: Any, _schema: Any, _root: Any) -> bool:
    if not _is_number(value):
        return True
    ratio = value / wanted
    return math.isfinite(ratio) and float(ratio).is_integer()


@_check("uniqueItems")
def _unique(value: Any, wanted: Any, _schema: Any, _root: Any) -> bool:
    if not wanted or not isinstance(value, list):
        return True
    return not any(same(value[at], one) for at in range(len(value)) for one in value[:at])


@_check("items")
def _items(value: Any, wanted: Any, schema: Mapping[str, Any], root: Any) -> bool:
    if not isinstance(value, list):
        return True
    if isinstance(wanted, list):
        rest = schema.get("additionalItems", True)
        return all(fits(item, part, root) for item, part in zip(value, wanted, strict=False)) and all(
            fits(item, rest, root) for item in value[len(wanted) :]
        )
    return all(fits(item, wanted, root) for item in value[len(schema.get("prefixItems", ())) :])


@_check("prefixItems")
def _places(value: Any, wanted: Any, _schema: Any, root: Any) -> bool:
    return not isinstance(value, list) or all(fits(item, part, root) for item, part in zip(value, wanted, strict=False))


@_check("contains")
def _contains(value: Any, wanted: Any, schema: Mapping[str, Any], root: Any) -> bool:
    if not isinstance(value, list):
        return True
    number = sum(fits(item, wanted, root) for item in value)
    return bool(schema.get("minContains", 1) <= number <= schema.get("maxContains", number))


@_check("properties")
def _properties(value: Any, wanted: Any, _schema: Any, root: Any) -> bool:
    return not isinstance(value, dict) or all(fits(value[name], wanted[name], root) for name in wanted if name in value)


@_check("patternProperties")
def _patterned(value: Any, wanted: Any, _schema: Any, root: Any) -> bool:
    return not isinstance(value, dict) or all(
        fits(value[name], part, root) for pattern, part in wanted.items() for name in value if found(pattern, name)
    )


@_check("additionalProperties")
def _additional(value: Any, wanted: Any, schema: Mapping[str, Any], root: Any) -> bool:
    if not isinstance(value, dict):
        return True
    patterns = schema.get("patternProperties", ())
    extra = (
        name
        for name in value
        if name not in schema.get("properties", ()) and not any(found(pattern, name) for pattern in patterns)
    )
    return all(fits(value[name], wanted, root) for name in extra)


@_check("propertyNames")
def _names(value: Any, wanted: Any, _schema: Any, root: Any) -> bool:
    return not isinstance(value, dict) or all(fits(name, wanted, root) for name in value)


@_check("dependentRequired", "dependencies")
def _dependent(value: Any, wanted: Any, _schema: Any, root: Any) -> bool:
    return not isinstance(value, dict) or all(
        (set(needs) <= value.keys()) if isinstance(needs, list) else fits(value, needs, root)
        for name, needs in wanted.items()
        if name in value
    )


@_check("dependentSchemas")
def _dependent_schemas(value: Any, wanted: Any, _schema: Any, root: Any) -> bool:
    return not isinstance(value, dict) or all(fits(value, part, root) for name, part in wanted.items() if name in value)


@_check("if")
def _if(value: Any, wanted: Any, schema: Mapping[str, Any], root: Any) -> bool:
    return fits(value, schema.get("then" if fits(value, wanted, root) else "else", True), root)
