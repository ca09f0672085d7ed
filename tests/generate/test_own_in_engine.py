"""Generators of the user's own, through the engine: asked first, dressed, counted; and refused where they are wrong."""

import json

import pytest

from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming
from tokentape.errors import BadSetting
from tokentape.model import Request, header
from tokentape.settings import Settings

CHAT = "https://api.openai.com/v1/chat/completions"
OWN = """
from tokentape.generate.web import Response

def generate_echo(request):
    if request.url.path == "/echo":
        return Response(b"Echo: " + request.body())

def generate_weather(request):
    question = request.data["messages"][-1]["content"]
    if "weather" in question:
        return "It rains."
    if "broken" in question:
        return 7
"""


@pytest.fixture
async def engine(tmp_path):
    """An engine in mode generate with these functions."""
    (tmp_path / "own.py").write_text(OWN)
    made = Engine(settings(tmp_path, "own.py"), {}, tmp_path / "state")
    yield made
    await made.close()


def settings(folder, own):
    """Mode generate, with generators from this file."""
    return Settings(mode="generate", library=str(folder / "cassettes"), generators=str(folder / own))


async def ask(engine, question="", url=CHAT, **more):
    """The answer to a question."""
    tree = {"model": "gpt-4o", "messages": [{"role": "user", "content": question}], **more}
    request = Request("POST", url, (("Content-Type", "application/json"),), json.dumps(tree).encode())
    return await engine.answer(Incoming(request))


async def test_own_words_are_dressed_and_the_rest_is_made_up(engine):
    """A function that passes leaves the request to the generator."""
    own, made_up = await ask(engine, "How is the weather?"), await ask(engine, "How are you?")
    texts = [json.loads(answer.body)["choices"][0]["message"]["content"] for answer in (own, made_up)]
    assert texts[0] == "It rains."
    assert len(texts[1]) > 50
    streamed = await ask(engine, "How is the weather?", stream=True)
    assert len(streamed.plan.steps) == 6


async def test_own_answers_at_any_path(engine):
    """A path that no API has is the functions' own."""
    answer = await ask(engine, url="http://localhost/echo")
    assert answer.body.startswith(b"Echo: {")
    assert header(answer.headers, "content-length") == str(len(answer.body))


async def test_a_wrong_one_is_refused_and_not_made_up(engine, tmp_path):
    """With its file and line, and no retry."""
    answer = await ask(engine, "broken")
    assert (answer.status, answer.refusal.code) == (500, "internal")
    assert f"{tmp_path / 'own.py'}, line 8: generate_weather returned 7" in answer.body.decode()
    assert header(answer.headers, "x-should-retry") == "false"


async def test_a_broken_file_stops_the_start_and_changes_nothing_later(engine, tmp_path):
    """While running the old functions stay."""
    (tmp_path / "bad.py").write_text("x = (")
    with pytest.raises(BadSetting, match="line 1: SyntaxError"):
        Engine(settings(tmp_path, "bad.py"), {}, tmp_path / "state2")
    with pytest.raises(BadSetting):
        engine.reconfigure(settings(tmp_path, "bad.py"))
    assert b"It rains." in (await ask(engine, "weather")).body
    assert engine.reconfigure(Settings(mode="generate", library=str(tmp_path / "cassettes")))
    assert b"It rains." not in (await ask(engine, "weather")).body
