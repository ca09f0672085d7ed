"""The official OpenAI client reads each made-up answer into its own types, streamed or not, with nothing left over."""

import base64
import io
import json
import math

import openai
import pytest
from openai import AzureOpenAI, OpenAI
from pydantic import BaseModel

from tokentape.generate.material.dice import Dice
from tokentape.generate.material.pictures import png

QUESTION = [{"role": "user", "content": "What is the weather in Lisbon today?"}]
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
    "required": ["city", "unit"],
    "additionalProperties": False,
}
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS, "strict": True}}


class Step(BaseModel):
    """A part of a plan."""

    title: str
    minutes: int


class Plan(BaseModel):
    """What a model is asked to fill in."""

    name: str
    steps: list[Step]
    done: bool


@pytest.fixture(params=["openai", "azure", "azure v1"])
def client(base_url, request):
    """A client of each of the ways to OpenAI's models."""
    match request.param:
        case "openai":
            made = OpenAI(base_url=f"{base_url}/v1", api_key="unused", max_retries=0)
        case "azure":
            made = AzureOpenAI(
                azure_endpoint=base_url, api_key="unused", api_version="2025-04-01-preview", max_retries=0
            )
        case _:
            made = OpenAI(base_url=f"{base_url}/openai/v1", api_key="unused", max_retries=0)
    with made:
        yield made


@pytest.fixture
def model(client):
    """A chat model: Azure's is a deployment."""
    return "chatty" if "openai" in str(client.base_url) else "gpt-4o"


def strictly(answer):
    """No field of an answer is missing or of a type that the client does not know."""
    type(answer).model_validate_json(answer.model_dump_json(), strict=False)
    return answer


def test_a_chat(client, model):
    """In one piece."""
    answer = strictly(client.chat.completions.create(model=model, messages=QUESTION))
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_a_streamed_chat(client, model):
    """The helper puts the same message together, and has the usage of the last chunk."""
    whole = client.chat.completions.create(model=model, messages=QUESTION)
    with client.chat.completions.stream(
        model=model, messages=QUESTION, stream_options={"include_usage": True}
    ) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.content == whole.choices[0].message.content
    assert final.choices[0].finish_reason == "stop"
    assert final.usage == whole.usage
    assert final.id == whole.id


