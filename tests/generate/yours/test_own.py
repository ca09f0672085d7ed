"""Generators of the user's own: what a file may hold, what a function may give back, what is said of a wrong one."""

import json
import sys
import textwrap

import pytest
from asking import AZURE, NOW, OPENAI, chat

from tokentape.errors import BadSetting, GeneratorTrouble
from tokentape.generate import Played, Setting, generate
from tokentape.generate.answering import answered
from tokentape.generate.canned import Canned
from tokentape.generate.route import route_of
from tokentape.generate.yours.own import OwnGenerators
from tokentape.model import Request

CHAT = f"{OPENAI}/v1/chat/completions"
IMPORT = "from tokentape.generate.web import JSONResponse, PlainTextResponse, Request, Response, StreamingResponse\n"


@pytest.fixture
def load(tmp_path):
    """Loads a file of this text."""

    def made(text):
        file = tmp_path / "own.py"
        file.write_text(IMPORT + textwrap.dedent(text), encoding="utf-8")
        return OwnGenerators(str(file))

    return made


async def asked(own, url=CHAT, body=None, method="POST"):
    """What the generators answer to a request, dressed as the engine dresses it."""
    raw = body if isinstance(body, bytes) else json.dumps(chat() if body is None else body).encode()
    request = Request(method, url, (("content-type", "application/json"),), raw)
    route = route_of(method, url, request.headers)
    given = await own.answer(request, route)
    if isinstance(given, Canned):
        return answered(request, route, seed=1, now=NOW, setting=Setting(), played=Played(), forced=given)
    return given


def text_of(answer):
    """The text of a chat answer."""
    return json.loads(answer.body)["choices"][0]["message"]["content"]


RETURNS = [
    ("return Response('hi', 201)", (201, b"hi")),
    ("return Response(b'\\x00\\xff', media_type='image/png')", (200, b"\x00\xff")),
    ("return JSONResponse({'a': 1}, 418)", (418, b'{"a":1}')),
    ("return PlainTextResponse('hi')", (200, b"hi")),
    ("return {'a': 'é'}", (200, '{"a": "é"}'.encode())),
    ("return StreamingResponse(iter(['a', b'b']))", (200, b"ab")),
    ("return [b'data: a\\n\\n', b'data: b\\n\\n']", (200, b"data: a\n\ndata: b\n\n")),
    ("return Response(str(request.data['model']))", (200, b"gpt-4o")),
    ("return Response(request.headers['Content-Type'])", (200, b"application/json")),
    ("return Response(request.url.path + request.method)", (200, b"/v1/chat/completionsPOST")),
    ("return Response(request.body()[:1])", (200, b"{")),
]


@pytest.mark.parametrize(("line", "expected"), RETURNS)
async def test_a_response_is_sent_as_it_is(load, line, expected):
    """Whatever kind of response it is."""
    answer = await asked(load(f"def generate_it(request):\n    {line}\n"))
    assert (answer.status, answer.body) == expected


@pytest.mark.parametrize("way", ["def", "async def"])
async def test_a_text_is_dressed_in_the_provider_s_shape(load, way):
    """A chat is a chat completion, with its tokens counted; streamed too."""
    own = load(f"{way} generate_it(request):\n    return 'It rains in Lisbon.'\n")
    answer = await asked(own)
    assert text_of(answer) == "It rains in Lisbon."
    assert answer.usage.completion == 5
    streamed = await asked(own, body=chat(stream=True))
    assert b'"content":" rains"' in streamed.body
    azure = await asked(own, f"{AZURE}/openai/deployments/d/chat/completions?api-version=2024-10-21")
    assert "content_filter_results" in json.loads(azure.body)["choices"][0]


@pytest.mark.parametrize(
    "body",
    [
        "def generate_it(request):\n    yield 'It '\n    yield 'rains.'\n",
        "async def generate_it(request):\n    yield 'It '\n    yield 'rains.'\n",
        "def generate_it(request):\n    return ['It ', 'rains.']\n",
    ],
)
async def test_pieces_of_text_are_the_pieces_of_the_stream(load, body):
    """One delta for each; not streamed, they are put together."""
    own = load(body)
    assert text_of(await asked(own)) == "It rains."
    streamed = await asked(own, body=chat(stream=True))
    assert b'"content":"It "' in streamed.body
    assert b'"content":"rains."' in streamed.body


async def test_none_passes_the_request_on(load):
    """To the next function, and after the last to what is made up."""
    own = load(
        """
        def generate_never(request):
            return None

        def generate_echo(request):
            if request.url.path == "/echo":
                return Response("Echo: " + request.body().decode())
        """
    )
    assert [function.__name__ for function in own._functions] == ["generate_never", "generate_echo"]
    assert (await asked(own, "http://localhost/echo", b"hello")).body == b"Echo: hello"
    assert await asked(own) is None


async def test_the_early_simulator_s_files_run(load):
    """``get_generators()``, sync and async functions, ``await request.body()``: only the import differs."""
    own = load(
        """
        import json

        async def generate_echo_response(request: Request) -> Response | None:
            if request.url.path != "/echo" or request.method != "POST":
                return None
            request_body = await request.body()
            return Response(content=f"Echo: {request_body.decode('utf-8')}", status_code=200)

        async def by_json(request):
            body = await request.json()
            return JSONResponse(content={"model": body["model"], "api": request.query_params.get("api-version")})

        def get_generators():
            return [generate_echo_response, by_json, lambda request: Response("default")]
        """
    )
    assert (await asked(own, "http://localhost/echo", b"hello")).body == b"Echo: hello"
    told = await asked(own, "http://localhost/other?api-version=1")
    assert json.loads(told.body) == {"model": "gpt-4o", "api": "1"}


