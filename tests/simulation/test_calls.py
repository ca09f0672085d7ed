"""What a request asks for, and what it counts for before it is answered."""

import json

import pytest

from tokentape.model import Request
from tokentape.simulation.calls import Reader, read
from tokentape.simulation.estimates import cost_of

JSON = (("Content-Type", "application/json"),)
AZURE = "https://unit.openai.azure.com/openai/deployments/d1/{}?api-version=2024-02-01"
OPENAI = "https://api.openai.com/v1/{}"
ANTHROPIC = "https://api.anthropic.com/v1/{}"


def call(url, operation, **tree):
    return read(Request("POST", url.format(operation), JSON, json.dumps(tree).encode()))


def chat(content, url=AZURE, **more):
    return call(url, "chat/completions", messages=[{"role": "user", "content": content}], **more)


def test_what_is_read_of_a_request():
    """The deployment or the model, the tokens in each spelling, the texts of the prompt."""
    found = chat("Hello!", n=2, max_tokens=10)
    assert (found.name, found.most, found.choices, found.texts) == ("d1", 10, 2, (6,))
    assert chat("Hello!", OPENAI, model="gpt-4o", max_completion_tokens=7).most == 7
    assert call(OPENAI, "responses", model="o3", input="Hi", max_output_tokens=5).texts == (2,)
    parts = [{"type": "text", "text": "abc"}, {"type": "image_url", "image_url": {"url": "x" * 999}}]
    assert chat(parts).characters == 3
    assert call(ANTHROPIC, "messages", model="claude-x", system="12", messages=[{"content": "345"}]).characters == 5


@pytest.mark.parametrize("body", [b"", b"[", b"[" * 100_000, b'{"a":' * 100_000, b"null", b"\xff{", b'{"messages": 3}'])
def test_what_can_not_be_read_counts_as_little(body):
    """Nothing is refused here, and nothing fails: the Azure simulator answers such with an empty 500."""
    found = read(Request("POST", OPENAI.format("chat/completions"), JSON, body))
    assert (found.route.operation, found.name, found.texts) == ("chat", "", ())


@pytest.mark.parametrize("value", [True, -1, 0, "5", 1.5, 1 << 40, [1], None])
def test_odd_numbers_are_no_numbers(value):
    """Whoever generates the answer says what is wrong with them."""
    assert chat("a", max_tokens=value, n=value).most is None


def test_another_api_is_no_call():
    """Nothing is counted for it."""
    assert read(Request("GET", "https://weather.example/today")) is None


def test_the_model_of_an_upload():
    """It stands in a field of the form."""
    body = b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--x--\r\n'
    headers = (("Content-Type", "multipart/form-data; boundary=x"),)
    found = read(Request("POST", OPENAI.format("audio/transcriptions"), headers, body))
    assert (found.route.operation, found.name, found.size) == ("transcriptions", "whisper-1", len(body))


def test_the_same_request_is_read_once():
    """And another one is not taken for it, whatever differs."""
    reader = Reader()
    first = Request("POST", OPENAI.format("messages"), JSON, b'{"model": "a"}')
    assert reader.read(first) is reader.read(first)
    version = (*JSON, ("anthropic-version", "2023-06-01"))
    others = [
        Request("POST", first.url, JSON, b'{"model": "b"}'),
        Request("POST", first.url, version, first.body),
        Request("GET", first.url, JSON, first.body),
        Request("POST", first.url + "?a=b", JSON, first.body),
    ]
    assert len({reader.read(one) for one in (first, *others)}) == 5


@pytest.mark.parametrize(("size", "most"), [(10, 4096), (16_000, 132)])
def test_who_asks_something_else_each_time_does_not_fill_the_memory(size, most):
    """So many requests are remembered, and so many bytes of them; a large one is not."""
    reader = Reader()
    url = OPENAI.format("messages")
    for number in range(most + 50):
        reader.read(Request("POST", url, JSON, b'{"model": "%d"}' % number + b" " * size))
    assert 0 < len(reader._known) <= most
    assert reader._bytes == sum(len(body) for *_, body in reader._known)
    large = Request("POST", url, JSON, b'{"model": "a"}' + b" " * 17_000)
    assert reader.read(large) is not reader.read(large)


# Measured on Azure's wire: the prompts, the model, what is asked for, and by how much the remaining tokens went down.
LIFE = "What is the meaning of life?"
SCHOOL = (
    "Imagine you are a school teacher and you have a room full of eight year old children. Your task is to get them "
    "excited and interested in science and today's topic is gravity. How would you explain gravity to captivate their "
    "interest?"
)
MEASURED = [
    (LIFE, "gpt-35-turbo", {}, 16),
    (LIFE, "gpt-35-turbo", {"max_tokens": 1000}, 1000),
    (LIFE, "gpt-3.5-turbo", {"max_tokens": 10}, 10),
    (LIFE, "gpt-4o", {}, 648),
    (LIFE, "gpt-4o", {"max_tokens": 2000}, 2008),
    (LIFE, "gpt-4", {}, 648),
    (LIFE, "gpt-4", {"max_tokens": 1000}, 1008),
    (SCHOOL, "gpt-4", {}, 699),
]


@pytest.mark.parametrize(("prompt", "model", "more", "tokens"), MEASURED)
def test_azure_s_estimate_is_what_was_measured(prompt, model, more, tokens):
    """By model: the Azure simulator knows the first three rows alone."""
    assert cost_of(chat(prompt, **more), model).tokens == tokens


@pytest.mark.parametrize(
    ("texts", "tokens"),
    [("This is some text to generate embeddings for", 11), (["abcde", "a"], 3), ([], 0)],
)
def test_embeddings_count_by_characters(texts, tokens):
    """A quarter of the characters of each, rounded up; the first row was measured."""
    assert cost_of(call(AZURE, "embeddings", input=texts), "text-embedding-ada-002").tokens == tokens


def test_openai_takes_the_larger_of_two():
    """What is asked for at most, and what the prompt's characters suggest."""
    assert cost_of(chat("a" * 400, OPENAI, model="gpt-4o", max_tokens=20), "gpt-4o").tokens == 100
    assert cost_of(chat("a" * 400, OPENAI, model="gpt-4o", max_tokens=200, n=2), "gpt-4o").tokens == 400


def test_anthropic_counts_the_prompt_at_once():
    """What is asked for at most counts for nothing."""
    found = call(
        ANTHROPIC, "messages", model="claude-x", max_tokens=9999, messages=[{"role": "user", "content": "a" * 35}]
    )
    assert cost_of(found, "claude-x").input_tokens == 10


@pytest.mark.parametrize("operation", ["images/generations", "audio/speech"])
def test_what_makes_no_tokens_counts_as_a_request(operation):
    """And as nothing else."""
    assert cost_of(call(OPENAI, operation, model="m", prompt="a" * 400, input="a" * 400), "m").tokens == 0
