"""Values for JSON schemas: what is drawn is valid, and what has no value is said to have none."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemas import SCHEMAS

from tokentape.generate.material.dice import Dice
from tokentape.generate.schemas import pattern
from tokentape.generate.schemas.schema import Unsatisfiable, value_for
from tokentape.generate.schemas.validity import fits, found
from tokentape.generate.schemas.words import text_for

SEEDS = st.integers(0, 2**32 - 1).map(lambda number: Dice(number.to_bytes(16, "little")))
RELAXED = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(schema, value):
    """Held against a full validator; formats too."""
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)
    json.dumps(value, allow_nan=False)


@RELAXED
@given(SCHEMAS, SEEDS)
def test_a_random_schema_gets_a_valid_value(schema, dice):
    """Whatever schema, whatever dice; our own small validator agrees."""
    value = value_for(schema, dice, ("rate limits", "Paris"))
    check(schema, value)
    assert fits(value, schema, schema)


@RELAXED
@given(
    SCHEMAS, st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4), st.lists, max_leaves=5)
)
def test_our_validator_says_what_a_full_one_says(schema, value):
    """Of values that were not drawn from the schema, too."""
    assert fits(value, schema, schema) == Draft202012Validator(schema).is_valid(value)


TREE = {"type": "object", "properties": {"value": {"type": "integer"}, "left": {"$ref": "#"}}, "required": ["value"]}
LIST = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
            "required": ["next"],
            "additionalProperties": False,
        }
    },
}
TRICKY = [
    TREE,
    LIST,
    {"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": {"type": "integer", "minimum": 5}}}]},
    {"allOf": [{"minimum": 3}, {"maximum": 4}], "type": "integer"},
    {"type": "array", "uniqueItems": True, "minItems": 3, "items": {"type": "integer", "minimum": 1, "maximum": 3}},
    {"type": "array", "contains": {"const": 7}, "items": {"enum": [7, 8]}},
    {"type": "integer", "not": {"enum": [1, 2, 3]}, "minimum": 1, "maximum": 5},
    {"oneOf": [{"type": "integer", "multipleOf": 2}, {"type": "integer", "multipleOf": 3}], "minimum": 2, "maximum": 9},
    {"if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"]}, "properties": {"a": {"enum": [1, 2]}}},
    {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 3},
    {"type": "object", "patternProperties": {"^x": {"type": "integer"}}, "required": ["xa", "yb"]},
    {"type": "object", "properties": {"a": True, "b": True}, "dependentRequired": {"a": ["b"]}},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    {"type": "integer", "exclusiveMinimum": 4, "exclusiveMaximum": 6},
    {"type": "object", "properties": {"score": {"type": "integer", "multipleOf": 10}}, "required": ["score"]},
    {"type": "number", "multipleOf": 0.1, "minimum": 1, "maximum": 2},
    {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}$"},
    {"type": "string", "pattern": "^v", "minLength": 20},
    {"enum": [1, "a", True], "type": "string"},
    {"type": ["object", "null"], "properties": {"a": {"type": ["array", "null"], "items": {"type": "number"}}}},
    {
        "items": [{"type": "integer"}, {"type": "string"}],
        "additionalItems": False,
        "type": "array",
        "$schema": "draft-07",
    },
    {"properties": {"a/b": {"$ref": "#/$defs/c~1d"}}, "required": ["a/b"], "$defs": {"c/d": {"const": 3}}},
]


@pytest.mark.parametrize("schema", TRICKY)
@pytest.mark.parametrize("seed", range(5))
def test_a_tricky_schema_gets_a_valid_value(schema, seed):
    """References, merging, and keywords that can only be tried."""
    value = value_for(schema, Dice(bytes([seed] * 16)))
    if "$schema" not in schema:
        check(schema, value)
    assert fits(value, schema, schema)


HOPELESS = [
    (False, "it is false"),
    (7, "7 is not of type 'object', 'boolean'"),
    ({"type": "text"}, "'text' is not valid under any of the given schemas"),
    ({"type": "object", "required": "a"}, "'a' is not of type 'array' of strings"),
    ({"type": "string", "minLength": -1}, "-1 is not of type 'non-negative integer'"),
    ({"properties": {"a": {"anyOf": []}}}, "[] is not of type 'array'"),
    ({"type": "string", "minLength": 5, "maxLength": 3}, "no text is at least 5 and at most 3 characters long"),
    ({"type": "integer", "minimum": 1.2, "maximum": 1.8}, "no integer is between its bounds"),
    ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "nothing is of type 'string' and of type 'integer'"),
    ({"$ref": "#"}, "its references lead back to themselves"),
    ({"$ref": "#/$defs/none"}, "the reference '#/$defs/none' points at nothing"),
    ({"$ref": "https://example.com/s.json"}, "the reference 'https://example.com/s.json' leads out of the schema"),
    ({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "it holds itself without an end"),
    ({"type": "string", "pattern": "^(a"}, "the pattern '^(a' breaks off"),
    ({"type": "string", "pattern": "^a$", "minLength": 3}, "no text was found for the pattern '^a$'"),
    ({"allOf": [{"enum": [1, 2]}, {"enum": [3]}]}, "two of its enums share no value"),
    ({"not": {}}, "no value was found"),
    ({"enum": ["a"], "type": "integer"}, "its enum holds no value"),
    (
        {"type": "array", "minItems": 200_000, "items": {"type": "integer"}},
        "its smallest value has more than 20000 parts",
    ),
]


@pytest.mark.parametrize(("schema", "why"), HOPELESS)
def test_a_schema_without_a_value_is_said_to_have_none(schema, why):
    """And why, in bounded time."""
    with pytest.raises(Unsatisfiable) as wrong:
        value_for(schema, Dice(bytes(16)))
    assert str(wrong.value).startswith(why)


@RELAXED
@given(st.from_regex(r"\A[a-c0-2.^$*+?{}()\[\]|\\dws,-]{0,12}\Z"), SEEDS)
def test_any_pattern_gets_a_text_that_fits_or_none(expression, dice):
    """Whatever stands in a pattern, nothing else is raised."""
    try:
        text = pattern.text_for(expression, dice)
    except Unsatisfiable:
        return
    assert re.search(expression, text)


def test_a_pattern_with_too_large_a_number_is_no_error_of_ours():
    """Python's own parser overflows at it."""
    with pytest.raises(Unsatisfiable, match="is not a 'regex'"):
        found("a{99999999999}", "a")