async def test_a_response_of_fastapi_is_read_by_its_looks(load):
    """Whatever has a status, headers and a body, or an iterator of pieces."""
    own = load(
        """
        class Alien:
            status_code = 202
            headers = {"Content-Type": "text/alien", "content-length": "7"}

            async def _pieces(self):
                yield "one "
                yield b"two"

            @property
            def body_iterator(self):
                return self._kept

            @body_iterator.setter
            def body_iterator(self, pieces):
                self._kept = pieces

            def __init__(self):
                self._kept = self._pieces()

        def generate_it(request):
            return Alien()
        """
    )
    answer = await asked(own)
    assert (answer.status, answer.body, answer.events) == (202, b"one two", (4, 3))
    assert answer.headers == (("content-type", "text/alien"),)


WRONG = [
    ("    return 7", "line 2: generate_it returned 7"),
    ("    return b'x'", "line 2: generate_it returned bytes of 1"),
    ("    return object()", "line 2: generate_it returned a value of type object"),
    ("    return [1, 2]", "line 2: generate_it returned a value of type list"),
    ("    return []", "line 2: generate_it returned a value of type list"),
    ("    return Response(status_code=9)", "line 2: generate_it returned a response with the status 9"),
    ("    return StreamingResponse([1])", "line 2: generate_it returned a stream with 1 in it"),
    ("    return {'a': {1}}", "line 2: generate_it returned a dict that is no JSON"),
    ("    x = 1\n    return nosuch", "line 4: generate_it failed: NameError: name 'nosuch' is not defined"),
    ("    raise ValueError('sk-secret')", "line 3: generate_it failed: ValueError"),
    ("    raise SystemExit(3)", "line 3: generate_it failed: SystemExit"),
    ("    return request.data['none']['x']", "line 3: generate_it failed: KeyError"),
]


@pytest.mark.parametrize(("body", "message"), WRONG)
async def test_a_wrong_one_is_told_where_it_is(load, body, message):
    """The file and the line, and never a made-up answer instead; a text of an exception may hold a secret."""
    own = load(f"def generate_it(request):\n{body}\n")
    with pytest.raises(GeneratorTrouble) as trouble:
        await asked(own)
    assert str(trouble.value).startswith(f"{own.path}, {message}")
    assert "secret" not in str(trouble.value)
    assert trouble.value.hint


async def test_an_exception_below_is_told_at_the_user_s_line(load):
    """The line of the user's file, not of a library that it called."""
    own = load(
        """
        def generate_it(request):
            def within():
                return __import__("json").loads("{")
            return within()
        """
    )
    with pytest.raises(GeneratorTrouble, match=r"own\.py, line 5: generate_it failed: JSONDecodeError$"):
        await asked(own)


async def test_a_text_where_no_words_are_answered_is_wrong(load):
    """An embedding can't be made of a text, nor an answer to an unknown path."""
    own = load("def generate_it(request):\n    return 'hello'\n")
    for url in (f"{OPENAI}/v1/embeddings", "http://localhost/echo"):
        with pytest.raises(GeneratorTrouble, match="where no answer is made of words"):
            await asked(own, url)


FILES = [
    ("x = (", "line 2: SyntaxError"),
    ("import no_such_module", "line 2: ModuleNotFoundError: No module named 'no_such_module'"),
    ("1 / 0", "line 2: ZeroDivisionError"),
    ("raise SystemExit(1)", "line 2: SystemExit"),
    ("def other(request): ...", "has no generator"),
    ("def get_generators(): return 7", "line 2: get_generators() must return a list"),
    ("def get_generators(): return [7]", "line 2: get_generators() must return a list"),
    ("def get_generators():\n    return 1 / 0", "line 3: ZeroDivisionError"),
    ("def generate_it(): ...", "line 2: generate_it must take one argument"),
    ("def generate_it(context, request): ...", "line 2: generate_it must take one argument"),
]


@pytest.mark.parametrize(("text", "message"), FILES)
def test_a_file_that_can_t_be_used_stops_the_start(load, text, message):
    """With the line, and a hint."""
    with pytest.raises(BadSetting) as wrong:
        load(text)
    assert message in str(wrong.value)
    assert wrong.value.hint


def test_a_missing_file_is_told():
    """By its name as it was given."""
    with pytest.raises(BadSetting, match=r"there is no file nope\.py with generators"):
        OwnGenerators("nope.py")


def test_fastapi_that_is_not_installed_is_told_how_to_replace(tmp_path, monkeypatch):
    """The early simulator's files import it; one line is all that has to change."""
    monkeypatch.setitem(sys.modules, "fastapi", None)
    file = tmp_path / "own.py"
    file.write_text("from fastapi import Request, Response\n")
    with pytest.raises(BadSetting, match="line 1") as wrong:
        OwnGenerators(str(file))
    assert "from tokentape.generate.web import Request, Response" in wrong.value.hint


def test_a_path_that_is_no_api_s_is_not_made_up():
    """Without a generator for it nobody answers."""
    assert generate(Request("POST", "http://localhost/echo"), now=1.0) is None
