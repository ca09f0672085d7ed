"""rules: library.toml, read and applied."""

import json
from typing import Any

import pytest

from tokentape.errors import BadSetting
from tokentape.matching.form import Form, form_of, incoming_keys, recorded_keys
from tokentape.model import Request
from tokentape.rules.extra import ExtraRedaction
from tokentape.rules.profile import DEFAULT, Profile
from tokentape.rules.rules import Rules

CHAT = "https://api.openai.com/v1/chat/completions"
UUIDS = [f"0000000{n}-1111-4222-8333-44444444444{n}" for n in range(4)]


def rules(text: str) -> Rules:
    """Rules of a file's text."""
    return Rules.parse(text, "cassettes/library.toml")


def rule(text: str) -> Profile:
    """The profile of one rule for all cassettes."""
    return rules(f"[[rule]]\n{text}").profile_for("any")


def same(profile: Profile, recorded: Request, incoming: Request) -> bool:
    """Whether the recording answers the request."""
    return bool(set(recorded_keys(form_of(recorded, profile))) & set(incoming_keys(form_of(incoming, profile))))


def chat(body: Any, url: str = CHAT, **headers: str) -> Request:
    """A JSON request; underscores in header names stand for dashes."""
    rows = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Request("POST", url, rows, json.dumps(body).encode())


EXAMPLE = """
[[rule]]
cassettes = "chat-*"
ignore = ["body.metadata.run_id", "header.x-trace", "query.api-version"]
same = ["uuid", "date", "re:call_[A-Za-z0-9]+"]
model_aliases = true
match_on = "method,path,body"

[[rule]]
cassettes = ["agents/*", "chat-b?sic"]
ignore = ["body.user"]
model_aliases = false

[hosts]
"staging.example.com" = "api.openai.com"

[redact]
names = ["x-team-token"]
patterns = ["acme_[a-z0-9]{32}"]
env = ["ACME_KEY"]
"""


def test_the_example_reads() -> None:
    """Everything a file can say ends up in rules, profiles and redaction."""
    read = rules(EXAMPLE)
    assert read.redact == ExtraRedaction(("x-team-token",), ("acme_[a-z0-9]{32}",), ("ACME_KEY",))
    assert read.hosts == (("staging.example.com", "api.openai.com"),)
    assert read.entries() == (
        "rule 1: ignore body.metadata.run_id",
        "rule 1: ignore header.x-trace",
        "rule 1: ignore query.api-version",
        "rule 1: same uuid",
        "rule 1: same date",
        "rule 1: same re:call_[A-Za-z0-9]+",
        "rule 1: model_aliases",
        "rule 1: match_on method,path,body",
        "rule 2: ignore body.user",
        "hosts: staging.example.com",
    )


@pytest.mark.parametrize(
    ("name", "ignored", "aliases"),
    [
        ("chat-tools", 3, True),
        ("chat-a/b", 3, True),
        ("chat-basic", 4, False),
        ("agents/one", 1, False),
        ("Chat-tools", 0, False),
        ("other", 0, False),
        (None, 0, False),
    ],
)
def test_rules_that_fit_the_name_add_up(name: str | None, ignored: int, aliases: bool) -> None:
    """Patterns are case-sensitive; lists add up, the last flag wins; an unnamed request has the rules for all."""
    profile = rules(EXAMPLE).profile_for(name)
    assert len(profile.ignore) == ignored
    assert bool(profile.model_aliases) is aliases
    assert profile.match_on == (("method", "path", "body") if ignored >= 3 else DEFAULT.match_on)


def test_a_library_without_rules() -> None:
    """Without the file, and with an empty one, every profile is the default."""
    assert Rules().profile_for("x") == rules("").profile_for(None) == Profile() == DEFAULT
    assert not DEFAULT.rewrites


def test_profiles_are_few() -> None:
    """Names under the same rules share one profile, equal and with the same hash whenever it is made."""
    read = rules(EXAMPLE)
    assert read.profile_for("chat-x") is read.profile_for("chat-y")
    assert read.profile_for("chat-x") == rules(EXAMPLE).profile_for("chat-z")
    assert hash(read.profile_for("chat-x")) == hash(rules(EXAMPLE).profile_for("chat-z"))
    assert read.profile_for("chat-x") != read.profile_for("chat-basic")


