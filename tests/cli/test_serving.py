"""``serve``, and which door a command opens: settings, the variables of other tools, and what can't be had."""

import json
import sys

import pytest
from running import ROOT

from tokentape.cli import main
from tokentape.cli.seeds import LATER, Target, settings_from, target
from tokentape.errors import BadSetting
from tokentape.reporting.reports import Report, report_from

TRUE = ["--", sys.executable, "-c", ""]

DOORS = [
    (["serve"], {}, "fast"),
    (["serve", "--mode", "generate"], {}, "fast"),
    (["serve", "--mode", "new_episodes"], {}, "mitm"),
    (["serve", "--mode", "record"], {}, "mitm"),
    (["serve", "--mode", "once"], {}, "mitm"),
    (["serve", "--mode", "passthrough"], {}, "mitm"),
    (["serve", "--listen", "reverse:https://api.openai.com"], {}, "mitm"),
    (["serve"], {"TOKENTAPE_MODE": "once"}, "mitm"),
    (["serve"], {"CI": "1"}, "fast"),
    (["serve"], {"SIMULATOR_MODE": "record"}, "mitm"),
    (["serve"], {"SIMULATOR_MODE": "Replay"}, "fast"),
    (["serve", "--mode", "replay"], {"SIMULATOR_MODE": "record"}, "fast"),
    (["proxy", "--mode", "replay"], {}, "mitm"),
    (["replay", *TRUE], {}, "fast"),
    (["replay", "--door", "mitm", *TRUE], {}, "mitm"),
    (["replay", "--ignore-hosts", "a.com", *TRUE], {}, "mitm"),
    (["replay", "--hold", *TRUE], {}, "mitm"),
    (["run", "--mode", "replay", *TRUE], {}, "fast"),
    (["run", *TRUE], {}, "mitm"),
    (["run", *TRUE], {"CI": "true"}, "fast"),
    (["record", *TRUE], {}, "mitm"),
]


@pytest.mark.parametrize(("arguments", "variables", "kind"), DOORS)
def test_which_door_is_opened(door, monkeypatch, arguments, variables, kind):
    """The fast one where nothing asks for what only the other can do."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(arguments) == 0
    assert door.kinds == [kind]


@pytest.mark.parametrize(
    ("flags", "reason"), [(["--mode", "once"], "--mode once"), (["--ignore-hosts", "a.com"], "--ignore-hosts a.com")]
)
def test_a_door_that_can_not_do_it(door, capsys, flags, reason):
    """Who insists on the fast door is told what stands against it."""
    mode = [] if "--mode" in flags else ["--mode", "replay"]
    assert main(["run", "--door", "fast", *mode, *flags, *TRUE]) == 2
    assert capsys.readouterr().err.startswith(f"error: --door fast can't be had with {reason}\n\nhint: ")
    assert not door.launches


def test_serve_replays_unless_told(door, monkeypatch):
    """The settings of a bare ``serve``: like a server that has its answers."""
    assert main(["serve"]) == 0
    [launch] = door.launches
    assert (launch.settings.mode, launch.host, launch.port) == ("replay", "127.0.0.1", 8080)


def test_variables_of_the_simulator(door, monkeypatch, capsys):
    """What started the Azure simulator starts us: mode, folder, format, and the endpoint that is recorded."""
    variables = {
        "SIMULATOR_MODE": "record",
        "CASSETTE_DIR": "their/cassettes",
        "CASSETTE_FORMAT": "json",
        "AZURE_OPENAI_ENDPOINT": "https://u:secret@mine.openai.azure.com/",
        "OPENAI_BASE_URL": "https://elsewhere.example/v1",
        "LATENCY_OPENAI_EMBEDDINGS_MEAN": "100",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["serve"]) == 0
    [launch] = door.launches
    assert (launch.settings.mode, launch.settings.library, launch.settings.format) == (
        "new_episodes",
        "their/cassettes",
        "json",
    )
    assert launch.listen == ("reverse:https://mine.openai.azure.com",)
    told = capsys.readouterr().err
    assert "from the environment: SIMULATOR_MODE=record, CASSETTE_DIR=their/cassettes, CASSETTE_FORMAT=json" in told
    assert "AZURE_OPENAI_ENDPOINT=https://mine.openai.azure.com/" in told
    assert "LATENCY_OPENAI_EMBEDDINGS_MEAN=100" in told
    assert "secret" not in told
    assert "OPENAI_BASE_URL" not in told


def test_a_variable_that_has_no_effect_is_said_to_have_none(door, monkeypatch, capsys):
    """What testopenai puts into a URL stands in the request itself here."""
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    assert main(["serve"]) == 0
    assert "OPENAI_API_VERSION" not in capsys.readouterr().err
    assert main(["serve", "--mode", "new_episodes"]) == 0
    assert "OPENAI_API_VERSION not used" in capsys.readouterr().err


@pytest.mark.parametrize("name", LATER)
def test_a_variable_of_the_later_simulator_is_said_to_have_no_effect(door, monkeypatch, capsys, name):
    """With the flag that has one; where none is set nothing is said."""
    assert main(["serve"]) == 0
    assert "not used" not in capsys.readouterr().err
    monkeypatch.setenv(name, "something")
    assert main(["serve"]) == 0
    said = capsys.readouterr().err
    assert f"{name} not used: {LATER[name]} is" in said
    assert "something" not in said
    assert f"| `{name}` |" in (ROOT / "addon" / "docs" / "serve.md").read_text()


def test_our_own_flags_and_variables_win(door, monkeypatch):
    """Precedence: flag, TOKENTAPE_ variable, the other tools' variable."""
    for name, value in {"CASSETTE_DIR": "theirs", "TOKENTAPE_LIBRARY": "ours", "SIMULATOR_MODE": "record"}.items():
        monkeypatch.setenv(name, value)
    assert main(["serve"]) == 0
    assert main(["serve", "--library", "flag", "--mode", "replay"]) == 0
    chosen = [(launch.settings.library, launch.settings.mode) for launch in door.launches]
    assert chosen == [("ours", "new_episodes"), ("flag", "replay")]


