"""differ: what tells two requests apart, in words."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posting import AZURE, CHAT, FORM, PARTS, post
from spellings import trees, values

from tokentape.matching.differ import differences
from tokentape.matching.findings import LIMIT, sentence
from tokentape.matching.form import form_of, incoming_keys, recorded_keys
from tokentape.model import Request
from tokentape.rules.profile import DEFAULT, Profile
from tokentape.rules.rules import Rules

HELLO = {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello!"}]}


def said(recorded: Request, incoming: Request, profile: Profile = DEFAULT, *, host_known: bool = True) -> list[str]:
    """The differences in words."""
    found = differences(form_of(recorded, profile), form_of(incoming, profile, host_known=host_known))
    return [sentence(difference) for difference in found]


def with_message(index: int, **changes: Any) -> dict[str, Any]:
    """HELLO with a message changed."""
    body = deepcopy(HELLO)
    body["messages"][index].update(changes)
    return body


@pytest.mark.parametrize(
    ("recorded", "incoming", "sentences"),
    [
        (post(HELLO), post(HELLO), []),
        (post(HELLO), post(with_message(1, content="Hi!")), ["body.messages[1].content: recorded 'Hello!', got 'Hi!'"]),
        (post({}), post({"seed": 7}), ["body.seed: not in the recording, got 7"]),
        (post({"user": "x"}), post({}), ["body.user: recorded 'x', not in this request"]),
        (post({"a": None}), post({}), ["body.a: recorded null, not in this request"]),
        (post({"a": 1}), post({"a": "1"}), ["body.a: recorded 1, got '1'"]),
        (post({"a": 1}), post({"a": True}), ["body.a: recorded 1, got true"]),
        (post({"a": 1}), post({"a": 1.5}), ["body.a: recorded 1, got 1.5"]),
        (post(b'{"a":1e400000}'), post(b'{"a":1e400001}'), ["body.a: recorded 1e400000, got 1e400001"]),
        (post({"a": {"b": [1]}}), post({"a": []}), ['body.a: recorded {"b": [1]}, got []']),
        (post([1]), post({"a": 1}), ['body: recorded [1], got {"a": 1}']),
        (post({"a.b": 1}), post({"a.b": 2}), ['body["a.b"]: recorded 1, got 2']),
        (post({"a": [1, 2, 4]}), post({"a": [1, 2, 3, 4]}), ["body.a[2]: not in the recording, got 3"]),
        (post({"a": [1, 2, 3, 4]}), post({"a": [1, 4]}), ["body.a[1..2]: recorded 2 items, not in this request"]),
        (post({}), post({}, method="PUT"), ["method: recorded 'POST', got 'PUT'"]),
        (
            post({}, "https://a.test/x/y?page=1&a=1"),
            post({}, "https://b.test/x/z?page=2&b"),
            [
                "host: recorded 'a.test', got 'b.test'",
                "path: recorded '/x/y', got '/x/z'",
                "query.a: recorded '1', not in this request",
                "query.b: not in the recording, got ''",
                "query.page: recorded '1', got '2'",
            ],
        ),
        (post({}, CHAT + "?a"), post({}, CHAT + "?a="), ["query: recorded 'a', got 'a='"]),
        (post({}, CHAT + "?a=1&a=2"), post({}, CHAT + "?a=1&a=3"), ["query.a[1]: recorded '2', got '3'"]),
        (post({}, AZURE), post({}, AZURE + "?api-version=1&a=2"), ["query.a: not in the recording, got '2'"]),
        (post(b"text\nA"), post(b"text\nB"), ["body: recorded 'text\\nA', got 'text\\nB'"]),
        (post({}), post(b"x"), ["body: recorded JSON {}, got text 'x'"]),
        (post(b""), post({}), ["body: not in the recording, got JSON {}"]),
        (post(b"\xff\x00"), post(b""), ["body: recorded 2 bytes, not in this request"]),
        (
            post(b"\xff" * 2000 + b"a"),
            post(b"\xff" * 2000 + b"bc"),
            ["body: recorded 2,001 bytes, got 2,002 bytes, the first difference at byte 2,000"],
        ),
        (
            post(b"a=1&b=2&c=3", headers=FORM),
            post(b"a=1&b=3&d=4", headers=FORM),
            [
                "body.b: recorded '2', got '3'",
                "body.c: recorded '3', not in this request",
                "body.d: not in the recording, got '4'",
            ],
        ),
        (post(b"a=1", headers=FORM), post({"a": "1"}), ['body: recorded a form (1 field), got JSON {"a": "1"}']),
        (post(b"[multipart form data omitted]", headers=PARTS), post(b"--B--", headers=PARTS), []),
        (
            post(b"[multipart form data omitted]", headers=PARTS),
            post({}),
            ["body: recorded multipart (omitted), got JSON {}"],
        ),
    ],
)
def test_differences_in_words(recorded: Request, incoming: Request, sentences: list[str]) -> None:
    """Each difference is one line: where, what was recorded, what came."""
    assert said(recorded, incoming) == sentences


def part(name: str, content: bytes, more: str = "") -> bytes:
    """A part of a multipart body."""
    return f'--B\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + content + b"\r\n"


WAV = '; filename="a.wav"\r\nContent-Type: audio/wav'


@pytest.mark.parametrize(
    ("recorded", "incoming", "sentences"),
    [
        (
            part("file", b"\xff" * 9 + b"\x01", WAV) + part("model", b"whisper-1"),
            part("file", b"\xff" * 9 + b"\x02!", WAV) + part("model", b"whisper-2"),
            [
                "body.file: recorded 10 bytes, got 11 bytes, the first difference at byte 9",
                "body.model: recorded 'whisper-1', got 'whisper-2'",
            ],
        ),
        (
            part("file", b"\xff", WAV),
            part("file", b"\xff", WAV.replace("a.wav", "b.wav").replace("audio/wav", "audio/mp3")),
            [
                "body.file (filename): recorded 'a.wav', got 'b.wav'",
                "body.file (content-type): recorded 'audio/wav', got 'audio/mp3'",
            ],
        ),
        (
            part("file", b"\xff", WAV),
            part("language", b"en"),
            [
                "body.file: recorded 1 byte (audio/wav), not in this request",
                "body.language: not in the recording, got 'en'",
            ],
        ),
        (
            part("a", b"1") + part("b", b"2"),
            part("b", b"2") + part("a", b"1"),
            ["body: recorded the parts in the order 'a, b', got 'b, a'"],
        ),
        (part("a", b"1"), part("a", b"1") + part("a", b"2"), ["body.a[1]: not in the recording, got '2'"]),
        (part("a", b"1"), part("a", b"1", '; filename=""'), ["body.a (filename): recorded none, got ''"]),
    ],
)
def test_multipart_by_part(recorded: bytes, incoming: bytes, sentences: list[str]) -> None:
    """Parts are compared by name: their file names, types, sizes, and where their bytes begin to differ."""
    rows = [post(body + b"--B--\r\n", headers=PARTS) for body in (recorded, incoming)]
    assert said(*rows) == sentences


def test_compared_headers() -> None:
    """Headers are said by name, those with credentials without their value."""
    profile = Profile(match_on=("url", "header:x-team", "header:authorization"))
    recorded = post(headers=(("X-Team", "a"), ("Authorization", "Bearer sk-secret")))
    assert said(recorded, post(headers=(("X-Team", "b"),)), profile) == [
        "header.authorization: recorded '(there)', not in this request",
        "header.x-team: recorded 'a', got 'b'",
    ]


def test_only_what_is_compared_is_said() -> None:
    """Parts outside of match_on, an unknown host and ignored places are no differences."""
    assert said(post({"a": 1}), post({"a": 2}, method="PUT"), Profile(match_on=("url",))) == []
    assert said(post({}), post({}, "http://127.0.0.1/v1/chat/completions"), host_known=False) == []
    profile = Rules.parse('[[rule]]\nignore = ["body.a"]\nsame = ["uuid"]', "library.toml").profile_for("x")
    assert said(post({"a": 1}), post({"a": 2}), profile) == []


def test_values_equal_by_pattern_are_shown_as_what_they_are() -> None:
    """A value that a rule numbers is shown by its number."""
    profile = Rules.parse('[[rule]]\nsame = ["uuid"]', "library.toml").profile_for("x")
    one, other = (f"{n * 8}-1111-4222-8333-444444444444" for n in "12")
    assert said(post({"a": one, "b": f"run {one}"}), post({"a": one, "b": f"run {other}"}), profile) == [
        "body.b: recorded 'run ‹uuid1›', got 'run ‹uuid2›'"
    ]


# --- long texts, and what is not safe to print


def test_long_texts_are_cut_around_the_first_difference() -> None:
    """Of long texts the piece that differs is shown, with some of what stands around it."""
    before, after = "So far all is the same. " * 40, " And so on." * 40
    (line,) = said(post({"a": before + "One." + after}), post({"a": before + "Two." + after}))
    assert line == (
        "body.a: recorded '…ar all is the same. One. And so on. And so on. And so on. An…', "
        "got '…ar all is the same. Two. And so on. And so on. And so on. An…'"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a" * 5000, "a" * 5001),
        ("a" * 4096 + "b", "a" * 4096 + "c"),
        ("a" * 100, "b"),
        ("x" * 59 + "y", "x" * 59),
        (7**900, 7**900 + 1),
        (7**900, -(7**900)),
    ],
)
def test_what_differs_is_in_what_is_shown(one: Any, other: Any) -> None:
    """Whatever is cut off, the two sides that are shown are different and short."""
    (found,) = differences(form_of(post({"a": one})), form_of(post({"a": other})))
    assert found.recorded != found.incoming
    assert len(found.recorded) < 70
    assert len(found.incoming) < 70


@pytest.mark.parametrize(
    "nasty", ["\x1b[2J", "\r", "\n", "\x00", "\u202e", "\u2028", "\x9b", "\ud800", "\u200b", "\x7f"]
)
def test_what_is_shown_is_safe(nasty: str) -> None:
    """No control, invisible or reordering character gets through: not from values, keys, queries, forms or methods."""
    body = {"k" + nasty: nasty, "list": [nasty, {nasty: 1}], "object": {"a": {nasty: nasty}}}
    requests = [
        post(body),
        post(f"a{nasty}=b{nasty}".encode("utf-8", "surrogatepass"), headers=FORM),
        post(b"x", CHAT + f"?q{nasty}={nasty}", method="P" + nasty),
        post(
            part("f" + nasty.replace("\ud800", ""), b"1", WAV + nasty.replace("\ud800", "")) + b"--B--", headers=PARTS
        ),
    ]
    profile = Profile(match_on=("method", "url", "body", "header:x"))
    for request in requests:
        for line in said(post({"object": {"b": 1}}, headers=(("x", "1"),)), request, profile):
            assert line.isprintable(), line
        for line in said(request, post(b"y", headers=(("x", nasty),)), profile):
            assert line.isprintable(), line


def test_many_differences_are_counted() -> None:
    """Twenty are told, the rest is counted."""
    lines = said(post({f"k{n:03}": n for n in range(50)}), post({f"k{n:03}": n + 1 for n in range(50)}))
    assert len(lines) == LIMIT + 1
    assert lines[0] == "body.k000: recorded 0, got 1"
    assert lines[-1] == "and 30 more"


def test_counting_stops_where_nothing_is_alike() -> None:
    """Beyond some hundreds nobody needs the number."""
    lines = said(post({f"k{n}": n for n in range(5000)}), post({f"k{n}": n + 1 for n in range(5000)}))
    assert lines[-1].startswith("and at least ")


@pytest.mark.parametrize(
    ("recorded", "incoming"),
    [
        ({"a": ["x" * 50 + str(n) for n in range(20_000)]}, {"a": ["y" * 50 + str(n) for n in range(20_000)]}),
        ({"a": [{"b": {"c": n}} for n in range(20_000)]}, {"a": [{"b": {"c": n + 1}} for n in range(20_000)]}),
        ({"a": "x" * 1_000_000}, {"a": "x" * 999_999 + "y"}),
        ({f"{n}": {"v": n} for n in range(50_000)}, {f"{n}": {"v": n} for n in range(1, 50_001)}),
    ],
)
def test_megabytes_are_compared_with_a_bound(recorded: Any, incoming: Any) -> None:
    """Of bodies of megabytes the first differences are told, and comparing stops where nothing is alike."""
    lines = said(post(recorded), post(incoming))
    assert lines
    assert len(lines) <= LIMIT + 1
    assert all(len(line) < 300 for line in lines)


def test_deep_bodies_are_compared() -> None:
    """The deepest body there can be has a path that is cut, not an error."""
    deep: Any = 1
    other: Any = 2
    for _ in range(190):
        deep, other = {"level": deep}, {"level": other}
    (line,) = said(post(deep), post(other))
    assert line.endswith(".level.level: recorded 1, got 2")
    assert len(line) < 300


# --- conversations


def agent(turns: int, *, odd_turn: int = 0) -> dict[str, Any]:
    """An agent's conversation in which each turn is a tool call and its result."""
    messages: list[Any] = [{"role": "system", "content": "Use tools."}, {"role": "user", "content": "Go."}]
    for number in range(1, turns + 1):
        call = {"id": f"call_{number}", "type": "function", "function": {"name": "read", "arguments": "{}"}}
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        result = "file not found" if number == odd_turn else f"contents of file {number}"
        messages.append({"role": "tool", "tool_call_id": f"call_{number}", "content": result})
    return {"model": "gpt-4o", "messages": messages, "temperature": 0}


