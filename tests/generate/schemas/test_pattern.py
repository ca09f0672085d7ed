"""Texts for the patterns of schemas: each kind of piece that they are made of, and what has no text."""

import re

import pytest

from tokentape.generate.material.dice import Dice
from tokentape.generate.schemas.merging import Unsatisfiable
from tokentape.generate.schemas.pattern import text_for

PATTERNS = [
    "",
    "^$",
    "^abc$",
    "^a|b$",
    "^(?:red|green|(?:dark|light) blue)$",
    "^(?P<first>x)(y)$",
    "^(?=a)a(?!b)$",
    r"\bword\b",
    "^a.c$",
    "^[a-]$",
    "^[]a]$",
    r"^[\]\d_]{3}$",
    "^[^a-z]+$",
    "^[一-三]$",
    r"^\s\S\D\W\w$",
    r"^\u0041\x42\n\t\r\f\v\0\.\*\\$",
    "^x{2,}y{0,3}z{4}$",
    "^x{2}y?z*w+$",
    "^a+?b*?c??$",
    "^{a}$",
    r"^\d{50}$",
    "^[0-9]{3}-[0-9]{4}$",
    r"^[a-zA-Z0-9._%+-]+@[a-z]+\.com$",
]


@pytest.mark.parametrize("expression", PATTERNS)
def test_a_text_is_found_for_each_piece_of_a_pattern(expression):
    """Whatever the dice."""
    for number in range(20):
        assert re.search(expression, text_for(expression, Dice(bytes([number] * 16))))


def test_a_group_may_be_named_as_schemas_name_it():
    """As JavaScript has it; Python alone could not read the name, and the schema was refused."""
    assert text_for(r"^(?<year>\d{4})\(?<b$", Dice(bytes(16)))[:4].isdigit()


@pytest.mark.parametrize(("low", "high"), [(0, 3), (7, 7), (30, None), (5, 40)])
def test_a_text_is_as_long_as_it_has_to_be(low, high):
    """Its repeats are as many as that takes."""
    for number in range(20):
        assert low <= len(text_for("^v[0-9]+", Dice(bytes([number] * 16)), low, high)) <= (high or 200)


NOT_READ = [
    ("^a{,3}$", r"{,3}"),
    (r"^\p{L}+$", r"\p"),
    (r"^[\p{Lu} ]+$", r"\p"),
    (r"^\P{L}$", r"\P"),
    (r"^(a)\1$", r"\1"),
    (r"^(?<y>a)\k<y>$", r"\k"),
    (r"^\cA$", r"\c"),
    (r"^\d+\Z$", r"\Z"),
    (r"\Aa", r"\A"),
    ("(?i)^abc$", "(?i"),
    ("^(?>a)$", "(?>"),
    ("^(?P<y>a)(?P=y)$", "(?P"),
    (r"^\u{1F600}$", r"\u{"),
]


@pytest.mark.parametrize(("expression", "part"), NOT_READ)
def test_what_a_pattern_has_that_is_not_read_here_was_told_as_no_text_or_a_broken_pattern(expression, part):
    """It may be right, in JavaScript or in Python, so what is told is the part."""
    with pytest.raises(Unsatisfiable) as wrong:
        text_for(expression, Dice(bytes(16)))
    assert str(wrong.value) == f"the pattern {expression!r} has a {part}, which tokentape does not read"


def test_a_bracket_in_a_class_printed_a_warning(recwarn):
    """Python has plans for it. In a schema it is a character."""
    assert text_for("^[[x]{4}$", Dice(bytes(16)))
    assert text_for(r"^[a[\]&&b||c~~]+\[[^[]$", Dice(bytes(16)))
    assert [str(one.message) for one in recwarn] == []


HOPELESS = [
    ("(a", "breaks off"),
    ("[a", "breaks off"),
    ("a\\", "breaks off"),
    ("a)", "has a bracket too many"),
    (r"\xZZ", "has a broken escape"),
    ("(" * 70 + ")" * 70, "the pattern is nested too deep"),
    ("^a{10001}$", "asks for more than 10,000 repeats"),
    ("^a$b", "no text was found"),
    ("a**", "is not a 'regex'"),
]


@pytest.mark.parametrize(("expression", "why"), HOPELESS)
def test_a_pattern_without_a_text_is_said_to_have_none(expression, why):
    """And why."""
    with pytest.raises(Unsatisfiable, match=re.escape(why)):
        text_for(expression, Dice(bytes(16)))
