"""A test's own cassette: a name that is always good, that a person finds, and that no other test has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentape.names import LONGEST_NAME, parse_name
from tokentape.pytest_plugin.naming import cassette_of

NAMES = [
    ("test_a.py::test_b", "test_a/test_b"),
    ("tests/chat/test_a.py::TestC::test_d", "tests/chat/test_a/TestC/test_d"),
    ("test_a.py::test_b[gpt-5]", "test_a/test_b-gpt-5"),
    ("test_a.py::test_b[1.5-x_y]", "test_a/test_b-1.5-x_y"),
]


@pytest.mark.parametrize(("nodeid", "name"), NAMES)
def test_the_name_is_where_the_test_is(nodeid, name):
    """File, class, function, parameter."""
    assert cassette_of(nodeid) == name == parse_name(name)


STRANGE = [
    "test_a.py::test_b[a b]",
    "test_a.py::test_b[a/b]",
    "test_a.py::test_b[a::b]",
    "test_a.py::test_b[é]",
    "test_a.py::test_b[x.yaml]",
    "test_a.py::test_b[x.json]",
    "test_a.py::test_b[]",
    "test_a.py::test_b[" + "x" * 500 + "]",
    "test_a.py::test_b[" + "x" * 499 + "y]",
    "../outside/test_a.py::test_b",
    ".hidden/test_a.py::test_b",
    "unnamed/test_a.py::test_b",
    "Unnamed.py::test_b",
    "test_a.py::test_b[\n]",
    "test_a.py::test_b[[x]]",
]


def test_strange_names_are_good_and_different():
    """What has no place in a name makes way for a digest."""
    names = [cassette_of(nodeid) for nodeid in STRANGE]
    assert [parse_name(name) for name in names] == names
    assert len({name.lower() for name in names}) == len(names)
    assert all(len(name) <= LONGEST_NAME for name in names)


@given(st.text(min_size=1), st.text(), st.text())
def test_any_parameter_makes_a_good_name(path, function, parameter):
    """Whatever pytest puts there: the grammar of names holds, and the next parameter has another name."""
    names = {cassette_of(f"{path}.py::test{function}[{parameter}{more}]") for more in ("", "x")}
    assert {parse_name(name) for name in names} == names
    assert len(names) == 2
