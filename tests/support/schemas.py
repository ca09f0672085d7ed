"""Random JSON schemas that have a value, for hypothesis.

The rule: bounds are drawn so that the lower is not above the upper; everything else is left to chance.
"""

from typing import Any

from hypothesis import strategies as st

NAMES = st.sampled_from(["name", "city", "age", "score", "tags", "when", "is_open", "note", "child", "id", "émoji ✓"])
PATTERNS = st.sampled_from(
    [
        "^[a-z]+$",
        "^[A-Z]{2}\\d{3,5}$",
        "^(foo|bar)-\\w{1,4}$",
        "\\d+",
        "^.{3,6}$",
        "^[^@\\s]+@[^@\\s]+\\.com$",
        "^a?b*c+$",
    ]
)
FORMATS = st.sampled_from(["date-time", "date", "time", "email", "uuid", "uri", "ipv4", "ipv6", "hostname", "duration"])


def _bounds(draw: Any, low: str, high: str, least: int, most: int) -> dict[str, int]:
    some, other = sorted((draw(st.integers(least, most)), draw(st.integers(least, most))))
    return {key: value for key, value in ((low, some), (high, other)) if draw(st.booleans())}


@st.composite
def _texts(draw: Any) -> dict[str, Any]:
    kind = draw(st.sampled_from(["plain", "pattern", "format", "enum"]))
    if kind == "pattern":
        return {"type": "string", "pattern": draw(PATTERNS)}
    if kind == "format":
        return {"type": "string", "format": draw(FORMATS)}
    if kind == "enum":
        return {"type": "string", "enum": draw(st.lists(st.text(max_size=5), min_size=1, max_size=4))}
    return {"type": "string", **_bounds(draw, "minLength", "maxLength", 0, 40)}


@st.composite
def _numbers(draw: Any) -> dict[str, Any]:
    kind = draw(st.sampled_from(["integer", "number"]))
    schema: dict[str, Any] = {"type": kind, **_bounds(draw, "minimum", "maximum", -50, 5000)}
    if not schema.keys() & {"minimum", "maximum"} and draw(st.booleans()):
        schema["multipleOf"] = draw(st.sampled_from([2, 5, 10, 0.5]))
    if "minimum" not in schema and draw(st.booleans()):
        schema["exclusiveMinimum"] = draw(st.integers(-100, -60))
    return schema


SIMPLE = st.one_of(
    _texts(),
    _numbers(),
    st.sampled_from(
        [{"type": "boolean"}, {"type": "null"}, {"const": {"a": [1, None]}}, {"enum": [1, "x", None, [2]]}]
    ),
    st.sampled_from([{}, True, {"type": ["string", "null"]}, {"type": ["integer", "boolean"]}]),
)


@st.composite
def _arrays(draw: Any, inner: Any) -> dict[str, Any]:
    schema = {"type": "array", "items": draw(inner), **_bounds(draw, "minItems", "maxItems", 0, 5)}
    if draw(st.booleans()):
        schema["prefixItems"] = draw(st.lists(inner, min_size=1, max_size=2))
    return schema


@st.composite
def _objects(draw: Any, inner: Any) -> dict[str, Any]:
    properties = draw(st.dictionaries(NAMES, inner, max_size=4))
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if properties:
        schema["required"] = draw(st.lists(st.sampled_from(sorted(properties)), unique=True, max_size=4))
    extra = draw(st.sampled_from([None, False, True, {"type": "integer"}]))
    return schema if extra is None else {**schema, "additionalProperties": extra}


@st.composite
def _choices(draw: Any, inner: Any) -> dict[str, Any]:
    # What fits one only, so that oneOf too has a value.
    branches = [draw(_objects(inner)), {"type": "string", "maxLength": 9}, {"type": "null"}]
    return {draw(st.sampled_from(["anyOf", "oneOf"])): draw(st.permutations(branches))[: draw(st.integers(1, 3))]}


def _deeper(inner: Any) -> Any:
    return st.one_of(_arrays(inner), _objects(inner), _choices(inner))


SCHEMAS = st.recursive(SIMPLE, _deeper, max_leaves=6)


@st.composite
def objects(draw: Any) -> dict[str, Any]:
    """A schema of an object, as tools have."""
    return draw(_objects(SCHEMAS))
