"""The documents: their tables are the code's, their links lead somewhere, and their examples do what they say."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from console import fenced
from running import ROOT
from secrets_for_tests import OPENAI_KEY as KEY

import tables
from tokentape import formats
from tokentape.cli.commands import commands
from tokentape.matching.form import form_of, incoming_keys, recorded_keys
from tokentape.model import Cassette, Chunk, Interaction, Request, Response
from tokentape.redaction.redact import redact, redact_request
from tokentape.rules.profile import DEFAULT, Profile
from tokentape.rules.rules import Rules
from tokentape.rules.rulesfile import _RULE_KEYS

DOCS = ROOT / "addon" / "docs"
DOCUMENTS = [*tables.DOCUMENTS, ROOT / "addon" / "README.md"]
RULES = (DOCS / "rules.md").read_text()


@pytest.mark.parametrize("document", tables.DOCUMENTS, ids=lambda path: path.name)
def test_the_tables_are_those_of_the_code(document: Path) -> None:
    """What the code has as a table stands in the document as the code has it now."""
    text = document.read_text()
    assert tables.filled(text) == text, "run .venv/bin/python scripts/lib/tables.py"


def test_every_table_stands_somewhere() -> None:
    """No table is made for nobody, and a misspelled place is noticed."""
    places = [name for document in tables.DOCUMENTS for _, name, _, _ in tables.PLACE.findall(document.read_text())]
    assert sorted(places) == sorted(tables.TABLES)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_links_lead_somewhere(document: Path) -> None:
    """A link to a file of this project names one that is there."""
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text()):
        assert "://" in target or (document.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_commands_that_are_named_exist(document: Path) -> None:
    """No document promises a command that there is not."""
    named = set(re.findall(r"(?:^\$ |`|-- |=\S+ )tokentape ([a-z]+)\b", document.read_text(), re.MULTILINE))
    assert named <= set(commands.commands)


# --- rules.md ---------------------------------------------------------------------------------------------------------

_LINE = re.compile(
    r"(?:(?P<sign>[=≠]) |(?P<cassette>[\w/-]+): )?(?P<method>[A-Z]+) (?P<url>\S+)"
    r"(?: \((?P<name>[\w-]+): (?P<value>[^)]*)\))?(?: (?P<body>.+))?"
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an example: a request, and whether the recorded one answers it (None: this is the recorded one)."""

    cassette: str
    answered: bool | None
    request: Request


def line_of(text: str) -> Line:
    """A line as it is written."""
    found = _LINE.fullmatch(text)
    assert found is not None, text
    headers = ((found["name"], found["value"]),) if found["name"] else ()
    request = Request(found["method"], found["url"], headers, (found["body"] or "").encode())
    return Line(found["cassette"] or "", found["sign"] == "=" if found["sign"] else None, redact_request(request))


def examples() -> Iterator[tuple[str, list[list[Line]]]]:
    """Each piece of TOML with the examples behind it."""
    for piece in RULES.split("```toml\n")[1:]:
        blocks = fenced(piece.partition("```\n")[2], "text")
        yield piece.partition("```\n")[0], [[line_of(line) for line in block.splitlines()] for block in blocks]


EXAMPLES = list(examples())


def answers(recorded: Request, incoming: Request, profile: Profile, hits: set[str] | None = None) -> bool:
    """Whether a recording answers a request under a profile."""
    keys = recorded_keys(form_of(recorded, profile, hits=hits))
    return not set(keys).isdisjoint(incoming_keys(form_of(incoming, profile, hits=hits)))


@pytest.mark.parametrize(("toml", "blocks"), EXAMPLES, ids=lambda value: value[:30] if isinstance(value, str) else "")
def test_rules_have_the_effect_that_is_told(toml: str, blocks: list[list[Line]]) -> None:
    """Each line is answered or not as it says, and no entry of an example is without effect."""
    rules, hits, changed = Rules.parse(toml, "library.toml"), set[str](), False
    for recorded, *incoming in blocks:
        profile = rules.profile_for(recorded.cassette or None)
        for line in incoming:
            assert answers(recorded.request, line.request, profile, hits) is line.answered, line
            changed |= answers(recorded.request, line.request, DEFAULT) is not line.answered
    assert changed, "without the rule the same would be said"
    assert hits >= set(rules.entries())


def test_every_key_of_a_rule_has_an_example() -> None:
    """What a rule can say is shown."""
    trees = [tomllib.loads(toml) for toml, _ in EXAMPLES]
    assert {key for tree in trees for rule in tree.get("rule", ()) for key in rule} == set(_RULE_KEYS)
    assert any("hosts" in tree for tree in trees)


# --- matching.md ------------------------------------------------------------------------------------------------------


def test_what_is_taken_out_where() -> None:
    """The table of what happens to a secret in requests and in responses."""
    request = Request(
        "POST",
        f"https://me:{KEY}@api.openai.com/v1/x?api_key={KEY}&page=2",
        (("Authorization", f"Bearer {KEY}"), ("traceparent", "00-1-2-03"), ("Accept", "*/*")),
        f'{{"api_key": "{KEY}"}}'.encode(),
    )
    answer = Response(
        200,
        headers=(("X-Api-Key", KEY), ("traceparent", "00-1-2-03"), ("Location", f"https://me:{KEY}@h/?api_key={KEY}")),
        body=f'{{"access_token": "{KEY}", "other": "{KEY}x"}}'.encode(),
    )
    clean = redact(Interaction(request, answer))
    assert clean.request.url == "https://api.openai.com/v1/x?page=2"
    assert clean.request.headers == (("Accept", "*/*"),)
    assert clean.request.body == b'{"api_key": "tokentape-redacted-api-key-1"}'
    assert dict(clean.response.headers) == {
        "X-Api-Key": "sk-proj-tokentape-redacted-api-key-1",
        "traceparent": "00-1-2-03",
        "Location": "https://tokentape-redacted-user-info-1@h/?api_key=sk-proj-tokentape-redacted-api-key-1",
    }
    assert b'"access_token": "sk-proj-tokentape-redacted-access-token-1"' in clean.response.body
    assert KEY.encode() not in clean.response.body, "the same value at no known place goes too"


# --- cassette.md ------------------------------------------------------------------------------------------------------


def test_the_cassette_that_is_shown_is_one() -> None:
    """The example is what tokentape itself would write, and its notes fit its bodies."""
    (block,) = fenced((DOCS / "cassette.md").read_text(), "yaml")
    cassette = formats.load(block.encode(), "example.yaml")
    (interaction,) = cassette.interactions
    assert formats.edited(interaction) == ()
    assert formats.dump(formats.load(block.encode(), "example.yaml"), "yaml").decode() == block


def test_the_keys_of_our_notes_are_told() -> None:
    """Each key that is ever written under x_tokentape has a row, and no other has."""
    headers = (("content-encoding", "gzip"), ("content-length", "9"), ("content-type", "application/json"))
    interaction = Interaction(
        Request("POST", "https://api.openai.com/v1/x", headers, b'{"a":1}'),
        Response(200, "", headers, b'{"b":2}', trailers=(("x-end", "1"),), chunks=(Chunk(7, 0.5),), truncated=True),
    )
    written = yaml.safe_load(formats.dump(Cassette((interaction,)), "yaml"))["interactions"][0]["x_tokentape"]
    text = (DOCS / "cassette.md").read_text()
    told = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert set(told) == {"version", *written["request"], *written["response"]}
