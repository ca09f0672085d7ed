"""Canned answers: which rule a request falls under, what it answers, and what a wrong rule is told."""

import json

import pytest
from asking import AZURE, FORM, OPENAI, ask, chat, form, said

from tokentape.errors import BadSetting
from tokentape.generate import Played, Setting, generate, rules_from
from tokentape.model import Request

URL = f"{OPENAI}/v1/chat/completions"
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}


def ruled(*rules):
    """A setting with these rules."""
    return Setting(rules=rules_from(list(rules)))


def text_of(answer):
    """The text of a chat answer."""
    return answer["choices"][0]["message"]["content"]


CALLED = [
    {"role": "user", "content": "Weather?"},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}]},
    {"role": "tool", "tool_call_id": "a", "content": "rain"},
]

FITS = [
    ({}, chat("Anything"), True),
    ({"model": "gpt-4o*"}, chat(model="gpt-4o-mini"), True),
    ({"model": "gpt-4o*"}, chat(model="gpt-5"), False),
    ({"user": "WEATHER"}, chat("How is the weather?"), True),
    ({"user": "weather"}, chat("How are you?"), False),
    ({"user": "/^how/i"}, chat("How are you?"), True),
    ({"user": "/^how/"}, chat("How are you?"), False),
    ({"tool": "get_weather"}, chat("Hi", tools=[WEATHER]), True),
    ({"tool": "get_weather"}, chat("Hi"), False),
    ({"turn": 1}, chat("Hi"), True),
    ({"turn": 2}, chat("Hi"), False),
    ({"turn": 2}, chat(messages=CALLED), True),
    ({"operation": "chat"}, chat("Hi"), True),
    ({"operation": "messages"}, chat("Hi"), False),
]


@pytest.mark.parametrize(("when", "body", "fits"), FITS)
def test_a_rule_answers_what_it_is_for(when, body, fits):
    """All that stands under ``when`` has to be so."""
    answer = said(URL, body, setting=ruled({"when": when, "text": "canned"}))
    assert (text_of(answer) == "canned") is fits


def test_the_first_rule_that_fits_answers():
    """The order of the file decides."""
    setting = ruled({"when": {"user": "b"}, "text": "one"}, {"text": "two"})
    assert text_of(said(URL, chat("abc"), setting=setting)) == "one"
    assert text_of(said(URL, chat("xyz"), setting=setting)) == "two"


def test_a_sequence_gives_one_after_the_other_and_repeats_its_last():
    """Also between errors and texts."""
    setting = ruled({"sequence": [{"text": "one"}, {"error": {"status": 429}}, {"text": "three"}]})
    request = Request("POST", URL, (), json.dumps(chat()).encode())
    played = Played()
    answers = [generate(request, now=1.0, setting=setting, played=played) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 429, 200, 200]
    assert [text_of(json.loads(answers[at].body)) for at in (0, 2, 3)] == ["one", "three", "three"]


def test_a_canned_call_is_a_tool_call():
    """Its arguments are as written."""
    setting = ruled({"call": {"name": "get_weather", "arguments": {"city": "Pärnu"}}})
    choice = said(URL, chat("Hi", tools=[WEATHER]), setting=setting)["choices"][0]
    call = choice["message"]["tool_calls"][0]["function"]
    assert choice["finish_reason"] == "tool_calls"
    assert (call["name"], json.loads(call["arguments"])) == ("get_weather", {"city": "Pärnu"})


def test_a_canned_text_keeps_to_the_limit():
    """A limit cuts it as it cuts any text."""
    choice = said(URL, chat(max_tokens=2), setting=ruled({"text": "one two three four"}))["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("one two", "length")


def test_a_canned_error_is_the_provider_s_own_unless_it_says_more():
    """Status and headers as written, words as the provider has them."""
    answer = ask(URL, chat(), setting=ruled({"error": {"status": 429, "headers": {"retry-after": 3}}}))
    assert answer.status == 429
    assert ("retry-after", "3") in answer.headers
    assert json.loads(answer.body)["error"]["code"] == "rate_limit_exceeded"
    azure = f"{AZURE}/openai/deployments/d/chat/completions?api-version=2024-10-21"
    answer = ask(azure, chat(), setting=ruled({"error": {"status": 500, "message": "Ouch"}}))
    assert json.loads(answer.body) == {"error": {"code": "500", "message": "Ouch"}}


def test_a_rule_for_a_model_fits_a_form_that_names_it():
    """Its fields were not looked at, so only rules for any model fitted."""
    body = form({"model": "whisper-1"}, file=("a.mp3", bytes(1000)))
    rules = ruled({"when": {"model": "whisper-*"}, "text": "It rains."})
    assert said(f"{OPENAI}/v1/audio/transcriptions", body, headers=FORM, setting=rules)["text"] == "It rains."


WRONG = [
    ("x", "canned must be a list"),
    (["x"], "canned[0] must be a mapping"),
    ([{}], "canned[0] says no answer"),
    ([{"text": "a", "json": 1}], "canned[0] has text and json"),
    ([{"txt": "a"}], "canned[0]: there is no txt"),
    ([{"text": 1}], "canned[0].text must be a text"),
    ([{"when": {"usr": "a"}, "text": "a"}], "canned[0].when: there is no usr"),
    ([{"when": {"user": "/(/"}, "text": "a"}], "canned[0].when.user is no regular expression"),
    ([{"when": {"user": ""}, "text": "a"}], "canned[0].when.user can't be empty"),
    ([{"when": {"turn": 0}, "text": "a"}], "canned[0].when.turn must be a number from 1"),
    ([{"text": "a"}, {"sequence": []}], "canned[1].sequence must be a list"),
    ([{"sequence": [{"txt": "a"}]}], "canned[0].sequence[0]: there is no txt"),
    ([{"sequence": [{"text": "a"}], "text": "b"}], "canned[0] has a sequence"),
    ([{"call": {"arguments": {}}}], "canned[0].call says no name"),
    ([{"call": [{"name": "f"}, {"name": 3}]}], "canned[0].call[1].name must be a text"),
    ([{"call": {"name": "f", "arguments": "{city: Paris}"}}], "canned[0].call.arguments is no JSON"),
    ([{"error": {"status": 200}}], "canned[0].error.status must be a status from 400 to 599"),
    ([{"json": {1, 2}}], "canned[0].json is no JSON"),
]


@pytest.mark.parametrize(("rules", "message"), WRONG)
def test_a_wrong_rule_is_told_where_it_is(rules, message):
    """The place in the file, what is wrong there, and a hint."""
    with pytest.raises(BadSetting) as wrong:
        rules_from(rules)
    assert str(wrong.value).startswith(message)
    assert wrong.value.hint