def test_what_was_asked_for_wins_over_the_file() -> None:
    """A match_on of the command line counts for every cassette."""
    read = rules(EXAMPLE).matching_on(["method", "body"])
    assert read.profile_for("chat-x").match_on == ("method", "body")
    assert read.profile_for("other").match_on == ("method", "body")


@pytest.mark.parametrize(
    ("path", "recorded", "incoming"),
    [
        ("body.metadata.run_id", {"metadata": {"run_id": 1, "k": 1}}, {"metadata": {"run_id": 2, "k": 1}}),
        ("body.metadata.run_id", {"metadata": {"run_id": 1}}, {"metadata": {}}),
        ("body.metadata", {"metadata": {"run_id": 1}}, {}),
        ("body.messages[*].id", {"messages": [{"id": 1}, {"id": 2}]}, {"messages": [{"id": 3}, {}]}),
        ("body.messages[0].x", {"messages": [{"x": 1}, {"x": 1}]}, {"messages": [{"x": 2}, {"x": 1}]}),
        ("body.messages[0]", {"messages": [1, 2]}, {"messages": [3, 2]}),
        ("body.tools[*].function.name", {"tools": [{"function": {"name": 1}}]}, {"tools": [{"function": {"name": 2}}]}),
        ("body.*.id", {"a": {"id": 1}, "b": {"id": 2}}, {"a": {"id": 3}, "b": {}}),
        ("body.x_*", {"x_a": 1, "x_b": 2}, {"x_c": 3}),
        ("body[*].id", [{"id": 1}], [{"id": 2}]),
        ('body["a.b"].c', {"a.b": {"c": 1}}, {"a.b": {"c": 2}}),
        ("body.grid[*][1]", {"grid": [[1, 2], [3, 4]]}, {"grid": [[1, 5], [3, 6]]}),
    ],
)
def test_ignored_places_of_json(path: str, recorded: Any, incoming: Any) -> None:
    """What an ignored path leads to may differ or be missing; without the rule it may not."""
    profile = rule(f"ignore = [{json.dumps(path)}]")
    assert same(profile, chat(recorded), chat(incoming))
    assert not same(DEFAULT, chat(recorded), chat(incoming))


@pytest.mark.parametrize(
    ("path", "recorded", "incoming"),
    [
        ("body.metadata.run_id", {"metadata": {"run_id": 1, "k": 1}}, {"metadata": {"run_id": 1, "k": 2}}),
        ("body.run_id", {"metadata": {"run_id": 1}}, {"metadata": {"run_id": 2}}),
        ("body.messages[0].x", {"messages": [{"x": 1}, {"x": 1}]}, {"messages": [{"x": 1}, {"x": 2}]}),
        ("body.messages[0]", {"messages": [1, 2]}, {"messages": [2]}),
        ("body.a[0]", {"a": {"0": 1}}, {"a": {"0": 2}}),
        ("body.a.*", {"a": [1]}, {"a": [2]}),
        ("body.metadata.run_id", {"metadata": None}, {"metadata": {}}),
        ("body.ID", {"id": 1}, {"id": 2}),
    ],
)
def test_ignoring_stays_in_its_place(path: str, recorded: Any, incoming: Any) -> None:
    """A path means what it says: other keys, other levels, other positions and other types count."""
    assert not same(rule(f"ignore = [{json.dumps(path)}]"), chat(recorded), chat(incoming))


def test_indexes_mean_the_list_as_sent() -> None:
    """Two ignored items of one list are the first and the second, not the first and the third."""
    profile = rule('ignore = ["body.a[0]", "body.a[1]"]')
    assert same(profile, chat({"a": [1, 2, 3]}), chat({"a": [7, 8, 3]}))
    assert not same(profile, chat({"a": [1, 2, 3]}), chat({"a": [1, 8, 9]}))


def test_ignored_query_headers_fields_and_parts() -> None:
    """Query keys, compared headers, form fields and parts of multipart can be ignored too."""
    profile = rule(
        'ignore = ["query.page", "query.utm_*", "header.x-trace", "body.nonce"]\n'
        'match_on = "method,url,body,header:x-trace"'
    )
    url = CHAT + "?q=1"
    assert same(profile, chat({}, url + "&page=1&utm_a=1", x_trace="1"), chat({}, url + "&page=2", x_trace="2"))
    assert not same(profile, chat({}, url), chat({}, CHAT + "?q=2"))
    form = ("content-type", "application/x-www-form-urlencoded")
    assert same(profile, Request("POST", url, (form,), b"nonce=1&a=1"), Request("POST", url, (form,), b"a=1"))
    assert not same(profile, Request("POST", url, (form,), b"nonce=1&a=1"), Request("POST", url, (form,), b"a=2"))
    assert same(profile, upload(url, nonce="1", a="1"), upload(url, a="1"))
    assert not same(profile, upload(url, a="1"), upload(url, a="2"))


