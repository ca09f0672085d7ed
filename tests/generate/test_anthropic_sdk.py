"""The official Anthropic client reads each made-up answer into its own types, streamed or not."""

import base64

import anthropic
import pytest
from anthropic import Anthropic
from pydantic import BaseModel

from tokentape.generate.material.dice import Dice
from tokentape.generate.material.pictures import png

QUESTION = [{"role": "user", "content": "What is the weather in Lisbon today?"}]
TOOL = {
    "name": "get_weather",
    "description": "Look the weather up.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
BASIC = {"model": "claude-sonnet-5-5", "max_tokens": 500, "messages": QUESTION}


class Plan(BaseModel):
    """What a model is asked to fill in."""

    name: str
    steps: list[str]


@pytest.fixture
def client(base_url):
    """A client of the generator."""
    with Anthropic(base_url=base_url, api_key="unused", max_retries=0) as made:
        yield made


def test_a_message(client):
    """In one piece: a text that ends its turn."""
    answer = client.messages.create(**BASIC)
    type(answer).model_validate_json(answer.model_dump_json())
    assert (answer.content[0].type, answer.stop_reason) == ("text", "end_turn")
    assert answer.id.startswith("msg_01")
    assert answer.usage.output_tokens > 5
    assert answer == client.messages.create(**BASIC)


def test_a_streamed_message(client):
    """Each event in its place, and the helper puts the same message together."""
    whole = client.messages.create(**BASIC)
    with client.messages.stream(**BASIC) as stream:
        raw = [event.type for event in stream if event.type not in ("text",)]
        final = stream.get_final_message()
    assert list(dict.fromkeys(raw)) == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert final.content[0].text == whole.content[0].text
    assert (final.id, final.stop_reason) == (whole.id, whole.stop_reason)
    assert final.usage.output_tokens == whole.usage.output_tokens
    assert final.usage.input_tokens == whole.usage.input_tokens


def test_a_ping_comes_in_a_stream(client):
    """As in the API's own streams: after the first block has started."""
    with client.messages.with_streaming_response.create(**BASIC, stream=True) as response:
        lines = [line for line in response.iter_lines() if line.startswith("event:")]
    assert lines[:3] == ["event: message_start", "event: content_block_start", "event: ping"]
    assert lines[-1] == "event: message_stop"


@pytest.mark.parametrize(
    ("more", "reason"), [({"max_tokens": 5}, "max_tokens"), ({"stop_sequences": [" the"]}, "stop_sequence")]
)
def test_what_ends_a_message(client, more, reason):
    """The limit, or a stop sequence, which is named; as a stream too."""
    answer = client.messages.create(**{**BASIC, **more})
    assert answer.stop_reason == reason
    assert answer.stop_sequence == (more["stop_sequences"][0] if "stop_sequences" in more else None)
    assert answer.usage.output_tokens <= more.get("max_tokens", 500)
    with client.messages.stream(**{**BASIC, **more}) as stream:
        final = stream.get_final_message()
    assert (final.stop_reason, final.stop_sequence) == (answer.stop_reason, answer.stop_sequence)


@pytest.mark.parametrize("choice", [{"type": "auto"}, {"type": "any"}, {"type": "tool", "name": "get_weather"}])
def test_a_tool_is_used(client, choice):
    """Whole and streamed; its result brings a text."""
    more = {**BASIC, "tools": [TOOL], "tool_choice": choice}
    answer = client.messages.create(**more)
    use = answer.content[0]
    assert (use.type, use.name, use.input, answer.stop_reason) == (
        "tool_use",
        "get_weather",
        {"city": "Lisbon"},
        "tool_use",
    )
    with client.messages.stream(**more) as stream:
        assert stream.get_final_message().content[0] == use
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": use.id, "content": "21 degrees"}]}
    messages = [*QUESTION, {"role": "assistant", "content": answer.content}, result]
    followed = client.messages.create(**{**BASIC, "messages": messages, "tools": [TOOL]})
    assert followed.stop_reason == "end_turn"


def test_a_parsed_message(client):
    """The schema of a pydantic class is filled in, in one piece and as a stream."""
    whole = client.messages.parse(**BASIC, output_format=Plan)
    assert isinstance(whole.parsed_output, Plan)
    with client.messages.stream(**BASIC, output_format=Plan) as stream:
        assert stream.get_final_message().parsed_output == whole.parsed_output


def test_thinking(client):
    """A block of thoughts with its signature comes first, whole and streamed."""
    more = {**BASIC, "max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 1024}}
    whole = client.messages.create(**more)
    assert [block.type for block in whole.content] == ["thinking", "text"]
    with client.messages.stream(**more) as stream:
        assert stream.get_final_message().content[0] == whole.content[0]


def test_counting_tokens(client):
    """It is what a message says of its prompt; an image and a tool add to it."""
    counted = client.messages.count_tokens(model=BASIC["model"], messages=QUESTION).input_tokens
    assert counted == client.messages.create(**BASIC).usage.input_tokens
    image = base64.b64encode(png(Dice(bytes(16)), 750, 10)).decode()
    source = {"type": "base64", "media_type": "image/png", "data": image}
    parts = [{"type": "text", "text": QUESTION[0]["content"]}, {"type": "image", "source": source}]
    seen = [{"role": "user", "content": parts}]
    assert client.messages.count_tokens(model=BASIC["model"], messages=seen).input_tokens == counted + 10
    assert client.messages.count_tokens(model=BASIC["model"], messages=QUESTION, tools=[TOOL]).input_tokens > counted


def test_models(client):
    """Pages, and one by itself."""
    page = client.models.list(limit=2)
    assert len(page.data) == 2
    assert page.has_more
    names = [model.id for model in client.models.list(limit=2)]
    assert len(names) == len(set(names)) > 2
    assert client.models.retrieve(names[0]).display_name.startswith("Claude")
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("no-such")


WRONG = [
    ({"messages": []}, "messages: at least one message is required"),
    ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role: Input should be 'user' or 'assistant'"),
    ({"messages": [{"role": "system", "content": "x"}]}, 'messages: Unexpected role "system"'),
    ({"messages": [{"role": "user", "content": ""}]}, "messages.0: all messages must have non-empty content"),
    ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
    ({"extra_body": {"temperature": 2}}, "temperature: range: 0..1"),
    ({"tool_choice": {"type": "any"}}, "tool_choice may only be specified while providing tools"),
    ({"tools": [{**TOOL, "name": "a b"}]}, "tools.0.custom.name: String should match pattern"),
    ({"tools": [{**TOOL, "input_schema": {"type": "string"}}]}, "tools.0.custom.input_schema.type: Input should be"),
    (
        {"messages": [*QUESTION, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "x"}]}]},
        "messages.1",
    ),
]


@pytest.mark.parametrize(("more", "message"), WRONG)
def test_errors_are_the_client_s_own(client, more, message):
    """A wrong request raises what the client raises for Anthropic's 400, in Anthropic's words."""
    with pytest.raises(anthropic.BadRequestError) as wrong:
        client.messages.create(**{**BASIC, **more})
    body = wrong.value.body
    assert body["error"]["message"].startswith(message)
    assert body["error"]["type"] == "invalid_request_error"
    assert body["request_id"] == wrong.value.request_id


def test_what_is_not_there(client):
    """404 for an unknown path."""
    with pytest.raises(anthropic.NotFoundError) as missing:
        client.post("/v1/messages/none", body={}, cast_to=object)
    assert missing.value.body["error"]["type"] == "not_found_error"