def test_the_other_tools_variables_act_in_serve_alone(door, monkeypatch):
    """``proxy`` and ``run`` know nothing of them."""
    monkeypatch.setenv("SIMULATOR_MODE", "record")
    monkeypatch.setenv("CASSETTE_DIR", "theirs")
    assert main(["proxy", "--mode", "replay"]) == 0
    assert (door.launches[0].settings.mode, door.launches[0].settings.library) == ("replay", "cassettes")


@pytest.mark.parametrize(("name", "value"), [("SIMULATOR_MODE", "recrod"), ("CASSETTE_FORMAT", "xml")])
def test_a_value_that_means_nothing(name, value):
    """It stops the start, and says what there is."""
    with pytest.raises(BadSetting, match=f"{name} can't be '{value}'"):
        settings_from({name: value})


TARGETS = [
    ({}, Target("https://api.openai.com")),
    ({"OPENAI_BASE_URL": "https://api.openai.com/v1"}, Target("https://api.openai.com")),
    ({"OPENAI_BASE_URL": "http://localhost:11434/v1/"}, Target("http://localhost:11434")),
    (
        {"OPENAI_BASE_URL": "https://gateway.example/openai/v1"},
        Target("https://gateway.example", "gateway.example=https://gateway.example/openai"),
    ),
    ({"AZURE_OPENAI_ENDPOINT": "https://mine.openai.azure.com"}, Target("https://mine.openai.azure.com")),
]


@pytest.mark.parametrize(("environ", "expected"), TARGETS)
def test_what_is_recorded(environ, expected):
    """The first variable that is set; a path in front of /v1 is the target's own."""
    assert target(environ, 8080) == expected


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/v1", "http://localhost:8080", "http://[::1]:8080/v1"])
def test_a_server_that_would_ask_itself(url):
    """OPENAI_BASE_URL in the server's own environment often is its own address."""
    with pytest.raises(BadSetting, match="OPENAI_BASE_URL is this very server"):
        target({"OPENAI_BASE_URL": url}, 8080)


@pytest.mark.parametrize("url", ["api.openai.com", "ftp://x", "https://"])
def test_a_target_that_is_no_url(url):
    """Said with an example."""
    with pytest.raises(BadSetting, match="OPENAI_BASE_URL is no URL"):
        target({"OPENAI_BASE_URL": url}, 8080)


@pytest.mark.parametrize("url", ["http://[broken", "http://me:secret@host:x", "ftp://me:secret@host"])
def test_a_target_that_can_not_be_read_was_a_traceback_or_told_its_password(url):
    """It is said that it is no URL, and not what it was."""
    with pytest.raises(BadSetting, match="OPENAI_BASE_URL is no URL") as caught:
        target({"OPENAI_BASE_URL": url}, 8080)
    assert "secret" not in str(caught.value)


def test_serve_writes_its_report_as_the_proxy_does(door, tmp_path):
    """``tokentape prune`` asks for it, whichever command has answered."""
    door.report = Report(replayed=3)
    assert main(["serve", "--report", str(tmp_path / "run.json")]) == 0
    assert report_from(json.loads((tmp_path / "run.json").read_text())) == door.report