LENGTHS = [{"minLength": 40}, {"maxLength": 3}, {"minLength": 30, "maxLength": 30}, {"minLength": 5, "maxLength": 9}]
KINDS_OF_TEXT = [{}, {"format": "email"}, {"format": "date", "description": "anything"}]


@pytest.mark.parametrize("topics", [(), ("rate limits", "Paris")])
@pytest.mark.parametrize("kind", KINDS_OF_TEXT)
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("name", ["title", "summary", "city"])
def test_a_text_is_as_long_as_it_has_to_be(name, length, kind, topics):
    """Filled up with words, or cut; its length comes before what it looks like."""
    text = text_for({**kind, **length}, name, Dice(bytes(16)), topics)
    assert length.get("minLength", 0) <= len(text) <= length.get("maxLength", 200)


def test_a_text_is_filled_up_with_what_the_question_is_about():
    """And stays what it was at its beginning."""
    text = text_for({"format": "date", "minLength": 24}, "day", Dice(bytes(16)), ("a tape",))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d(?: a tape)+", text)


def test_a_length_that_no_text_has_is_said():
    """The bounds rule each other out."""
    with pytest.raises(Unsatisfiable, match="at least 5 and at most 3 characters"):
        text_for({"minLength": 5, "maxLength": 3}, "title", Dice(bytes(16)), ())
