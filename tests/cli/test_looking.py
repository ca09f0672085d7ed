"""``ls``, ``show`` and ``diff``: what they print where, what they exit with, and that nothing recorded can do harm."""

import io
import json
import os
import pty
import select
import subprocess
import sys

import pytest
from recordings_in_text import GO_VCR, VCR_PY
from running import ADDON, clean_environment
from shelves import NASTY, NASTY_CHARACTERS, asked, plain, put, starter
from waiting import ENOUGH

from tokentape.cli import main
from tokentape.cli.listing import ago, size
from tokentape.model import Interaction, Request, Response
from tokentape.reporting.reports import Report, tree_of

# --- ls


def test_ls_lists_what_there_is(library, run):
    """A row a cassette: interactions, hosts, models, size, age; the sum is talk."""
    starter(library, "chat-tools", "messages-basic")
    put(library, "more/two", asked(), asked(model="n", url="https://files.example:8443/v1/chat/completions"))
    code, out, err = run("ls")
    head, tools, messages, two = out.splitlines()
    assert (code, head.split()) == (0, ["CASSETTE", "INTERACTIONS", "HOSTS", "MODELS", "SIZE", "RECORDED"])
    assert tools.split()[:6] == ["chat-tools", "2", "api.openai.com", "gpt-4o-mini", "7.5", "kB"]
    assert tools.endswith(" ago")
    assert "claude-haiku-4-5" in messages
    assert two.split()[:6] == ["more/two", "2", "api.openai.com,", "files.example:8443", "m,", "n"]
    assert two.endswith("?"), "no answer says when it was made"
    assert err == "tokentape: cassettes: 3 cassettes with 5 interactions\n"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["chat-*"], ["chat-basic", "chat-tools"]),
        (["more"], ["more/two"]),
        (["more/"], ["more/two"]),
        (["chat-basic.yaml"], ["chat-basic"]),
        (["messages-basic", "more/*"], ["messages-basic", "more/two"]),
    ],
)
def test_ls_takes_names_patterns_and_folders(library, run, words, names):
    """Each word adds to the list."""
    starter(library, "chat-tools", "chat-basic", "messages-basic")
    put(library, "more/two", asked())
    code, out, _ = run("ls", "--json", *words)
    assert (code, [row["cassette"] for row in json.loads(out)]) == (0, names)


def test_ls_as_json(library, run):
    """Numbers as numbers."""
    starter(library, "chat-streaming")
    _, out, err = run("ls", "--json")
    [row] = json.loads(out)
    assert err == ""
    assert row == {
        "cassette": "chat-streaming",
        "path": "cassettes/chat-streaming.yaml",
        "bytes": (library / "chat-streaming.yaml").stat().st_size,
        "interactions": 1,
        "streams": 1,
        "hosts": ["api.openai.com"],
        "models": ["gpt-4o-mini"],
        "recorded": 1767225600.0,
        "damage": None,
    }


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_ls_shows_a_damaged_cassette_and_exits_with_1(library, run, flags):
    """The others are listed all the same."""
    starter(library, "chat-basic")
    (library / "broken.yaml").write_text("version: 2\ninteractions: [oops\n")
    code, out, err = run("ls", *flags)
    assert code == 1
    assert "chat-basic" in out
    assert "damaged" in out or "broken.yaml, line" in out
    assert flags or "hint: tokentape check cassettes/broken.yaml" in err


def test_ls_of_an_empty_library(library, run):
    """Nothing on stdout."""
    assert run("ls") == (0, "", "tokentape: cassettes: 0 cassettes with 0 interactions\n")


def test_a_library_that_is_not_there(tmp_path, monkeypatch, run):
    """The first thing that a new user meets: what to do about it."""
    monkeypatch.chdir(tmp_path)
    code, out, err = run("ls")
    assert (code, out) == (1, "")
    assert err.startswith("error: there is no library cassettes\n\nhint: tokentape record -- ")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (90, "1 minute ago"),
        (7200, "2 hours ago"),
        (86_400 * 3, "3 days ago"),
        (-9999, "in the future"),
    ],
)
def test_ages(seconds, words):
    """The largest unit that fits."""
    assert ago(seconds) == words