def test_several_streamed_choices(client, model):
    """They take turns, and each comes out as in one piece."""
    whole = client.chat.completions.create(model=model, messages=QUESTION, n=3)
    texts = {0: "", 1: "", 2: ""}
    for chunk in client.chat.completions.create(model=model, messages=QUESTION, n=3, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert list(texts.values()) == [choice.message.content for choice in whole.choices]


@pytest.mark.parametrize("choice", ["auto", "required", {"type": "function", "function": {"name": "get_weather"}}])
def test_a_tool_call(client, model, choice):
    """Its arguments are of the schema, and of the question; streamed they are the same."""
    more = {"model": model, "messages": QUESTION, "tools": [WEATHER], "tool_choice": choice}
    answer = client.chat.completions.create(**more).choices[0]
    call = answer.message.tool_calls[0]
    assert answer.finish_reason == "tool_calls"
    assert call.function.name == "get_weather"
    arguments = json.loads(call.function.arguments)
    assert arguments["city"] == "Lisbon"
    assert arguments["unit"] in ("celsius", "fahrenheit")
    with client.chat.completions.stream(**more) as stream:
        final = stream.get_final_completion().choices[0]
    assert final.message.tool_calls[0].function.parsed_arguments == arguments
    assert final.message.tool_calls[0].id == call.id
    assert final.finish_reason == "tool_calls"


def test_after_the_tool_s_result_comes_a_text(client, model):
    """So the loop of an agent ends."""
    first = client.chat.completions.create(model=model, messages=QUESTION, tools=[WEATHER]).choices[0].message
    result = {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "21 degrees"}
    messages = [*QUESTION, first.model_dump(exclude_none=True), result]
    answer = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.content


def test_parallel_tool_calls_may_be_forbidden(client, model):
    """Two tools that fit the question are both called, or just the better one."""
    time = {"type": "function", "function": {"name": "get_weather_today", "parameters": PARAMETERS}}
    more = {"model": model, "messages": QUESTION, "tools": [WEATHER, time]}
    both = client.chat.completions.create(**more).choices[0].message.tool_calls
    one = client.chat.completions.create(**more, parallel_tool_calls=False).choices[0].message.tool_calls
    assert (len(both), len(one)) == (2, 1)
    assert len({call.id for call in both}) == 2


def test_a_parsed_chat(client, model):
    """The schema of a pydantic class is filled in, in one piece and as a stream."""
    whole = client.chat.completions.parse(model=model, messages=QUESTION, response_format=Plan)
    assert isinstance(whole.choices[0].message.parsed, Plan)
    with client.chat.completions.stream(model=model, messages=QUESTION, response_format=Plan) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == whole.choices[0].message.parsed


def test_a_json_object(client, model):
    """Any object, where the messages say json."""
    asked = [{"role": "user", "content": "Say it in JSON."}]
    answer = client.chat.completions.create(model=model, messages=asked, response_format={"type": "json_object"})
    assert isinstance(json.loads(answer.choices[0].message.content), dict)


def test_logprobs(client, model):
    """One for each token, with so many alternatives, the chosen one first; bytes are the token's."""
    more = {"model": model, "messages": QUESTION, "logprobs": True, "top_logprobs": 3, "max_tokens": 20}
    choice = client.chat.completions.create(**more).choices[0]
    entries = choice.logprobs.content
    assert "".join(entry.token for entry in entries) == choice.message.content
    assert b"".join(bytes(entry.bytes) for entry in entries).decode() == choice.message.content
    for entry in entries:
        assert entry.top_logprobs[0].token == entry.token
        assert len({top.token for top in entry.top_logprobs}) == 3
        assert sum(math.exp(top.logprob) for top in entry.top_logprobs) <= 1
    streamed = [
        entry
        for chunk in client.chat.completions.create(**more, stream=True)
        for choice in chunk.choices
        if choice.logprobs
        for entry in choice.logprobs.content
    ]
    assert streamed == entries


def test_images_and_sounds_in_the_prompt(client, model):
    """They are counted: an image by its size and detail, a sound by its length."""
    pixel = "data:image/png;base64," + base64.b64encode(png(Dice(bytes(16)), 3, 5)).decode()

    def tokens(*parts):
        content = [{"type": "text", "text": "What is this?"}, *parts]
        answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": content}])
        return answer.usage.prompt_tokens

    plain = tokens()
    assert tokens({"type": "image_url", "image_url": {"url": pixel, "detail": "low"}}) == plain + 85
    assert tokens({"type": "image_url", "image_url": {"url": pixel}}) == plain + 85 + 170
    assert tokens({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}) == plain + 85 + 4 * 170
    sound = {"data": "AAAA" * 3200, "format": "wav"}
    assert tokens({"type": "input_audio", "input_audio": sound}) == plain + 3


def test_a_completion(base_url):
    """The older API, in one piece, streamed, and with echo and logprobs."""
    with OpenAI(base_url=f"{base_url}/v1", api_key="unused", max_retries=0) as client:
        more = {"model": "gpt-3.5-turbo-instruct", "prompt": "Once upon a time", "max_tokens": 40}
        whole = strictly(client.completions.create(**more))
        pieces = [chunk.choices[0].text for chunk in client.completions.create(**more, stream=True)]
        assert "".join(pieces) == whole.choices[0].text
        assert whole.choices[0].finish_reason == "length"
        assert whole.usage.completion_tokens == 40
        told = client.completions.create(**more, echo=True, logprobs=2).choices[0]
        assert told.text.startswith("Once upon a time")
        assert "".join(told.logprobs.tokens) == told.text[len("Once upon a time") :]
        many = client.completions.create(model="gpt-3.5-turbo-instruct", prompt=["a", "b"], n=2)
        assert [choice.index for choice in many.choices] == [0, 1, 2, 3]
        assert client.completions.create(model="davinci-002", prompt="a").usage.completion_tokens == 16


def test_embeddings(client):
    """Unit vectors of the model's length, the same as floats and as base64, shorter when asked."""
    model = "vectors" if "openai" in str(client.base_url) else "text-embedding-3-small"
    packed = client.embeddings.create(model=model, input=["a tape", "a lamp"])
    loose = client.embeddings.create(model=model, input=["a tape", "a lamp"], encoding_format="float")
    assert [len(item.embedding) for item in packed.data] == [1536, 1536]
    for some, other in zip(packed.data, loose.data, strict=True):
        assert some.embedding == pytest.approx(other.embedding, abs=1e-9)
        assert math.fsum(number**2 for number in some.embedding) == pytest.approx(1, abs=1e-6)
    short = client.embeddings.create(model=model, input="a tape", dimensions=64)
    assert len(short.data[0].embedding) == 64
    assert packed.usage.prompt_tokens == 4


def test_a_response(client, model):
    """The Responses API in one piece."""
    answer = strictly(client.responses.create(model=model, input="What does a tape do?"))
    assert answer.status == "completed"
    assert answer.output_text
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens


def test_a_response_that_is_cut(client, model):
    """It is incomplete, and says why; as a stream too."""
    more = {"model": model, "input": "What does a tape do?", "max_output_tokens": 16}
    answer = client.responses.create(**more)
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert answer.usage.output_tokens == 16
    *_, last = client.responses.create(**more, stream=True)
    assert last.type == "response.incomplete"
    assert last.response.output == answer.output


def test_a_streamed_response(client, model):
    """Typed events, numbered without a gap, that the helper puts together to the same response."""
    more = {"model": model, "input": "What does a tape do?"}
    whole = client.responses.create(**more)
    with client.responses.stream(**more) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = list(dict.fromkeys(event.type for event in events))
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert final.output_text == whole.output_text
    assert final.usage == whole.usage


def test_a_response_that_calls_a_tool(client, model):
    """Whole and streamed; the call can be answered, and then comes a text."""
    tool = {"type": "function", "name": "get_weather", "parameters": PARAMETERS, "strict": True}
    more = {"model": model, "input": QUESTION, "tools": [tool]}
    whole = client.responses.create(**more)
    call = whole.output[0]
    assert (call.type, call.name) == ("function_call", "get_weather")
    assert json.loads(call.arguments)["city"] == "Lisbon"
    with client.responses.stream(**more) as stream:
        final = stream.get_final_response()
    assert final.output[0].arguments == call.arguments
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "21 degrees"}
    followed = client.responses.create(**{**more, "input": [*QUESTION, call.model_dump(exclude_none=True), result]})
    assert followed.output_text


