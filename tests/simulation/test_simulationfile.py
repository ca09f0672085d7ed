"""The simulation's file: what each key means, and what is said of a mistake."""

import json
import re
import textwrap

import pytest
from console import fenced
from running import ROOT

from tokentape.errors import BadSetting
from tokentape.rules.spots import Spot
from tokentape.simulation.faults import Fault
from tokentape.simulation.latency import AT_ONCE, Spread
from tokentape.simulation.limits import Limit
from tokentape.simulation.parts import Simulation
from tokentape.simulation.seedvariables import latencies_of_simulator, variables_of_simulator
from tokentape.simulation.simulationfile import (
    _ALL_OPERATIONS,
    _LATENCY_KEYS,
    _LIMIT_KEYS,
    _SPREADS,
    _TOP,
    from_tree,
    read,
)
from tokentape.simulation.speeds import PROFILES

WHOLE = """
seed = 7
keys = ["sim-key-1", "env:SIMULATOR_KEY"]
only_deployments = true

[latency]
profile = "gpt-4o"
token = "12ms"

[latency.embeddings]
whole = "100ms"
whole_spread = "30ms"

[limits]
requests_per_minute = 600

[[deployment]]
name = "gpt-4o-10k"
model = "gpt-4o"
tokens_per_minute = 10_000
requests_window = "1s"

[[deployment]]
name = "claude-*"
input_tokens_per_minute = 40_000
output_tokens_per_minute = 8_000
per = "deployment"
latency = {first_token = "1s", own_speed = 0.2, under_load = 2, busy_at = 50}

[[fault]]
kind = "status"
status = 503
rate = 0.01

[[fault]]
kind = "cut"
event = 3
every = 100
deployments = "gpt-*"
paths = "*/chat/completions"
"""
ENVIRON = {"SIMULATOR_KEY": "sim-key-2"}


@pytest.fixture
def whole() -> Simulation:
    return read(WHOLE, "simulation.toml", ENVIRON)


def test_what_the_file_says(whole):
    """Seed, keys (of the environment too), whether there are other deployments."""
    assert (whole.seed, whole.only_deployments) == (7, True)
    assert whole.keys == {"sim-key-1", "sim-key-2"}


def test_the_first_deployment_that_fits_counts(whole):
    """Its own limits in place of the usual ones; a deployment without any has those."""
    assert whole.limit_of(whole.deployment("gpt-4o-10k")) == Limit(tokens=10_000, window=1.0)
    assert whole.limit_of(whole.deployment("claude-opus")).per == "deployment"
    assert whole.limit_of(whole.deployment("another")) == Limit(requests=600)


def test_latency_by_operation_and_by_deployment(whole):
    """What a table does not say it has from the one it stands in."""
    usual = whole.latency_of(None, "chat")
    assert usual.first_token == PROFILES["gpt-4o"].first_token
    assert usual.token == Spread(0.012)
    assert whole.latency_of(None, "embeddings").whole == Spread(0.1, 0.03)
    claude = whole.deployment("claude-opus")
    assert whole.latency_of(claude, "chat").first_token == Spread(1.0)
    assert whole.latency_of(claude, "chat").token == Spread(0.012)
    assert whole.latency_of(claude, "embeddings").whole == Spread(0.1, 0.03)
    assert (whole.latency_of(claude, "chat").under_load, whole.latency_of(claude, "chat").busy_at) == (2, 50)


def test_faults(whole):
    """Each with its rule."""
    first, second = whole.faults
    assert (first.fault, first.rate, first.every) == (Fault("status", 503), 0.01, 0)
    assert (second.fault, second.every) == (Fault("cut", event=3), 100)
    assert second.concerns(("gpt-4o",), "/v1/chat/completions")
    assert not second.concerns(("gpt-4o",), "/v1/embeddings")


def test_an_empty_file_simulates_nothing():
    """And is none the worse for it."""
    assert read("", "simulation.toml", {}) == Simulation()
    assert Simulation().latency_of(None, "chat") is AT_ONCE