@pytest.mark.parametrize(("count", "words"), [(5, "5 B"), (1536, "1.5 kB"), (5 << 20, "5.0 MB"), (3 << 30, "3.0 GB")])
def test_sizes(count, words):
    """Bytes as people read them."""
    assert size(count) == words


# --- show


def test_show_reads_a_conversation(library, run):
    """Roles, tool calls with their arguments, results, the answer, its usage."""
    starter(library, "chat-tools")
    code, out, err = run("show", "chat-tools#1")
    assert (code, err) == (0, "")
    assert out == (
        "chat-tools#1  POST https://api.openai.com/v1/chat/completions\n"
        "chat · gpt-4o-mini · tools: get_weather\n"
        "user\n"
        "  What is the weather in Berlin?\n"
        "assistant\n"
        '  → get_weather({"city": "Berlin"})  call_standin\n'
        "tool\n"
        "  ← call_standin\n"
        "    12 degrees, light rain\n"
        "── 200 OK, 20 ms\n"
        "assistant (stop)\n"
        "  The tool says: 12 degrees, light rain.\n"
        "13 prompt tokens, 6 completion tokens, answered by gpt-4o-mini-2024-07-18\n"
    )


@pytest.mark.parametrize("name", ["chat-streaming", "messages-streaming", "responses-streaming"])
def test_show_joins_a_stream(library, run, name):
    """The text as one, and how many events it came in."""
    starter(library, name)
    _, out, _ = run("show", name)
    assert "  A tape remembers every token.\n" in out
    assert " events" in out


def test_show_takes_several_and_whole_cassettes(library, run):
    """An empty line between two interactions."""
    starter(library, "chat-tools", "chat-error")
    _, out, _ = run("show", "chat-tools", "cassettes/chat-error.yaml")
    heads = [line.partition("  ")[0] for line in out.splitlines() if "  POST " in line]
    assert heads == ["chat-tools#0", "chat-tools#1", "chat-error#0"]
    assert out.count("\n\n") == 2
    assert "error: Invalid 'temperature'" in out


def test_show_of_what_is_no_conversation(library, run):
    """Text as text, JSON indented, the rest as size and type."""
    put(
        library, "a", plain("/t", b'{"q": [1]}', b"one\ntwo\n"), plain("/b", b"", b"\xff\x00", "image/png"), plain("/n")
    )
    _, out, _ = run("show", "a")
    assert '  {\n    "q": [\n      1\n    ]\n  }\n' in out
    assert "  one\n  two\n" in out
    assert "  [2 bytes of image/png]\n" in out
    assert "  no body\n" in out


def test_show_cuts_what_is_endless(library, run):
    """A megabyte on one line fills no terminal."""
    put(library, "a", asked("x" * 1_000_000))
    _, out, _ = run("show", "a")
    assert len(out) < 25_000
    assert "… 980,000 more characters; raw shows all" in out


def test_show_raw_is_what_was_recorded(library, capfdbinary):
    """Through a pipe the bytes are the recorded ones."""
    body = b"\xff\x1b[31m\r\nraw"
    put(library, "a", plain("/b", b"", body))
    assert main(["show", "--raw", "a"]) == 0
    out = capfdbinary.readouterr().out
    assert out.startswith(b"GET https://files.example/b HTTP/1.1\n")
    assert b"HTTP/1.1 200 OK\nContent-Type: text/plain\n\n" + body + b"\n" in out


def test_show_as_json(library, run):
    """Each part says what it is."""
    starter(library, "chat-tools")
    _, out, _ = run("show", "--json", "chat-tools#0")
    [one] = json.loads(out)
    assert (one["interaction"], one["status"]) == ("chat-tools#0", 200)
    assert one["prompt"]["turns"][0]["parts"] == [
        {"part": "text", "text": "What is the weather in Berlin?", "kind": "text"}
    ]
    assert one["reply"]["turns"][0]["parts"] == [
        {"part": "call", "name": "get_weather", "arguments": '{"city": "Berlin"}', "id": "call_standin"}
    ]
    assert one["reply"]["usage"]["prompt"] == 13