def test_a_conversation_names_its_first_differing_turn() -> None:
    """Twenty turns of an agent, the tool's result of turn 7 differs: that is what is said, and nothing else."""
    assert said(post(agent(20)), post(agent(20, odd_turn=7))) == [
        "turn 7 (tool): body.messages[15].content: recorded 'contents of file 7', got 'file not found'"
    ]


def test_the_turn_comes_before_everything_else_in_the_body() -> None:
    """The turn is said first, whatever the other keys of the body are called."""
    incoming = agent(20, odd_turn=7) | {"a": 1, "model": "gpt-4o-mini"}
    lines = said(post(agent(20)), post(incoming))
    assert lines[0].startswith("turn 7 (tool): ")
    assert lines[1:] == ["body.a: not in the recording, got 1", "body.model: recorded 'gpt-4o', got 'gpt-4o-mini'"]


def test_later_turns_follow_the_first() -> None:
    """Differences in several turns are said in their order, each with its turn."""
    incoming = agent(20, odd_turn=7)
    incoming["messages"][30]["content"] = "Hm."
    assert [line.partition(":")[0] for line in said(post(agent(20)), post(incoming))] == [
        "turn 7 (tool)",
        "turn 15 (assistant)",
    ]


def test_one_message_more_is_one_difference() -> None:
    """A message that was put in, or left out, is said as such; what follows it is not in question."""
    incoming = agent(5)
    incoming["messages"].insert(4, {"role": "user", "content": "Faster!"})
    assert said(post(agent(5)), post(incoming)) == [
        'turn 2 (user): body.messages[4]: not in the recording, got {"content": "Faster!", "role": "user"}'
    ]
    assert said(post(incoming), post(agent(5))) == [
        'turn 2 (user): body.messages[4]: recorded {"content": "Faster!", "role": "user"}, not in this request'
    ]


