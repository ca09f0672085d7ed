"""Reading the parameters of a request, with OpenAI's own words where one is missing, of a wrong type, or out of range.

The rule: each function takes the tree of the body and the name of a parameter, gives its value (None where it is absent
or null), or raises ``Invalid`` with the parameter and the code that OpenAI's API names. What is not known is not
looked at: a parameter that is newer than this is no error.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tokentape.generate.problems import NOT_JSON, Invalid

Tree = Mapping[str, Any]

# Deep enough for any schema, and far from where Python's own recursion ends.
_DEEPEST = 200


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _finite(written: str) -> float:
    value = float(written)
    if value - value:
        raise ValueError(f"{written} is no number that fits")
    return value


# Python's own reader takes NaN and Infinity, which no API does, and makes the latter of 1e999.
_decode = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite).decode


def body_of(raw: bytes) -> dict[str, Any]:
    """The JSON object of a body. Raises Invalid for anything else, half a megabyte of ``[`` included."""
    try:
        tree = _decode(raw.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        raise Invalid(NOT_JSON) from None
    if not isinstance(tree, dict):
        raise Invalid(NOT_JSON)
    if raw.count(b"[") + raw.count(b"{") > _DEEPEST and _deeper(tree, _DEEPEST):
        raise Invalid(NOT_JSON)
    return tree


def _deeper(tree: Any, limit: int) -> bool:
    level: list[Any] = [tree]
    for _ in range(limit):
        level = [
            below
            for value in level
            if isinstance(value, dict | list)
            for below in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return False
    return True


_NAMES: Sequence[tuple[type, str]] = (
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a decimal"),
    (str, "a string"),
    (list, "an array"),
    (dict, "an object"),
)


def kind_of(value: Any) -> str:
    """What a value is, as the errors say it."""
    return next((name for kind, name in _NAMES if isinstance(value, kind)), "null")


def wrong_type(name: str, wanted: str, value: Any) -> Invalid:
    """``Invalid type for 'n': expected an integer, but got a string instead.``"""
    said = f"Invalid type for '{name}': expected {wanted}, but got {kind_of(value)} instead."
    return Invalid(said, name, "invalid_type")


def missing(name: str) -> Invalid:
    """``Missing required parameter: 'messages'.``"""
    return Invalid(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")


def unsupported_value(name: str, value: Any, choices: Sequence[str]) -> Invalid:
    """``Invalid value: 'x'. Supported values are: 'a' and 'b'.``"""
    quoted = [f"'{choice}'" for choice in choices]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
    return Invalid(f"Invalid value: '{value}'. Supported values are: {listed}.", name, "invalid_value")


def text(tree: Tree, name: str, path: str = "") -> str | None:
    """A string."""
    value = tree.get(name)
    if value is None or isinstance(value, str):
        return value
    raise wrong_type(path or name, "a string", value)


def required_text(tree: Tree, name: str, path: str = "") -> str:
    """A string that has to be there."""
    value = text(tree, name, path)
    if value is None:
        raise missing(path or name)
    return value


def flag(tree: Tree, name: str, path: str = "") -> bool | None:
    """A boolean."""
    value = tree.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise wrong_type(path or name, "a boolean", value)


def integer(tree: Tree, name: str, low: int | None = None, high: int | None = None) -> int | None:
    """An integer within its bounds."""
    value = tree.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(name, "an integer", value)
    _within(name, "integer", value, low, high)
    return value


def number(tree: Tree, name: str, low: float, high: float) -> float | None:
    """A number within its bounds."""
    value = tree.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(name, "a decimal", value)
    _within(name, "decimal", value, low, high)
    return float(value)


def _within(name: str, kind: str, value: float, low: float | None, high: float | None) -> None:
    if low is not None and value < low:
        said = f"{kind} below minimum value. Expected a value >= {low}, but got {value} instead."
        raise Invalid(f"Invalid '{name}': {said}", name, f"{kind}_below_min_value")
    if high is not None and value > high:
        said = f"{kind} above maximum value. Expected a value <= {high}, but got {value} instead."
        raise Invalid(f"Invalid '{name}': {said}", name, f"{kind}_above_max_value")


_SAMPLING = frozenset({"temperature", "top_p", "presence_penalty", "frequency_penalty", "seed"})


def check_sampling(tree: Tree) -> None:
    """What says how words are drawn, where it is said. Raises Invalid."""
    if _SAMPLING.isdisjoint(tree):
        return
    number(tree, "temperature", 0, 2)
    number(tree, "top_p", 0, 1)
    number(tree, "presence_penalty", -2, 2)
    number(tree, "frequency_penalty", -2, 2)
    integer(tree, "seed")


def choice(tree: Tree, name: str, choices: Sequence[str], path: str = "") -> str | None:
    """One of several words."""
    value = text(tree, name, path)
    if value is None or value in choices:
        return value
    raise unsupported_value(path or name, value, choices)


def array(
    tree: Tree, name: str, path: str = "", longest: int | None = None, *, of: str = "an array"
) -> list[Any] | None:
    """A list; never an empty one."""
    value = tree.get(name)
    shown = path or name
    if value is None:
        return None
    if not isinstance(value, list):
        raise wrong_type(shown, of, value)
    if not value:
        said = "empty array. Expected an array with minimum length 1, but got an empty array instead."
        raise Invalid(f"Invalid '{shown}': {said}", shown, "empty_array")
    if longest is not None and len(value) > longest:
        said = f"Expected an array with maximum length {longest}, but got an array with length {len(value)} instead."
        raise Invalid(f"Invalid '{shown}': array too long. {said}", shown, "array_above_max_length")
    return value


def mapping(tree: Tree, name: str, path: str = "") -> dict[str, Any] | None:
    """An object."""
    value = tree.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise wrong_type(path or name, "an object", value)


def required_mapping(value: Any, path: str) -> dict[str, Any]:
    """An object that has to be there: an item of a list."""
    if isinstance(value, dict):
        return value
    raise wrong_type(path, "an object", value)


def model_name(tree: Tree) -> str:
    """The model, which each operation but a few needs."""
    value = tree.get("model")
    if value is None or value == "":
        raise Invalid("you must provide a model parameter")
    if not isinstance(value, str):
        raise wrong_type("model", "a string", value)
    return value


def text_in(content: Any) -> str:
    """The text of a content: a string, or the parts of a list that have some. Nothing is taken for granted."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = (part.get("text") if isinstance(part, Mapping) else part for part in content)
    return "\n".join(text for text in texts if isinstance(text, str))
