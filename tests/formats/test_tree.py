"""What the tree of a cassette file is made of, and what can be told of a text without reading it."""

import pytest

from tokentape.formats.tree import conflict, looks_unlike_text


def test_a_conflict_is_recognised() -> None:
    """The first marker that git left, with its line; an underline is none."""
    text = b"version: 2\ninteractions:\n<<<<<<< HEAD\n- id: 0\n=======\n- id: 1\n>>>>>>> other\n"
    found = conflict(text)
    assert found is not None
    assert (found.line, "<<<<<<< HEAD" in found.problem) == (3, True)
    assert conflict(b"a: |\n  <<<<<<< HEAD\n  =======\n") is None


@pytest.mark.parametrize(
    "text", ["1", "-1", "+1.5e3", "0x1f", ".inf", ".NaN", "true", "Off", "1:30", "2020-1-2", "<<", "", "1_0"]
)
def test_what_is_not_text_to_some_reader(text: str) -> None:
    """What any of the readers in use takes for a number, a boolean, a date or nothing."""
    assert looks_unlike_text(text)


@pytest.mark.parametrize(
    "text", ["a", "1a", "-", ".", "e3", "0x", "0xg", "truely", "2020-10-01-x", "1.2.3", "10.1.1.1", "--1"]
)
def test_what_is_text_to_all(text: str) -> None:
    """Version numbers, addresses and words stay plain."""
    assert not looks_unlike_text(text)
