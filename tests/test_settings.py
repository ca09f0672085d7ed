"""The table of options, reading values, and what is said about values that can't be."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tokentape import modes
from tokentape.errors import BadSetting
from tokentape.settings import (
    FAILURES,
    OPTIONS,
    Settings,
    Source,
    default_mode,
    from_environment,
    option_named,
    parse,
    unknown_option,
)

NAMES = [option.name for option in OPTIONS]


def test_defaults_of_the_table_are_the_defaults_of_the_settings():
    """Nothing set, or everything set to the table's default, gives plain Settings."""
    assert parse({}) == Settings()
    assert parse({option.name: option.default for option in OPTIONS}) == Settings()


def test_each_option_is_a_field_and_each_field_an_option():
    """The table and the dataclass hold the same names, so no option can do nothing."""
    assert set(NAMES) == set(Settings.__slots__)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_rows_are_complete(option):
    """Each row can be shown in a help text: a sentence, a metavar, and choices that hold the default."""
    assert option.meaning.endswith(".")
    assert option.metavar.isupper()
    assert (option.kind == "choice") == bool(option.choices)
    assert option.kind != "choice" or option.default in option.choices
    assert option.flag == "--" + option.name.replace("_", "-")
    assert option.variable == "TOKENTAPE_" + option.name.upper()


def test_modes_come_from_the_mode_table():
    """Every mode of the table can be chosen, and every alias leads to one."""
    option = option_named("vcr_mode")
    assert option.choices == tuple(modes.MODES)
    assert {parse({"mode": alias}).mode for alias in option.aliases} <= set(modes.MODES)


READ = [
    ("mode", "all", "record"),
    ("mode", "none", "replay"),
    ("mode", ["once", "replay"], "replay"),
    ("library", "my tapes", "my tapes"),
    ("cassette", "chat/basic", "chat/basic"),
    ("cassette", "chat.yaml", "chat"),
    ("cassette", "", ""),
    ("match_on", "Method, path ,header:X-Team", ("method", "path", "header:x-team")),
    ("match_on", ["method", "path,query"], ("method", "path", "query")),
    ("match_on", "body,body", ("body",)),
    ("repeat", "never", "never"),
    ("upstream", "API.OpenAI.com=http://127.0.0.1:8000/v1/", (("api.openai.com", "http://127.0.0.1:8000/v1"),)),
    ("upstream", "[::1]:443=https://[::1]:8443", (("[::1]:443", "https://[::1]:8443"),)),
    ("upstream", ["a.com=http://x", "b.com=https://y"], (("a.com", "http://x"), ("b.com", "https://y"))),
    ("upstream", "a.com=http://x,b.com=https://y", (("a.com", "http://x"), ("b.com", "https://y"))),
    ("upstream", "", ()),
    ("ignore_hosts", "Example.com., localhost:8080", ("example.com", "localhost:8080")),
    ("format", "json", "json"),
    ("save_errors", "true", FAILURES),
    ("save_errors", "FALSE", ()),
    ("save_errors", "429,503,truncated", ("429", "503", "truncated")),
    ("save_errors", ["5xx"], ("5xx",)),
    ("outcome_header", "True", True),
    ("outcome_header", "off", False),
    ("max_body", "1024", 1024),
    ("max_body", "512K", 512 * 1024),
    ("max_body", "2gb", 2 * 1024**3),
    ("max_body", "1MiB", 1024**2),
]


@pytest.mark.parametrize(("name", "value", "expected"), READ)
@pytest.mark.parametrize("prefix", ["", "vcr_"])
def test_values_are_read(prefix, name, value, expected):
    """Text, or several texts for what is repeatable, becomes the setting, with or without the prefix."""
    assert getattr(parse({prefix + name: value}), name) == expected


