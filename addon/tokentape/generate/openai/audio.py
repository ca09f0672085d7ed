"""OpenAI's ``audio``: speech from text, text from speech, in each format it comes in.

The rule: nothing is listened to. A transcript is as long as the sound is, and follows from its bytes.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass

from tokentape.generate import fields
from tokentape.generate.catalogue import SPEECH, TRANSCRIPTION, model_of
from tokentape.generate.generated import Generated, Usage
from tokentape.generate.material import prose, sounds
from tokentape.generate.material.dice import Dice, digest
from tokentape.generate.material.tokens import O200K, count
from tokentape.generate.openai import forms
from tokentape.generate.openai.chat import not_for
from tokentape.generate.problems import Invalid
from tokentape.generate.reply import Wish
from tokentape.generate.scripted import reply_from
from tokentape.generate.stage import Stage

_FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm")
_LONGEST_TEXT = 4096  # characters
_WORDS_PER_SECOND = 2.5
_AUDIO_TOKENS_PER_SECOND = 20

_LARGEST = 26_214_400  # bytes
_ENDINGS = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
_SHAPES = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")
_MOST_TOKENS = 2000
_TEXT_TYPE = ("content-type", "text/plain; charset=utf-8")


# --- speech -----------------------------------------------------------------------------------------------------------


def spoken(stage: Stage) -> Generated:
    """A sound as long as a text takes to say. Raises Invalid."""
    tree = stage.tree
    name = stage.model_named()
    if SPEECH not in model_of(name).can:
        raise not_for("speech", stage) if stage.is_azure else Invalid("invalid model", "model", status=404)
    text = fields.required_text(tree, "input")
    if not 0 < len(text) <= _LONGEST_TEXT:
        said = "String should have at least 1 character" if not text else "String should have at most 4096 characters"
        raise Invalid(f"[{{'loc': ('body', 'input'), 'msg': '{said}'}}]", "input")
    if not isinstance(tree.get("voice"), dict):
        fields.required_text(tree, "voice")
    form = fields.choice(tree, "response_format", _FORMATS) or "mp3"
    speed = fields.number(tree, "speed", 0.25, 4.0) or 1.0
    seconds = max(0.5, len(text.split()) / _WORDS_PER_SECOND / speed)
    raw, content_type = sounds.silence(seconds, form)
    usage = Usage(count(text), int(seconds * _AUDIO_TOKENS_PER_SECOND))
    if fields.choice(tree, "stream_format", ("audio", "sse")) == "sse":
        return stage.stream(_speech_events(raw, usage), usage)
    return stage.whole(raw, (("content-type", content_type),), usage)


def _speech_events(raw: bytes, usage: Usage) -> list[str]:
    size = 16_384
    pieces = (base64.b64encode(raw[at : at + size]).decode("ascii") for at in range(0, len(raw), size))
    events = [f'data: {{"type":"speech.audio.delta","audio":"{piece}"}}\n\n' for piece in pieces]
    used = f'{{"input_tokens":{usage.prompt},"output_tokens":{usage.completion},"total_tokens":{usage.total}}}'
    return [*events, f'data: {{"type":"speech.audio.done","usage":{used}}}\n\n']


# --- transcripts ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Segment:
    """A sentence, and when it is said, in seconds."""

    text: str
    start: float
    end: float


def transcribed(stage: Stage) -> Generated:
    """The text of a sound, in its own language. Raises Invalid."""
    return _transcript(stage, "transcribe")


def translated(stage: Stage) -> Generated:
    """The text of a sound, in English. Raises Invalid."""
    return _transcript(stage, "translate")


def _transcript(stage: Stage, task: str) -> Generated:
    form = forms.form_of(stage.request)
    tree = form.values
    name = stage.model_behind(stage.route.deployment or fields.model_name(tree))
    if TRANSCRIPTION not in model_of(name).can:
        raise not_for("transcriptions", stage) if stage.is_azure else Invalid("invalid model", "model", status=404)
    raw = _sound(form)
    fields.number(tree, "temperature", 0, 1)
    shape = fields.choice(tree, "response_format", _SHAPES) or "json"
    seconds = sounds.seconds_of(raw)
    tokens = _tokens(stage, raw, seconds, fields.text(tree, "prompt") or "")
    text = "".join(tokens)
    usage = Usage(max(1, int(seconds * 10)), len(tokens))
    if task == "transcribe" and fields.flag(tree, "stream") and not name.startswith("whisper"):
        return stage.stream(_text_events(tokens, usage), usage)
    if shape in ("text", "srt", "vtt"):
        written = {"text": f"{text}\n", "srt": _srt(text, seconds), "vtt": _vtt(text, seconds)}[shape]
        return stage.whole(written.encode("utf-8", "replace"), (_TEXT_TYPE,), usage)
    body: dict[str, object] = _verbose(task, text, seconds, tree) if shape == "verbose_json" else {"text": text}
    if task == "transcribe":
        body["usage"] = _used(name, seconds, usage)
    return stage.json(json.dumps(body, ensure_ascii=False), usage)


def _sound(form: forms.Form) -> bytes:
    files = form.files.get("file")
    if not files:
        raise fields.missing("file")
    raw, ending = files[0].content, (files[0].filename or "").rpartition(".")[2].lower()
    if not 0 < len(raw) <= _LARGEST:
        said = f"Maximum content size limit ({_LARGEST}) exceeded ({len(raw)} bytes read)"
        raise Invalid(said, status=413, kind="server_error")
    if ending not in _ENDINGS:
        raise Invalid(f"Unrecognized file format. Supported formats: {list(_ENDINGS)}", "file")
    return raw


def _tokens(stage: Stage, raw: bytes, seconds: float, hint: str) -> Sequence[str]:
    if stage.forced is not None:
        return reply_from(stage.forced, Wish(hint)).tokens
    # What follows from the sound alone: the boundary of a form is new each time.
    dice = Dice(digest(raw), str(stage.setting.seed))
    wanted = min(_MOST_TOKENS, max(5, int(seconds * _WORDS_PER_SECOND)))
    return prose.write(dice, prose.topics_of(hint), O200K, wanted)


def _used(name: str, seconds: float, usage: Usage) -> dict[str, object]:
    if name.startswith("whisper"):
        return {"type": "duration", "seconds": max(1, round(seconds))}
    details = {"text_tokens": 0, "audio_tokens": usage.prompt}
    return {
        "type": "tokens",
        "input_tokens": usage.prompt,
        "input_token_details": details,
        "output_tokens": usage.completion,
        "total_tokens": usage.total,
    }


def _text_events(tokens: Sequence[str], usage: Usage) -> list[str]:
    bodies: list[dict[str, object]] = [{"type": "transcript.text.delta", "delta": token} for token in tokens]
    bodies.append({"type": "transcript.text.done", "text": "".join(tokens), "usage": _used("", 0, usage)})
    return [f"data: {json.dumps(body, ensure_ascii=False)}\n\n" for body in bodies]


def _segments(text: str, seconds: float) -> list[_Segment]:
    sentences = [f" {sentence.strip()}" for sentence in text.replace("\n\n", " ").split(". ") if sentence.strip()]
    length, at, found = max(1, sum(map(len, sentences))), 0.0, []
    for sentence in sentences:
        end = at + seconds * len(sentence) / length
        found.append(_Segment(sentence, round(at, 2), round(end, 2)))
        at = end
    return found


def _verbose(task: str, text: str, seconds: float, tree: fields.Tree) -> dict[str, object]:
    segments = _segments(text, seconds)
    body: dict[str, object] = {"task": task, "language": "english", "duration": round(seconds, 2), "text": text}
    wanted = tree.get("timestamp_granularities[]") or ["segment"]
    if "word" in wanted:
        words = [(word, part) for part in segments for word in part.text.split()]
        body["words"] = [{"word": word.strip(".,;:"), "start": part.start, "end": part.end} for word, part in words]
    if "segment" in wanted:
        body["segments"] = [_segment(index, segment) for index, segment in enumerate(segments)]
    return body


def _segment(index: int, segment: _Segment) -> dict[str, object]:
    return {
        "id": index,
        "seek": 0,
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "tokens": [50364 + index],
        "temperature": 0.0,
        "avg_logprob": -0.28,
        "compression_ratio": 1.25,
        "no_speech_prob": 0.01,
    }


def _clock(seconds: float, mark: str) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{mark}{thousandths:03d}"


def _srt(text: str, seconds: float) -> str:
    parts = (
        f"{index}\n{_clock(part.start, ',')} --> {_clock(part.end, ',')}\n{part.text.strip()}\n\n"
        for index, part in enumerate(_segments(text, seconds), 1)
    )
    return "".join(parts)


def _vtt(text: str, seconds: float) -> str:
    parts = (
        f"{_clock(part.start, '.')} --> {_clock(part.end, '.')}\n{part.text.strip()}\n\n"
        for part in _segments(text, seconds)
    )
    return "WEBVTT\n\n" + "".join(parts)
