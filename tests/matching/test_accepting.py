"""A difference becomes a rule: the narrowest that makes the two equal, put into the file without moving anything."""

import json
import tomllib

import pytest

from tokentape.errors import BadSetting
from tokentape.matching.accepting import Pair, Proposal, proposal, with_rule
from tokentape.matching.differ import differences
from tokentape.matching.form import form_of
from tokentape.model import Request
from tokentape.rules.rules import Rules

URL = "https://api.openai.com/v1/responses"
UUIDS = ("0b0e5b6e-92c1-4d0f-8a55-0a4c0f6f1d11", "7c1f40b2-6d3e-4f1a-9e11-5b0c8b7a9d22")


def request(body, url=URL, method="POST"):
    return Request(method, url, (("Content-Type", "application/json"),), json.dumps(body).encode())


def proposed(recorded, incoming, toml="", override=None):
    """The rule for two requests, as its keys."""
    rules = Rules.parse(toml, "library.toml")
    profile = (rules.matching_on(override) if override else rules).profile_for("chat")
    found = differences(form_of(recorded, profile), form_of(incoming, profile))
    rule = proposal(Pair(recorded, incoming, "chat", toml, override=override), found)
    return dict(rule.entries) if rule is not None else None


PAIRS = [
    ("a model with a date", {"model": "gpt-4o-2024-08-06"}, {"model": "gpt-4o"}, {"model_aliases": True}),
    ("an id", {"run": UUIDS[0]}, {"run": UUIDS[1]}, {"same": ["uuid"]}),
    ("a date", {"at": "2026-01-31"}, {"at": "2026-02-01"}, {"same": ["date"]}),
    ("both", {"run": UUIDS[0], "at": "2026-01-31"}, {"run": UUIDS[1], "at": "2026-02-01"}, {"same": ["uuid", "date"]}),
    ("a value", {"seed": 1}, {"seed": 2}, {"ignore": ["body.seed"]}),
    ("a place that is not there", {"a": 1}, {"a": 1, "user": "x"}, {"ignore": ["body.user"]}),
    ("a key with a dot", {"x.y": 1}, {"x.y": 2}, {"ignore": ['body["x.y"]']}),
    ("an item", {"m": [{"c": "a"}]}, {"m": [{"c": "b"}]}, {"ignore": ["body.m[0].c"]}),
    ("several", {"a": 1, "b": 1}, {"a": 2, "b": 2}, {"ignore": ["body.a", "body.b"]}),
    ("ids that are related otherwise", {"a": UUIDS[0], "b": UUIDS[0]}, {"a": UUIDS[0], "b": UUIDS[1]}, None),
]


@pytest.mark.parametrize(("recorded", "incoming", "rule"), [row[1:] for row in PAIRS], ids=[row[0] for row in PAIRS])
def test_the_narrowest_rule(recorded, incoming, rule):
    """What says least is tried first."""
    expected = rule or {"ignore": ["body.b"]}
    assert proposed(request(recorded), request(incoming)) == expected


def test_a_query_key():
    """All values of a name, for a rule has no word for one of them."""
    recorded, incoming = request({}, f"{URL}?v=1&v=2"), request({}, f"{URL}?v=1&v=3")
    assert proposed(recorded, incoming) == {"ignore": ["query.v"]}


NO_RULE = [
    ("another path", request({}), request({}, "https://api.openai.com/v1/other")),
    ("another method", request({}), request({}, method="PUT")),
    ("another kind of body", request({}), Request("POST", URL, (), b"text")),
    ("a name too long to write", request({"k" * 300: 1}), request({"k" * 300: 2})),
    ("too many differences", request({}), request({f"k{number}": 1 for number in range(200)})),
]


@pytest.mark.parametrize(("recorded", "incoming"), [row[1:] for row in NO_RULE], ids=[row[0] for row in NO_RULE])
def test_where_no_rule_can_say_it(recorded, incoming):
    """Nothing is proposed that would not make the two equal."""
    assert proposed(recorded, incoming) is None


def test_what_was_asked_for_on_the_command_line_still_holds():
    """A header that match_on names is ignored by its name."""
    recorded, incoming = (
        Request("POST", URL, (("X-Tenant", tenant), ("Content-Type", "application/json")), b"{}") for tenant in "ab"
    )
    override = ("method", "url", "body", "header:x-tenant")
    assert proposed(recorded, incoming, override=override) == {"ignore": ["header.x-tenant"]}


RULE = Proposal("chat", ("body.b", 'body["c\x7f\\d"]'))
FILES = {
    "no file": "",
    "a comment without a line's end": "# ours",
    "another cassette's rule": '[[rule]]\ncassettes = "other"\nignore = ["body.a"]\n',
    "a rule that is longer": '[[rule]]\ncassettes = "chat"\nignore = [\n  "body.a",\n]\n',
    "a rule for several": '[[rule]]\ncassettes = ["chat", "other"]\nignore = ["body.a"]\n',
    "only hosts": '[hosts]\n"a.example" = "b.example"\n',
}


@pytest.mark.parametrize("before", FILES.values(), ids=list(FILES))
def test_a_rule_goes_to_the_end(before):
    """What was there stands in front of it, letter for letter, and says what it said."""
    after = with_rule(before, RULE)
    assert after.startswith(before)
    tree = tomllib.loads(after)
    added = tree["rule"].pop()
    assert added == {"cassettes": "chat", "ignore": list(RULE.ignore)}
    assert {key: value for key, value in tree.items() if value} == tomllib.loads(before)


LONGER = [
    ('ignore = ["body.a"]', 'ignore = ["body.a", "body.b"]'),
    ("ignore = []   # none", 'ignore = ["body.b"]   # none'),
    ("  ignore=['body.a']", """  ignore=['body.a', "body.b"]"""),
    ('ignore = ["body.b"]', 'ignore = ["body.b"]'),
]


@pytest.mark.parametrize(("before", "after"), LONGER)
def test_a_rule_that_ignores_places_takes_one_more(before, after):
    """For the same cassette there is one list, not a new rule each time."""
    frame = '# top\n[[rule]]\ncassettes = "chat"  # c\n{}\nmodel_aliases = true\n\n[hosts]\n"a.b" = "c.d"\n'
    assert with_rule(frame.format(before), Proposal("chat", ("body.b",))) == frame.format(after)


def test_a_file_with_a_mistake_is_no_place_for_a_rule():
    """An error, and no text."""
    with pytest.raises(BadSetting):
        with_rule("[[rule]\n", RULE)