@pytest.mark.parametrize("text", [GO_VCR, VCR_PY], ids=["go-vcr", "VCR.py"])
def test_cassettes_of_other_tools(library, run, text):
    """They are read like our own."""
    (library / "theirs.yaml").write_text(text)
    code, out, _ = run("show", "theirs")
    assert code == 0
    assert out.startswith("theirs#0  ")
    assert "── 200" in out
    assert json.loads(run("ls", "--json")[1])[0]["interactions"] == out.count("── ")


WRONG = [
    (["show", "chat-bsic"], "did you mean chat-basic?", "tokentape show chat-basic"),
    (["show", "chat-bsic#0", "--raw"], "did you mean chat-basic?", "tokentape show 'chat-basic#0' --raw"),
    (
        ["diff", "chat-basic", "mesages-basic"],
        "did you mean messages-basic?",
        "tokentape diff chat-basic messages-basic",
    ),
    (["show", "chat-basic#7"], "it has 1, the last is chat-basic#0", "tokentape show 'chat-basic#0'"),
    (["show", "chat-basic#x"], "must be a number", "tokentape show chat-basic"),
    (["show", "zzz"], "there is no cassette zzz in cassettes", "tokentape ls --library cassettes"),
    (["diff", "chat-basic", "messages-basic#0"], "can't be compared", "tokentape diff chat-basic messages-basic"),
]


@pytest.mark.parametrize(("words", "message", "hint"), WRONG)
def test_a_name_with_a_typo(library, run, words, message, hint):
    """The whole command line, put right, to paste; exit code 2."""
    starter(library, "chat-basic", "messages-basic")
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    error, _, pasted = err.partition("\n\nhint: ")
    assert error.startswith("error: ")
    assert message in error
    assert pasted == f"{hint}\n"


# --- diff


def test_diff_of_what_is_equal(library, run):
    """Ids, dates and key order are no difference; exit code 0, nothing on stdout."""
    one = asked()
    other = Interaction(
        Request(
            "POST",
            one.request.url,
            (("X-Request-Id", "7"),),
            b'{"messages":[{"content":"Hello!","role":"user"}],"model":"m"}',
        ),
        Response(200, "OK", one.response.headers, one.response.body.replace(b'{"model"', b'{"id": "x", "model"')),
    )
    put(library, "a", one)
    put(library, "b", other)
    assert run("diff", "a", "b") == (0, "", "tokentape: 1 of 1 equal\n")


def test_diff_says_it_in_the_words_of_a_miss(library, run):
    """Requests by their forms, answers by what is said; what only one has."""
    put(library, "a", plain("/old"), asked("Hello!", "Hi."), asked("Same."))
    put(library, "b", asked("Same."), asked("Hi!", "Oh, hi."), plain("/new"))
    code, out, err = run("diff", "a", "b")
    assert (code, err) == (1, "tokentape: 1 of 4 equal\n")
    assert out.splitlines() == [
        "only a#0: GET https://files.example/old",
        "a#1 and b#1: POST https://api.openai.com/v1/chat/completions",
        "  request: body.messages[0].content: recorded 'Hello!', got 'Hi!'",
        "  answer: answer.turns[0].parts[0].text: recorded 'Hi.', got 'Oh, hi.'",
        "only b#2: GET https://files.example/new",
    ]


def test_diff_of_two_interactions(library, run):
    """Those that are named, however little they have in common."""
    put(library, "a", asked("A"), plain("/t", b"", b"one"))
    code, out, _ = run("diff", "--json", "a#0", "a#1")
    [one] = json.loads(out)
    assert (code, one["recorded"], one["incoming"], one["equal"]) == (1, "a#0", "a#1", False)
    assert [difference["path"] for difference in one["asked"]][:2] == ["method", "host"]


def test_diff_goes_by_the_rules_of_the_library(library, run):
    """What library.toml ignores is no difference."""
    (library / "library.toml").write_text('[[rule]]\nignore = ["body.seed"]\n')
    put(library, "a", asked(seed=1))
    put(library, "b", asked(seed=2))
    assert run("diff", "a", "b")[0] == 0