def test_a_parsed_response(client, model):
    """The schema of a pydantic class is filled in, in one piece and as a stream."""
    whole = client.responses.parse(model=model, input="Make a plan.", text_format=Plan)
    assert isinstance(whole.output_parsed, Plan)
    with client.responses.stream(model=model, input="Make a plan.", text_format=Plan) as stream:
        assert stream.get_final_response().output_parsed == whole.output_parsed


def test_response_logprobs(client, model):
    """Where they are included, each token has one."""
    include = ["message.output_text.logprobs"]
    answer = client.responses.create(model=model, input="Hello", include=include, top_logprobs=2)
    part = answer.output[0].content[0]
    assert "".join(entry.token for entry in part.logprobs) == part.text


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # of the API itself
def test_pictures(base_url):
    """As base64 and behind a URL that can be read, in the size that was asked for; edits and variations too."""
    with OpenAI(base_url=f"{base_url}/v1", api_key="unused", max_retries=0) as client:
        drawn = strictly(client.images.generate(model="gpt-image-1", prompt="A tape", size="1024x1536"))
        assert drawn.data[0].b64_json.startswith("iVBOR")
        assert drawn.size == "1024x1536"
        linked = client.images.generate(model="dall-e-3", prompt="A tape", size="1792x1024")
        assert linked.data[0].revised_prompt
        picture = client._client.get(linked.data[0].url).content
        assert picture.startswith(b"\x89PNG")
        edited = client.images.edit(model="gpt-image-1", image=("a.png", picture), prompt="Add a lamp")
        assert edited.data[0].b64_json
        varied = client.images.create_variation(image=("a.png", picture), n=2, response_format="b64_json")
        assert len({item.b64_json for item in varied.data}) == 2
        events = client.images.generate(
            model="gpt-image-1", prompt="A tape", stream=True, partial_images=1, size="1024x1024"
        )
        assert [event.type for event in events] == ["image_generation.partial_image", "image_generation.completed"]


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # of the API itself
def test_speech_and_transcripts(base_url):
    """Sound from text, text from that sound, in each format."""
    with OpenAI(base_url=f"{base_url}/v1", api_key="unused", max_retries=0) as client:
        sounds = {}
        for form in ("mp3", "opus", "aac", "flac", "wav", "pcm"):
            made = client.audio.speech.create(model="tts-1", voice="alloy", input="Hello there", response_format=form)
            sounds[form] = made.read()
        assert sounds["wav"].startswith(b"RIFF")
        assert sounds["mp3"].startswith(b"\xff\xfb")
        sound = ("a.wav", io.BytesIO(sounds["wav"] * 40))
        asked = {"model": "whisper-1", "file": ("a.wav", sounds["wav"] * 40)}
        text = client.audio.transcriptions.create(**asked).text
        assert text == client.audio.transcriptions.create(**asked, response_format="text").strip()
        told = client.audio.transcriptions.create(
            **asked, response_format="verbose_json", timestamp_granularities=["word", "segment"]
        )
        assert told.segments[-1].end == pytest.approx(told.duration, abs=0.1)
        assert told.words
        assert client.audio.transcriptions.create(**asked, response_format="srt").startswith("1\n00:00:00,000 --> ")
        assert client.audio.transcriptions.create(**asked, response_format="vtt").startswith("WEBVTT\n\n00:00:00.000")
        assert client.audio.translations.create(model="whisper-1", file=sound).text
        streamed = client.audio.transcriptions.create(
            model="gpt-4o-transcribe", file=("a.wav", sounds["wav"]), stream=True
        )
        *deltas, done = streamed
        assert "".join(delta.delta for delta in deltas) == done.text


