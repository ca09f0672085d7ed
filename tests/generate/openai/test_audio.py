"""Speech and transcripts made up: what OpenAI refuses, and that a sound is as long as its text."""

import io
import wave

import pytest
from asking import FORM, OPENAI, ask, blamed, data_of, form, refused, said

SPEECH = f"{OPENAI}/v1/audio/speech"
TRANSCRIPTS = [f"{OPENAI}/v1/audio/{operation}" for operation in ("transcriptions", "translations")]
SOUND = ("a.mp3", bytes(16_000))


def spoken(text="A tape hums.", **more):
    """The body of a request for a sound."""
    return {"model": "tts-1", "input": text, "voice": "alloy", **more}


def heard(sound=SOUND, **more):
    """The form of a request for a transcript."""
    return form({"model": "whisper-1", **more}, file=sound)


WRONG_SPEECH = [
    (spoken(None), "input", "missing_required_parameter"),
    (spoken(""), "input", None),
    (spoken("x" * 4097), "input", None),
    (spoken(voice=None), "voice", "missing_required_parameter"),
    (spoken(voice=3), "voice", "invalid_type"),
    (spoken(response_format="midi"), "response_format", "invalid_value"),
    (spoken(stream_format="tape"), "stream_format", "invalid_value"),
    (spoken(speed=5), "speed", "decimal_above_max_value"),
]


@pytest.mark.parametrize(("body", "param", "code"), WRONG_SPEECH)
def test_speech_that_can_t_be_made_gets_openai_s_own_words(body, param, code):
    """400, with the parameter and the code that OpenAI names."""
    assert blamed(SPEECH, body) == (param, code)


WRONG_FORMS = [
    (form({"model": "whisper-1"}), "file", "missing_required_parameter"),
    (form({}, file=SOUND), None, None),
    (heard(("a.txt", b"x")), "file", None),
    (heard(response_format="midi"), "response_format", "invalid_value"),
    (heard(temperature="2"), "temperature", "decimal_above_max_value"),
    (heard(temperature="warm"), "temperature", "invalid_type"),
    (b"no form", None, None),
]


@pytest.mark.parametrize("url", TRANSCRIPTS)
@pytest.mark.parametrize(("body", "param", "code"), WRONG_FORMS)
def test_a_transcript_that_can_t_be_made_gets_openai_s_own_words(url, body, param, code):
    """The same for both."""
    assert blamed(url, body, headers=FORM) == (param, code)


@pytest.mark.parametrize("url", [SPEECH, *TRANSCRIPTS])
def test_a_model_that_is_for_something_else_is_not_there(url):
    """404 at OpenAI."""
    body = spoken(model="gpt-4o") if url == SPEECH else heard(model="gpt-4o")
    status, error = refused(url, body, headers=() if url == SPEECH else FORM)
    assert (status, error["message"], error["param"]) == (404, "invalid model", "model")


def seconds_of(answer):
    """How long a WAV sound is."""
    with wave.open(io.BytesIO(answer.body)) as sound:
        return sound.getnframes() / sound.getframerate()


def test_a_sound_is_as_long_as_its_text_takes_to_say():
    """Two and a half words in a second, divided by the speed; never less than half a second."""
    for text, speed, seconds in (("one two three four five", 1, 2), ("word " * 20, 2, 4), ("Hi", 1, 0.5)):
        answer = ask(SPEECH, spoken(text, speed=speed, response_format="wav"))
        assert seconds_of(answer) == pytest.approx(seconds, abs=0.05)


def test_a_transcript_follows_from_the_sound_alone():
    """Not from the name of the file, nor the boundary of the form; another sound has another text."""
    url = TRANSCRIPTS[0]
    text = said(url, heard(), headers=FORM)["text"]
    assert said(url, heard(("b.wav", SOUND[1])), headers=FORM)["text"] == text
    assert said(url, heard(("a.mp3", bytes(15_999) + b"x")), headers=FORM)["text"] != text


def test_a_newer_model_streams_its_transcript():
    """Piece by piece, then as a whole; whisper does not stream, nor does a translation."""
    body = heard(model="gpt-4o-transcribe", stream="true")
    *pieces, done = data_of(ask(TRANSCRIPTS[0], body, headers=FORM))
    assert {piece["type"] for piece in pieces} == {"transcript.text.delta"}
    assert (done["type"], done["text"]) == ("transcript.text.done", "".join(piece["delta"] for piece in pieces))
    assert not ask(TRANSCRIPTS[0], heard(stream="true"), headers=FORM).events
    assert not ask(TRANSCRIPTS[1], body, headers=FORM).events
