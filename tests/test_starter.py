"""The starter library: what its script records, honest about its origin, without secrets, and fit for real SDKs."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from running import ADDON, ROOT, clean_environment

import api
import starter
from tokentape import formats
from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming
from tokentape.model import Cassette, Request, header
from tokentape.redaction.redact import redact
from tokentape.settings import Settings
from tokentape.wire.answers import Answer

LIBRARY = ROOT / "cassettes"
FILES = sorted(LIBRARY.glob("**/*.yaml"))
PATIENCE = 120  # seconds


def cassette(path: Path) -> Cassette:
    """What a file holds."""
    return formats.load(path.read_bytes(), path.name)


def test_the_library_is_what_the_script_asks_for() -> None:
    """No cassette is missing, and none is left over."""
    assert [path.stem for path in FILES] == sorted({ask.cassette for ask in starter.ASKS})


@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
@pytest.mark.parametrize("ask", starter.ASKS, ids=lambda ask: ask.cassette)
async def test_each_question_gets_the_answer_of_the_stand_in(ask: starter.Ask, named: bool, tmp_path: Path) -> None:
    """By its cassette's name and without one, with no key: the bytes that the stand-in sends."""
    engine = Engine(Settings(mode="replay", library=str(LIBRARY)), {}, tmp_path)
    headers = (("X-Cassette-Name", ask.cassette),) if named else ()
    answer = await engine.answer(Incoming(Request("POST", ask.url, headers, json.dumps(ask.body).encode())))
    await engine.close()
    reply = api.ROUTES[ask.path][0](ask.body)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body) == (reply.status, b"".join(reply.events) or reply.body)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_secret_is_in_it(path: Path) -> None:
    """Nothing is left to redact, no header that holds a key is there, and nothing looks like a key."""
    for interaction in cassette(path).interactions:
        assert redact(interaction) is interaction
        assert {name.lower() for name, _ in interaction.request.headers}.isdisjoint({"authorization", "x-api-key"})
    assert not re.search(r"\bsk-(?!proj-tokentape-redacted)|standin-?0123456789|Bearer ", path.read_text())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_says_that_no_provider_wrote_it(path: Path) -> None:
    """Whoever finds one of the files alone can see whose answers these are."""
    for interaction in cassette(path).interactions:
        assert header(interaction.response.headers, "server") == "tokentape-stand-in"


def run(*command: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a Python program in a home of its own."""
    environ = clean_environment(folder / "home", PYTHONPATH=str(ADDON))
    words = [sys.executable, *map(str, command)]
    return subprocess.run(words, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_recording_it_again_changes_nothing(tmp_path: Path) -> None:
    """The script gives the same files, to the byte, so a difference in review is a change of the product."""
    library = tmp_path / "cassettes"
    done = run(starter.__file__, library, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "9 recorded" in done.stderr
    for path in FILES:
        assert (library / path.name).read_text() == path.read_text(), "run .venv/bin/python scripts/lib/starter.py"


SDKS = """
import anthropic, openai

ai, claude = openai.OpenAI(api_key="unused"), anthropic.Anthropic(api_key="unused")
question = {"role": "user", "content": "What does a tape do?"}
said = "A tape remembers every token."
chat = {"model": "gpt-4o-mini", "messages": [question]}
assert ai.chat.completions.create(**chat).choices[0].message.content == said
chunks = ai.chat.completions.create(**chat, stream=True)
assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == said
try:
    ai.chat.completions.create(**chat, temperature=3)
except openai.BadRequestError as error:
    assert error.code == "decimal_above_max_value", error

parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
function = {"name": "get_weather", "description": "The weather in a city, now", "parameters": parameters}
chat = {"model": "gpt-4o-mini", "tools": [{"type": "function", "function": function}]}
turns = [{"role": "user", "content": "What is the weather in Berlin?"}]
call = ai.chat.completions.create(**chat, messages=turns).choices[0].message.tool_calls[0]
turns += [{"role": "assistant", "tool_calls": [call.to_dict()]}]
turns += [{"role": "tool", "tool_call_id": call.id, "content": "12 degrees, light rain"}]
last = ai.chat.completions.create(**chat, messages=turns).choices[0]
assert "light rain" in last.message.content and last.finish_reason == "stop"

texts = {"input": [said, question["content"]], "dimensions": 8, "encoding_format": "float"}
vectors = ai.embeddings.create(model="text-embedding-3-small", **texts).data
assert [len(vector.embedding) for vector in vectors] == [8, 8]
events = list(ai.responses.create(model="gpt-4o-mini", input=question["content"], stream=True))
assert events[-1].response.output_text == said, events[-1]

ask = {"model": "claude-haiku-4-5", "max_tokens": 100, "messages": [question]}
assert claude.messages.create(**ask).content[0].text == said
events = claude.messages.create(**ask, stream=True)
assert "".join(event.delta.text for event in events if event.type == "content_block_delta") == said
print("all parsed")
"""


def test_the_sdks_understand_every_answer(tmp_path: Path) -> None:
    """The real SDKs of both providers find their requests in the library, and in the answers what they look for."""
    program = tmp_path / "sdks.py"
    program.write_text(SDKS)
    command = ("-m", "tokentape", "replay", "--library", LIBRARY, "--strict", "--", sys.executable, program)
    done = run(*command, folder=tmp_path)
    assert done.stdout == "all parsed\n", done.stderr
    assert (done.returncode, done.stderr.splitlines()[0]) == (0, "tokentape: 9 replayed")
