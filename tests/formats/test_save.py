"""Saving cassettes: whatever an interaction holds comes back, what is in a file stays, and appending touches nothing else."""

from dataclasses import replace

import pytest
import yaml
from any_interaction import interactions
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tokentape import formats
from tokentape.errors import LibraryTrouble
from tokentape.model import Cassette, Interaction, Request, Response

kinds = st.sampled_from(["yaml", "json"])
modest = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
SAFE_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

CHAT = Interaction(
    Request(
        "POST",
        "https://api.openai.com/v1/chat/completions",
        (("content-type", "application/json"),),
        b'{"model": "gpt-4o"}',
    ),
    Response(200, "OK", (("Content-Type", "application/json"),), b'{"id":"chatcmpl-1"}'),
    1.5,
)
# A form with a field name too long for a simple key.
FORM = replace(
    CHAT,
    request=Request(
        "POST",
        "https://a.test/?q=1",
        (("Content-Type", "application/x-www-form-urlencoded"),),
        b"a=%7B&a=2&" + b"k" * 1100 + b"=1",
    ),
)


@modest
@given(present=st.lists(interactions, max_size=3), kind=kinds)
@example(present=[CHAT, FORM], kind="yaml")
def test_what_is_dumped_loads_equal(present: list[Interaction], kind: str) -> None:
    """Any interaction with any bytes, header text and odd strings comes back from a file as it was."""
    cassette = Cassette(tuple(present))
    data = formats.dump(cassette, kind)
    loaded = formats.load(data, f"a.{kind}")
    assert loaded == cassette
    assert formats.dump(loaded, kind) == data


@modest
@given(one=interactions)
def test_pyyaml_reads_the_same_texts(one: Interaction) -> None:
    """PyYAML's safe loader takes every text we write for the text it is."""
    data = formats.dump(Cassette((one,)), "yaml")
    theirs = yaml.load(data, SAFE_LOADER)["interactions"][0]
    ours = formats.load(data, "a.yaml").interactions[0].raw
    assert as_text(theirs) == as_text(dict(ours or {}))


def as_text(value: object) -> object:
    """A tree with all scalars as text; keys that are not UTF-8 are bytes to PyYAML."""
    if isinstance(value, dict):
        return {as_text(key): as_text(below) for key, below in value.items()}
    if isinstance(value, list):
        return [as_text(below) for below in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


@modest
@given(
    present=st.lists(interactions, min_size=1, max_size=3),
    added=st.lists(interactions, max_size=2),
    kind=kinds,
    cut=st.booleans(),
)
def test_appending_keeps_the_file(present: list[Interaction], added: list[Interaction], kind: str, cut: bool) -> None:
    """More interactions go behind those of the file; no byte of it changes, with or without a last line's end."""
    cassette = Cassette(tuple(present))
    data = formats.dump(cassette, kind)
    data = data.removesuffix(b"\n") if cut else data
    before = formats.load(data, f"a.{kind}")
    longer = formats.append(data, before, added, kind)
    assert formats.load(longer, f"a.{kind}").interactions == (*before.interactions, *added)
    head = data if kind == "yaml" else data.rstrip().removesuffix(b"\n  ]\n}")
    assert longer.startswith(head)


@modest
@given(one=interactions, kind=kinds, other=kinds)
def test_a_file_changes_its_kind(one: Interaction, kind: str, other: str) -> None:
    """YAML becomes JSON, and JSON becomes YAML, with nothing lost."""
    loaded = formats.load(formats.dump(Cassette((one,)), kind), f"a.{kind}")
    assert formats.load(formats.dump(loaded, other), f"a.{other}").interactions == (one,)