def test_the_same_as_json(whole):
    """What comes over the control endpoint is read by the same grammar."""
    tree = json.loads(json.dumps(whole.tree))
    assert from_tree(tree, Spot("simulation", ""), ENVIRON) == whole


def test_a_profile_by_name():
    """For one deployment."""
    simulation = read('[[deployment]]\nname = "x"\nlatency = "gpt-5.5"\n', "s.toml", {})
    assert simulation.latency_of(simulation.deployment("x"), "chat") == PROFILES["gpt-5.5"]


MISTAKES = [
    ("limit = 3", "line 1: `limit`: there is no such key", "did you mean `limits`?"),
    ("seed = 1.5", "line 1: `seed`: must be a whole number, got a number", ""),
    ("keys = 'a'", "line 1: `keys`: must be a list of texts, got a text", ""),
    ("keys = ['env:NOWHERE']", "line 1: `keys`: the variable NOWHERE is not set", "set NOWHERE"),
    ("only_deployments = 1", "line 1: `only_deployments`: must be true or false, got a number", ""),
    ("latency = 3", "line 1: `latency`: must be a table, got a number", "[latency]"),
    ("[latency]\nfirst_tokn = '1s'", "line 2: [latency], `first_tokn`: there is no such key", "`first_token`"),
    ("[latency]\nfirst_token = 350", "line 2: [latency], `first_token`: must be a time, got a number", '"350ms"'),
    ("[latency]\nfirst_token = '350'", "line 2: [latency], `first_token`: is no time", '"350ms"'),
    ("[latency]\ntoken_spread = '1s'", "`token_spread`: there is no `token` that it could be the spread of", ""),
    ("[latency]\nprofile = 'gpt-4oo'", "`profile`: there is no profile 'gpt-4oo'", "did you mean `gpt-4o`?"),
    ("[latency.chatt]\ntoken = '1s'", "[latency], `chatt`: there is no such key", ""),
    ("[latency.chat]\ntokn = '1s'", "line 2: [latency.chat], `tokn`: there is no such key", "`token`"),
    ("[latency]\nunder_load = 0.5", "must be 1 or more, got 0.5", "2 is: twice as long"),
    ("[limits]\ntokens_per_minute = 0", "line 2: [limits], `tokens_per_minute`: must be 1 or more, got 0", "leave it"),
    ("[limits]\nrequests_per_minute = '5'", "must be a whole number, got a text", "requests_per_minute = 60"),
    ("[limits]\nper = 'user'", "`per`: must be one of deployment, key", ""),
    ("[limits]\nrequests_window = '2m'", "`requests_window`: must be above 0s and at most 60s", "10s, or 1s"),
    ("[deployment]\nname = 'a'", "[deployment]: must be a list of tables", "[[deployment]], with two brackets"),
    ("[[deployment]]\nmodel = 'a'", "line 1: [[deployment]] 1: has no `name`", "gpt-4o-10k"),
    (
        "[[deployment]]\nname = 'a'\n[[deployment]]\nname = 'b'\ntokenPerMinute = 5",
        "line 5: [[deployment]] 2, `tokenPerMinute`: there is no such key",
        "did you mean",
    ),
    (
        "[[deployment]]\nname = 'a'\nlatency = 5",
        "line 3: [[deployment]] 1, `latency`: must be the name of a profile",
        "",
    ),
    ("[[fault]]\nrate = 1", "line 1: [[fault]] 1: has no `kind`", "status, timeout, reset"),
    ("[[fault]]\nkind = 'stale'", "line 2: [[fault]] 1, `kind`: must be one of", "did you mean `stall`?"),
    (
        "[[fault]]\nkind = 'reset'\nstatus = 500",
        "line 3: [[fault]] 1, `status`: a fault of kind reset has none",
        "nothing",
    ),
    ("[[fault]]\nkind = 'status'\nstatus = 200", "`status`: must be 400 or more, got 200", ""),
    ("[[fault]]\nkind = 'reset'\nrate = 5", "`rate`: must be from 0 to 1, got 5", "five of a hundred"),
    ("[[fault]]\nkind = 'reset'\nrate = 1\nevery = 2", "`every`: there is a `rate` as well", ""),
    ("[[fault]]\nkind = 'reset'\nrate = nan", "`rate`: must be a number", ""),
    ("[[answer]]\nwhen = {}", "s.toml: answer[0]", ""),
    ("[limits\n", "s.toml, line 1: this is not TOML", "toml.io"),
]