def test_one_message_more_and_one_changed() -> None:
    """An insertion does not hide that another message changed."""
    incoming = agent(9, odd_turn=8)
    incoming["messages"].insert(4, {"role": "user", "content": "Faster!"})
    lines = said(post(agent(9)), post(incoming))
    assert [line.partition(": ")[0] for line in lines] == ["turn 2 (user)", "turn 8 (tool)"]


def test_a_longer_conversation() -> None:
    """Turns that were not recorded are said as a run."""
    assert said(post(agent(3)), post(agent(5))) == [
        "turn 4 (assistant): body.messages[8..11]: not in the recording, got 4 items"
    ]


# --- properties


@given(trees, trees)
@settings(max_examples=150, deadline=None)
def test_there_is_a_difference_exactly_if_nothing_matches(one: Any, other: Any) -> None:
    """No difference is said of requests that match, and at least one of those that do not."""
    forms = form_of(post(one)), form_of(post(other))
    found = differences(*forms)
    assert bool(found) == (not set(recorded_keys(forms[0])) & set(incoming_keys(forms[1])))
    assert all(sentence(difference).isprintable() for difference in found)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=2), values, min_size=1, max_size=5), st.data())
@settings(max_examples=100, deadline=None)
def test_one_change_is_said_once_and_in_its_place(tree: dict[str, Any], data: st.DataObject) -> None:
    """A changed value of a flat key is said with its path, and nothing else is."""
    key = data.draw(st.sampled_from(sorted(tree)))
    (line,) = said(post(tree), post(tree | {key: "a value of its own"}))
    assert line.startswith(f"body.{key}: recorded ")
    assert line.endswith("got 'a value of its own'")