WRONG = [
    ("mode", "replya", "--set vcr_mode=replay"),
    ("mode", "new-episode", "--set vcr_mode=new_episodes"),
    ("mode", "alll", "--set vcr_mode=record"),
    ("mode", "", "replay, once"),
    ("mode", "invent", "replay, once"),
    ("cassette", "../evil", "vcr_cassette takes parts of ASCII letters"),
    ("cassette", "unnamed/x", "vcr_cassette takes parts"),
    ("library", "", "--set vcr_library=cassettes"),
    ("match_on", "", "--set vcr_match_on=method,url,body"),
    ("match_on", "headers", "header:NAME"),
    ("match_on", "bdy", "--set vcr_match_on=body"),
    ("match_on", "header:", "header:NAME"),
    ("repeat", "frist", "--set vcr_repeat=first"),
    ("upstream", "api.openai.com", "--set vcr_upstream=api.openai.com=https://127.0.0.1:8443"),
    ("upstream", "https://127.0.0.1:9", "--set vcr_upstream=api.openai.com=https://127.0.0.1:8443"),
    ("upstream", "a.com=ftp://x", "a.com=https://"),
    ("upstream", "a.com=http://", "a.com=https://"),
    ("upstream", "a.com=http://x:999999", "a.com=https://"),
    ("upstream", "a.com=http://[x", "a.com=https://"),
    ("upstream", "a.com=http://x/?key=1", "a.com=https://"),
    ("upstream", "=http://x", "HOST or HOST:PORT"),
    ("upstream", ["a.com=http://x", "a.com=http://y"], ""),
    ("ignore_hosts", "https://example.com/v1", "--set vcr_ignore_hosts=example.com"),
    ("ignore_hosts", "a b", "HOST or HOST:PORT"),
    ("format", "yml", "--set vcr_format=yaml"),
    ("save_errors", "404", "401, 403"),
    ("save_errors", "true,429", "true, false, or a list"),
    ("save_errors", "truncate", "--set vcr_save_errors=truncated"),
    ("save_errors", "600", "401, 403"),
    ("outcome_header", "maybe", "true or false"),
    ("max_body", "big", "--set vcr_max_body=256m"),
    ("max_body", "0", "--set vcr_max_body=256m"),
    ("max_body", "-1", "--set vcr_max_body=256m"),
]


@pytest.mark.parametrize(("name", "value", "hint"), WRONG)
def test_wrong_values_say_what_was_meant(name, value, hint):
    """A value that can't be is refused, under the option's name, with a hint to paste where there is one."""
    with pytest.raises(BadSetting) as caught:
        parse({name: value})
    assert str(caught.value).startswith(f"vcr_{name} ")
    assert hint in caught.value.hint


PATHS = [
    ("cassettes/tape.yaml", None, "tape"),
    ("./cassettes/a/b.json", None, "a/b"),
    ("lib/cassettes/x.yaml", "./lib/", "cassettes/x"),
    ("/tmp/lib/x.yaml", "/tmp/lib", "x"),
]


@pytest.mark.parametrize(("path", "library", "name"), PATHS)
def test_the_path_of_a_cassette_was_taken_for_its_name(path, library, name):
    """It was recorded as cassettes/cassettes/tape.yaml."""
    with pytest.raises(BadSetting) as caught:
        parse({"cassette": path, **({"vcr_library": library} if library else {})}, {"cassette": Source.FLAG})
    assert str(caught.value) == "--cassette takes a name, and this is a path"
    assert caught.value.hint == f"did you mean --cassette {name} ?"


@pytest.mark.parametrize("name", ["cassettes/tape", "tape.yaml", "cassettes.yaml", "other/tape.yaml"])
def test_what_may_be_a_name_is_one(name):
    """A cassette may be in a folder of the library that is called as the library."""
    assert parse({"cassette": name}).cassette == name.removesuffix(".yaml")