@pytest.mark.parametrize(("text", "problem", "hint"), MISTAKES)
def test_mistakes_are_told(text, problem, hint):
    """File, line, table and key, and what was probably meant; the Azure simulator logs, and goes on without."""
    with pytest.raises(BadSetting) as caught:
        read(textwrap.dedent(text), "s.toml", {})
    assert str(caught.value).startswith("s.toml")
    assert problem in str(caught.value)
    assert hint in caught.value.hint


def test_a_key_is_not_repeated_in_an_error():
    """It may be the real one."""
    with pytest.raises(BadSetting) as caught:
        read('keys = ["sk-secret", 5]', "s.toml", {})
    assert "sk-secret" not in str(caught.value) + caught.value.hint


# --- the variables of the Azure simulator -----------------------------------------------------------------------------

MEANS = {
    f"LATENCY_OPENAI_{word}_MEAN": "20" for word in ("CHAT_COMPLETIONS", "COMPLETIONS", "EMBEDDINGS", "TRANSLATIONS")
}


def test_the_variables_mean_what_they_mean_there():
    """Milliseconds a token for chat and, as its documents say, completions; a request for embeddings, a megabyte for
    translations."""
    latencies = latencies_of_simulator(MEANS)
    for operation in ("chat", "completions"):
        assert latencies.of(operation).token == latencies.of(operation).first_token == Spread(0.02)
    assert latencies.of("chat").own_speed == pytest.approx(6 / 20)
    assert latencies.of("embeddings").whole == Spread(0.02, 0.03)
    assert latencies.of("translations").megabyte == Spread(0.02)
    assert latencies.of("images") is AT_ONCE


def test_what_they_do_not_say_has_that_simulator_s_defaults():
    """One of them is enough to switch them on."""
    only = {"LATENCY_OPENAI_EMBEDDINGS_MEAN": "50", "LATENCY_OPENAI_CHAT_COMPLETIONS_STD_DEV": ""}
    assert variables_of_simulator(only) == ("LATENCY_OPENAI_EMBEDDINGS_MEAN",)
    assert latencies_of_simulator(only).of("chat").token == Spread(0.019)


@pytest.mark.parametrize("value", ["abc", "-1", "nan", "inf"])
def test_a_variable_that_is_no_number_stops_the_start(value):
    """By its name."""
    with pytest.raises(BadSetting, match="LATENCY_OPENAI_EMBEDDINGS_STD_DEV is no number of milliseconds"):
        latencies_of_simulator({"LATENCY_OPENAI_EMBEDDINGS_STD_DEV": value})


# --- what the document shows ------------------------------------------------------------------------------------------

DOCUMENT = ROOT / "addon" / "docs" / "simulating.md"
SHOWN = fenced(DOCUMENT.read_text(encoding="utf-8"), "toml")


@pytest.mark.parametrize("number", range(len(SHOWN)))
def test_the_examples_of_the_document_are_read(number):
    """Each by itself, as a reader would copy it."""
    assert read(SHOWN[number], "simulation.toml", ENVIRON).tree


def test_every_key_has_an_example():
    """And every operation is named."""
    text = "\n".join(SHOWN)
    keys = (*_TOP, *_LIMIT_KEYS, *_LATENCY_KEYS, *_SPREADS, *(f"{key}_spread" for key in _SPREADS), "profile")
    keys += ("name", "model", "kind", "rate", "every", "deployments", "paths", "status", "event", "delay")
    assert [key for key in keys if not re.search(rf"\b{key}\b", text)] == []
    assert [name for name in _ALL_OPERATIONS if f"`{name}`" not in DOCUMENT.read_text(encoding="utf-8")] == []