def upload(url: str, **parts: str) -> Request:
    """A multipart request."""
    rows = "".join(
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in parts.items()
    )
    return Request("POST", url, (("content-type", "multipart/form-data; boundary=B"),), f"{rows}--B--\r\n".encode())


@pytest.mark.parametrize(
    ("word", "one", "other"),
    [
        ("uuid", UUIDS[0], UUIDS[1]),
        ("uuid", f"run {UUIDS[0]}, please", f"run {UUIDS[1].upper()}, please"),
        ("uuid", f"{UUIDS[0]}/{UUIDS[0].upper()}", f"{UUIDS[1]}/{UUIDS[1]}"),
        ("date", "2024-01-01", "2026-12-31"),
        ("date", "2024-01-01T00:00:00Z", "2025-06-30T23:59:59.123+02:00"),
        ("date", "Today is 2024-01-01.", "Today is 2024-01-02."),
        ("date", "at 2024-01-01 10:00:00,5", "at 2024-01-01T10:00"),
        ("re:call_[a-z0-9]+", "call_a1", "call_b22"),
        (r"re:\\bk(\\d+)\\b", "k1 k2", "k7 k8"),
    ],
)
def test_values_equal_by_pattern(word: str, one: str, other: str) -> None:
    """Values that a pattern fits count as equal, inside of longer texts too, and only under the rule."""
    profile = rule(f'same = ["{word}"]')
    assert same(profile, chat({"a": one}), chat({"a": other}))
    assert not same(DEFAULT, chat({"a": one}), chat({"a": other}))


@pytest.mark.parametrize(
    ("word", "one", "other"),
    [
        ("uuid", UUIDS[0], UUIDS[0][:-1]),
        ("uuid", UUIDS[0], "uuid1"),
        ("uuid", UUIDS[0], "\ufdd0uuid1\ufdd1"),
        ("uuid", f"a {UUIDS[0]}", f"b {UUIDS[0]}"),
        ("date", "gpt-4o-2024-08-06", "gpt-4o-2024-05-13"),
        ("date", "2024-13-01", "2024-14-01"),
        ("date", "2024-01-01", "2024-01-01 at noon"),
        ("re:call_[a-z0-9]+", "call_a", "call_A"),
    ],
)
def test_a_pattern_takes_no_more_than_it_fits(word: str, one: str, other: str) -> None:
    """What stands around a value counts, and no text is taken for the token that replaces a value."""
    assert not same(rule(f'same = ["{word}"]'), chat({"a": one}), chat({"a": other}))


@pytest.mark.parametrize(
    ("recorded", "incoming", "equal"),
    [
        ({"a": UUIDS[0], "b": UUIDS[0]}, {"a": UUIDS[1], "b": UUIDS[1]}, True),
        ({"a": UUIDS[0], "b": UUIDS[0]}, {"a": UUIDS[1], "b": UUIDS[2]}, False),
        ({"a": UUIDS[0], "b": UUIDS[1]}, {"a": UUIDS[2], "b": UUIDS[2]}, False),
        ({"a": UUIDS[0], "b": UUIDS[1]}, {"b": UUIDS[0], "a": UUIDS[1]}, True),
        ({"a": [UUIDS[0], UUIDS[1], UUIDS[0]]}, {"a": [UUIDS[2], UUIDS[3], UUIDS[3]]}, False),
        ({"a": UUIDS[0], "b": "2024-01-01"}, {"a": UUIDS[1], "b": "2024-01-02"}, True),
    ],
)
def test_relations_between_values_stay(recorded: Any, incoming: Any, equal: bool) -> None:
    """The same value stays the same and another stays another, whatever the order of the keys."""
    profile = rule('same = ["uuid", "date"]')
    assert same(profile, chat(recorded), chat(incoming)) is equal