# --- nothing that was recorded can do harm


def nasty() -> Interaction:
    """An interaction with something nasty in every place that is shown."""
    tools = [{"type": "function", "function": {"name": NASTY, "description": NASTY}}]
    base = asked(NASTY, NASTY, model=NASTY, tools=tools, extra=NASTY)
    calls = [{"id": NASTY, "function": {"name": NASTY, "arguments": NASTY}}]
    message = {"role": NASTY, "content": NASTY, "refusal": NASTY, "tool_calls": calls}
    body = json.dumps({"model": NASTY, "choices": [{"message": message, "finish_reason": NASTY}], "error": NASTY})
    return Interaction(base.request, Response(200, "OK", base.response.headers, body.encode()))


COMMANDS = [["ls"], ["show", "a"], ["show", "--raw", "a"], ["diff", "a", "b"], ["diff", "a#0", "b#0"]]


@pytest.mark.parametrize("words", [*COMMANDS[:2], *COMMANDS[3:]], ids=" ".join)
def test_nothing_nasty_is_printed(library, run, words):
    """Escape sequences, bidi marks and what is invisible are shown as escapes, and markup as it is."""
    put(library, "a", nasty(), plain("/x", b"", NASTY.encode()))
    put(library, "b", asked())
    _, out, err = run(*words)
    assert not NASTY_CHARACTERS & set(out + err)
    assert "\\x1b" in out
    assert "[bold]not markup[/bold] :smile:" in out or words[0] == "diff"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_nothing_nasty_reaches_a_terminal(library, words):
    """The same on a terminal, but for the colours that are ours; without NO_COLOR there are some."""
    put(library, "a", nasty(), plain("/x", b"", NASTY.encode()))
    put(library, "b", asked())
    seen = on_a_terminal(library, *words)
    assert not NASTY_CHARACTERS - {"\x1b", "\r"} & set(seen)
    assert "\x1b]0;" not in seen
    assert "\\x1b" in seen
    if words[0] != "diff" and "--raw" not in words:
        assert "\x1b[1m" in seen
        assert "\x1b" not in on_a_terminal(library, *words, NO_COLOR="1", TERM="dumb")


def on_a_terminal(library, *words: str, **env: str) -> str:
    """What a terminal gets to see of a command."""
    ours, theirs = pty.openpty()
    environ = clean_environment(library.parent, PYTHONPATH=str(ADDON), **{"TERM": "xterm", "COLUMNS": "80", **env})
    command = [sys.executable, "-m", "tokentape", *words]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, cwd=library.parent):
        os.close(theirs)
        seen = b""
        while piece := _read(ours):
            seen += piece
    os.close(ours)
    return seen.decode()


def _read(terminal: int) -> bytes:
    assert select.select([terminal], [], [], ENOUGH)[0], "nothing more is shown, and nothing ends"
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other side is closed
        return b""


@pytest.mark.parametrize("command", ["ls", "report", "verify", "prune --report -"])
def test_one_of_two_files_of_a_name_was_left_out_without_a_word(library, run, monkeypatch, command):
    """Both are named, whatever the command."""
    put(library, "chat", asked())
    (library / "chat.json").write_text("{}")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(tree_of(Report())).encode())))
    code, out, err = run(*command.split())
    assert (code, out) == (1, "")
    assert err.startswith("error: the cassette chat is there twice: cassettes/chat.json and cassettes/chat.yaml\n")


def test_a_report_on_stdin_that_is_no_utf_8_was_a_traceback(library, run, monkeypatch):
    """A command may have said anything above it."""
    put(library, "chat", asked())
    said = b"\xff\xfe\n" + json.dumps(tree_of(Report())).encode() + b"\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(said), "utf-8"))
    assert run("report", "--run", "-")[0] == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff"), "utf-8"))
    code, _, err = run("prune", "--report", "-")
    assert code == 2
    assert err.startswith("error: -: it is no report of a run\n")
