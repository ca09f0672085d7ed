"""What runs never used, out of their reports."""

import json

import pytest

from tokentape.errors import BadSetting
from tokentape.reporting.reports import CassetteReport, Refused, Report, Unplayed, tree_of
from tokentape.reporting.unused import Use, positions, read_report, unused_in_all

REPORT = Report(
    replayed=1,
    refused=(Refused("GET", "https://x.example/", "out-of-date", "no", 3),),
    unused=(("a", (1, 2)),),
    unplayed=(Unplayed("a", 1, "one"), Unplayed("a", 2, "two")),
    cassettes=(CassetteReport("a"), CassetteReport("b"), CassetteReport("")),
)
TEXT = json.dumps(tree_of(REPORT))


@pytest.mark.parametrize(
    "text", [TEXT, json.dumps(json.loads(TEXT), indent=2), f"1 passed\n{TEXT}\n", f"{TEXT}\n{{}}\n"]
)
def test_a_report_is_read(text):
    """As it is written to a file, laid out by a person, or behind what the command said."""
    assert read_report(text, "r.json") == Use({"a": ("one", "two"), "b": ()}, 3)


def changed(**members: object) -> str:
    """A report with some members changed."""
    return json.dumps(json.loads(TEXT) | members)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is no report"),
        ("[]", "it is no report"),
        ('{"form":' * 100_000, "it is no report"),  # this was a traceback
        ('{"a": 1}', "it is no report"),
        (changed(form=99), "form 99"),
        (changed(unused=[{"cassette": "a", "positions": [1], "fingerprints": []}]), "does not say which"),
        (changed(unused=[{"cassette": "a", "positions": [1]}]), "it is no report"),
        (changed(cassettes=7), "it is no report"),
    ],
)
def test_what_is_no_report(text, message):
    """An error with the way to get one; never taken for a run that used nothing."""
    with pytest.raises(BadSetting, match=message) as caught:
        read_report(text, "r.json")
    assert str(caught.value).startswith("r.json: ")
    assert caught.value.hint.startswith("tokentape replay --report FILE")


ONE = Use({"a": ("x", "y", "y"), "b": ("z",), "c": ()})
OTHER = Use({"a": ("y", "w"), "b": ()})


@pytest.mark.parametrize(
    ("uses", "unused"),
    [
        ([ONE], {"a": ("x", "y", "y"), "b": ("z",), "c": ()}),
        ([ONE, OTHER], {"a": ("y",), "b": (), "c": ()}),
        ([OTHER, ONE], {"a": ("y",), "b": (), "c": ()}),
        ([], {}),
    ],
)
def test_of_several_runs_what_none_used(uses, unused):
    """A run that did not touch a cassette has no say in it."""
    assert unused_in_all(uses) == unused


@pytest.mark.parametrize(
    ("wanted", "there", "found"),
    [
        (["b"], ["a", "b", "c"], (1,)),
        (["a"], ["a", "b", "a"], (2,)),
        (["a", "a"], ["a", "b", "a"], (0, 2)),
        (["a", "a"], ["a"], (0,)),
        (["gone"], ["a"], ()),
    ],
)
def test_where_they_are(wanted, there, found):
    """Of equal recordings the last: that is the one which is never reached."""
    assert positions(wanted, there) == found