def test_relations_reach_from_the_path_to_the_body() -> None:
    """A value of the URL and one of the body are known to be the same."""
    profile = rule('same = ["uuid", "re:run_[0-9]+"]')
    url = "https://api.openai.com/v1/threads/{}/runs?since={}"
    recorded = chat({"id": UUIDS[0]}, url.format(UUIDS[0], "run_1"))
    assert same(profile, recorded, chat({"id": UUIDS[1]}, url.format(UUIDS[1], "run_2")))
    assert not same(profile, recorded, chat({"id": UUIDS[2]}, url.format(UUIDS[1], "run_2")))


def test_values_in_fields_parts_and_plain_text() -> None:
    """Patterns look into form fields, the text parts of multipart, and texts."""
    profile = rule('same = ["uuid"]')
    form = ("content-type", "application/x-www-form-urlencoded")
    for one, other in zip(
        [Request("POST", CHAT, (form,), f"id={UUIDS[0]}".encode()), upload(CHAT, id=UUIDS[0]), text(UUIDS[0])],
        [Request("POST", CHAT, (form,), f"id={UUIDS[1]}".encode()), upload(CHAT, id=UUIDS[1]), text(UUIDS[1])],
        strict=True,
    ):
        assert same(profile, one, other)
        assert not same(DEFAULT, one, other)


def text(body: str) -> Request:
    """A plain text request."""
    return Request("POST", CHAT, (("content-type", "text/plain"),), body.encode())


@pytest.mark.parametrize(
    ("dated", "plain"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("claude-3-5-sonnet-20241022", "claude-3-5-sonnet"),
        ("gpt-4-0613", "gpt-4"),
        ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet"),
        ("gemini-1.5-pro-latest", "gemini-1.5-pro"),
    ],
)
def test_dated_models_are_the_model(dated: str, plain: str) -> None:
    """A dated name is the model's name, in the body and in Gemini's path; only if it was asked for."""
    profile = rule("model_aliases = true")
    gemini = "https://generativelanguage.googleapis.com/v1beta/models/{}:generateContent"
    for one, other in [
        (chat({"model": dated}), chat({"model": plain})),
        (chat({}, gemini.format(dated)), chat({}, gemini.format(plain))),
        (upload(CHAT, model=dated), upload(CHAT, model=plain)),
    ]:
        assert same(profile, one, other)
        assert not same(DEFAULT, one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("gpt-4o", "gpt-4o-mini"), ("gpt-4-1399", "gpt-4"), ("gpt-4-1106-preview", "gpt-4-preview"), ("-latest", "")],
)
def test_models_that_differ(one: str, other: str) -> None:
    """What is no date at the end of the name makes another model."""
    assert not same(rule("model_aliases = true"), chat({"model": one}), chat({"model": other}))


def test_only_the_model_is_renamed() -> None:
    """A model's name elsewhere in the body is text."""
    body = {"messages": [{"content": "gpt-4-0613", "model": "gpt-4-0613"}]}
    other = {"messages": [{"content": "gpt-4", "model": "gpt-4"}]}
    assert not same(rule("model_aliases = true"), chat(body), chat(other))


def test_hosts_have_other_names() -> None:
    """A host is compared by its alias, aliases of aliases included, with its port; the others are not touched."""
    profile = rules('[hosts]\n"a.test" = "b.test"\n"b.test" = "api.openai.com"\n"localhost:8000" = "api.openai.com"\n')
    known = chat({}, CHAT)
    for host in ("a.test", "B.test:443", "localhost:8000"):
        assert same(profile.profile_for(None), known, chat({}, f"https://{host}/v1/chat/completions"))
    for host in ("c.test", "localhost", "a.test:8000"):
        assert not same(profile.profile_for(None), known, chat({}, f"https://{host}/v1/chat/completions"))


def test_entries_that_had_an_effect() -> None:
    """A form says which entries it needed; what is never said is a dead rule."""
    read = rules(EXAMPLE)
    hits: set[str] = set()
    url = "https://staging.example.com/v1/chat/completions?api-version=1"
    body = {"model": "gpt-4o-2024-08-06", "metadata": {"run_id": 1}, "at": "2024-01-01", "x": "call_9"}
    form_of(chat(body, url), read.profile_for("chat-tools"), hits=hits)
    dead = {"rule 1: ignore header.x-trace", "rule 1: same uuid", "rule 2: ignore body.user"}
    assert set(read.entries()) - hits == dead
    form_of(chat(body, url, X_Trace="1"), read.profile_for("chat-tools"), hits=hits)
    assert set(read.entries()) - hits == dead - {"rule 1: ignore header.x-trace"}