def test_moderations(base_url):
    """A harmless text is let through, a telling word is flagged; lists and parts are read."""
    with OpenAI(base_url=f"{base_url}/v1", api_key="unused", max_retries=0) as client:
        answer = strictly(client.moderations.create(input=["a tape", "I will kill you"]))
        assert [result.flagged for result in answer.results] == [False, True]
        assert answer.results[1].categories.harassment_threatening
        part = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
        seen = client.moderations.create(input=[{"type": "text", "text": "hello"}, part])
        assert seen.results[0].category_applied_input_types.violence == ["text", "image"]


def test_models(client, base_url):
    """A list, each of them by itself, and a 404 for one that is not there."""
    names = [model.id for model in client.models.list()]
    assert "gpt-4o" in names
    assert client.models.retrieve("gpt-4o").id == "gpt-4o"
    with pytest.raises(openai.NotFoundError) as missing:
        client.models.retrieve("no-such")
    assert missing.value.code == "model_not_found"


def test_errors_are_the_client_s_own(client, model):
    """A wrong request raises what the client raises for OpenAI's 400, with code and parameter."""
    with pytest.raises(openai.BadRequestError) as wrong:
        client.chat.completions.create(model=model, messages=QUESTION, temperature=3)
    assert (wrong.value.code, wrong.value.param) == ("decimal_above_max_value", "temperature")
    with pytest.raises(openai.NotFoundError):
        client.post("/no/such/path", body={}, cast_to=object)
