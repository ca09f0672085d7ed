"""addon/docs/generating.md: its examples do what they say, and its tables name what the code takes."""

import json
import re
from pathlib import Path

import pytest
from asking import OPENAI, ask, chat
from running import ROOT

from tokentape.generate import Played, Setting, canned, generate
from tokentape.generate.route import route_of
from tokentape.generate.yours.own import OwnGenerators
from tokentape.model import Request
from tokentape.simulation import simulationfile

TEXT = (ROOT / "addon" / "docs" / "generating.md").read_text()
URL = f"{OPENAI}/v1/chat/completions"


def block(language):
    """The one example in a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return found


def named(heading):
    """What the table under a heading has in its first column."""
    table = TEXT.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


@pytest.fixture(scope="module")
def setting():
    """The rules of the example."""
    read = simulationfile.read(block("toml"), "simulation.toml", {})
    return Setting(rules=read.answers)


def test_the_rules_do_what_they_say(setting):
    """Call, text, sequence and error, in the order of the file."""
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
    called = json.loads(ask(URL, chat("How is the weather?", tools=[tool]), setting=setting).body)
    assert json.loads(called["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]) == {"city": "Paris"}
    greeted = json.loads(ask(URL, chat("hello there"), setting=setting).body)
    assert greeted["choices"][0]["message"]["content"] == "Hello! How can I help?"
    request, played = Request("POST", URL, (), json.dumps(chat("Say it again")).encode()), Played()
    answers = [generate(request, now=1.0, setting=setting, played=played) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 429, 200]
    assert ("retry-after", "1") in answers[1].headers
    wrong = ask(f"{OPENAI}/v1/embeddings", {"model": "m", "input": "x"}, setting=setting)
    assert (wrong.status, b"The server is on fire." in wrong.body) == (500, True)


def test_the_tables_name_each_key():
    """Of ``when`` and of what is answered."""
    assert named("of `when`") == list(canned._WHEN)
    assert named("answer") == [*canned._ANSWERS, "sequence"]


@pytest.fixture
def own(tmp_path: Path):
    """The functions of the example."""
    file = tmp_path / "own.py"
    file.write_text(block("python"))
    return OwnGenerators(str(file))


@pytest.mark.parametrize(
    ("url", "question", "headers", "expected"),
    [
        (URL, "How is the weather?", (), "It rains in Lisbon."),
        (URL, "How are you?", (), None),
        (URL, "How are you?", (("X-Demo", "pieces"),), "It rains again."),
        ("http://localhost/health", "", (), b'{"ok":true}'),
        ("http://localhost/teapot", "", (), b"short and stout"),
    ],
)
async def test_the_functions_do_what_they_say(own, url, question, headers, expected):
    """Pass, dress, stream in pieces, answer as it is."""
    request = Request("POST", url, headers, json.dumps(chat(question)).encode())
    given = await own.answer(request, route_of("POST", url, headers))
    assert getattr(given, "text" if isinstance(expected, str) else "body", given) == expected


def test_the_early_simulator_s_import_line_is_named():
    """The hint of the error is the line of the document."""
    assert "from tokentape.generate.web import Request, Response" in TEXT