def test_an_entry_that_does_nothing_is_not_said() -> None:
    """A rule whose places and patterns are nowhere in the request collects nothing."""
    hits: set[str] = set()
    form_of(chat({"model": "gpt-4o"}), rule('ignore = ["body.x"]\nsame = ["uuid"]\nmodel_aliases = true'), hits=hits)
    assert hits == set()


def test_the_request_is_left_as_it_was() -> None:
    """Rules change the form, never the request, and a form is the same each time."""
    request = chat({"metadata": {"run_id": UUIDS[0]}})
    before = request.body
    profile = rule('ignore = ["body.metadata"]\nsame = ["uuid"]')
    forms: list[Form] = [form_of(request, profile) for _ in range(2)]
    assert request.body == before
    assert forms[0] == forms[1]


@pytest.mark.parametrize(
    ("toml", "said", "hint"),
    [
        ("[[rule]\n", "library.toml, line 1: this is not TOML", "toml.io"),
        ("<<<<<<< HEAD\n", "line 1: this is not TOML", "toml.io"),
        ("[[rules]]\n", "line 1: `rules`: there is no such key", "did you mean `rule`?"),
        ("\n[rule]\n", "[rule]: must be a list of tables", "[[rule]]"),
        ('[[rule]]\n\ningore = ["body.a"]\n', "line 3: [[rule]] 1, `ingore`: there is no such key", "`ignore`"),
        ("[[rule]]\n[[rule]]\ncolour = 1\n", "line 3: [[rule]] 2, `colour`", "known: cassettes, ignore"),
        ('[[rule]]\nignore = "body.a"\n', "line 2: [[rule]] 1, `ignore`: must be a list of texts, got a text", "e.g."),
        ("[[rule]]\nignore = [1]\n", "must hold texts only, got a number", ""),
        ('[[rule]]\nignore = ["boddy.a"]\n', "'boddy.a' must start with", "did you mean 'body.a'?"),
        ('[[rule]]\nignore = [\n  "body.a",\n  "run_id",\n]\n', "line 4: [[rule]] 1, `ignore`: 'run_id' must", "e.g."),
        ('[[rule]]\nignore = ["body"]\n', "'body' is no place inside of a request", "match_on"),
        ('[[rule]]\nignore = ["body.a..b"]\n', "'body.a..b' can't be read from '..b' on", "e.g."),
        ('[[rule]]\nignore = ["body.a[x]"]\n', "can't be read from '[x]' on", "e.g."),
        ('[[rule]]\nsame = ["guid"]\n', "'guid' is no pattern", "did you mean 'uuid'?"),
        ('[[rule]]\nsame = ["re:("]\n', "'re:(' is no regular expression", "literal string"),
        ('[[rule]]\nsame = ["re:a*"]\n', "fits an empty text", "+"),
        ('[[rule]]\nmodel_aliases = "yes"\n', "`model_aliases`: must be true or false, got a text", ""),
        ('[[rule]]\nmatch_on = "method,bdy"\n', "'bdy' is nothing to match on", "did you mean 'body'?"),
        ("[[rule]]\nmatch_on = []\n", "needs a part", "e.g."),
        ("[[rule]]\ncassettes = []\n", "names no cassette", "leave"),
        ('[hosts]\nstaging.example.com = "x"\n', "a table is no host", "staging.example.com"),
        ('[hosts]\n"https://a.test" = "b"\n', "line 2: [hosts], `https://a.test`: a text is no host", ""),
        ('[hosts]\n"a" = "b"\n"b" = "a"\n', "the aliases go in a circle: a → b → a", ""),
        ("hosts = 1\n", "`hosts`: must be a table, got a number", "[hosts]"),
    ],
)
def test_mistakes_are_told(toml: str, said: str, hint: str) -> None:
    """A mistake is refused with the file, the line where that is plain, and what was probably meant."""
    with pytest.raises(BadSetting) as error:
        rules(toml)
    assert "cassettes/library.toml" in str(error.value)
    assert said in str(error.value)
    assert hint in error.value.hint