@pytest.mark.parametrize(
    ("source", "name", "hint"),
    [
        (Source.SET, "vcr_mode", "--set vcr_mode=replay"),
        (Source.FLAG, "--mode", "--mode replay"),
        (Source.VARIABLE, "TOKENTAPE_MODE", "TOKENTAPE_MODE=replay"),
        (Source.FIELD, "mode", "mode: replay"),
    ],
)
def test_errors_speak_of_the_place_the_value_was_set(source, name, hint):
    """A flag's error names the flag, a variable's the variable, each with a hint written the same way."""
    with pytest.raises(BadSetting, match=f"^{name} can't be 'replya'$") as caught:
        parse({"mode": "replya"}, {"mode": source})
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "target", ["http://user:hunter2@x", "ftp://hunter2", "http://x/?key=hunter2", "http://[hunter2"]
)
def test_no_error_repeats_a_target(target):
    """The URL of an upstream can hold a password, so it is in no message."""
    with pytest.raises(BadSetting) as caught:
        parse({"upstream": f"a.com={target}"})
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("vcr_mod", "did you mean vcr_mode?"),
        ("vcr-mode", "did you mean mode?"),
        ("matchon", "did you mean match_on?"),
        ("vcr_zzz", "the options are vcr_mode,"),
        ("vcr_" + "m" * 5000, "the options are vcr_mode,"),
    ],
)
def test_unknown_options_are_errors_with_the_nearest_name(name, hint):
    """A misspelled option names the one meant, or all there are, in the spelling that was used."""
    with pytest.raises(BadSetting) as caught:
        parse({name: "x"})
    assert caught.value.hint.startswith(hint)
    assert str(unknown_option(name)) == str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("status", "words", "saved"),
    [
        (200, "", True),
        (404, "", True),
        (400, "", True),
        (429, "", False),
        (500, "", False),
        (401, "401", True),
        (403, "401", False),
        (503, "503", True),
        (502, "503", False),
        (502, "5xx", True),
        (429, "true", True),
        (599, "true", True),
    ],
)
def test_which_answers_are_saved(status, words, saved):
    """An answer of the API is always saved; one that says the recording failed, when it was asked for."""
    assert parse({"save_errors": words}).saves_error(status) is saved


def test_truncated_answers_are_saved_when_asked_for():
    """``truncated`` in the list, or true for all, saves a response that broke off."""
    assert not Settings().saves_truncated
    assert parse({"save_errors": "truncated"}).saves_truncated
    assert parse({"save_errors": "true"}).saves_truncated


def test_variables_are_read_by_option_name():
    """Our variables become values; an empty one, and what is not ours, is left alone."""
    environ = {
        "TOKENTAPE_MODE": "replay",
        "TOKENTAPE_MATCH_ON": "method,path",
        "TOKENTAPE_LIBRARY": "",
        "TOKENTAPE_COMMAND": "uvx tokentape",
        "OPENAI_API_KEY": "unused",
    }
    assert from_environment(environ) == {"mode": "replay", "match_on": "method,path"}


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("TOKENTAPE_MOD", "TOKENTAPE_MODE"),
        ("TOKENTAPE_MODES", "TOKENTAPE_MODE"),
        ("TOKENTAPE_LIBARY", "TOKENTAPE_LIBRARY"),
        ("TOKENTAPE_IGNORE_HOST", "TOKENTAPE_IGNORE_HOSTS"),
    ],
)
def test_a_slip_in_a_variable_is_an_error(variable, meant):
    """A variable whose name is nearly an option's would silently do nothing, so it stops the start."""
    with pytest.raises(BadSetting, match=variable) as caught:
        from_environment({variable: "x"})
    assert meant in caught.value.hint


@pytest.mark.parametrize(
    ("ci", "mode"),
    [
        (None, "once"),
        ("", "once"),
        ("0", "once"),
        ("False", "once"),
        ("true", "replay"),
        ("1", "replay"),
        ("x", "replay"),
    ],
)
def test_ci_replays_by_default(ci, mode):
    """With CI set to anything but nothing, 0 or false the default is to replay."""
    assert default_mode({} if ci is None else {"CI": ci}) == mode


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES), st.one_of(st.text(max_size=30), st.lists(st.text(max_size=20), max_size=3)))
def test_any_text_is_read_or_refused(name, value):
    """Whatever is typed gives Settings or BadSetting, never another error."""
    with suppress(BadSetting):
        assert isinstance(parse({name: value}), Settings)
