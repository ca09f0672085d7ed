"""A sketch of a form: small enough to keep one of each recording, telling enough to find the nearest.

The rule: a sketch only ranks. Its digests are short and may collide; whether a recording answers is decided by the
form's own digest. A sketch holds nothing that can be read back, except method, host, path and model.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from zlib import crc32

from tokentape.matching import canonical
from tokentape.matching.canonical import LargeTree, Tree, Value
from tokentape.matching.content import FieldsBody, JsonBody, PartsBody, RawBody
from tokentape.matching.conversation import conversation_key
from tokentape.matching.form import Form
from tokentape.matching.largevalues import LISTS, Large, LargeList, LargeObject, LargeText, whole

# Messages that are sketched, from the first; their number is kept beside.
_MESSAGES = 64
_FIELDS = 64
_KEYS = 512
# Of the words of the newest text the telling ones: a few with digits in them, then the longest. They are rare, so
# they find a recording among many; texts that share most words share most of these.
_WORDS = 12
_NUMBERS = 4
_TEXT = 4000
_WIDTH = 4
_MODEL_SEGMENT = re.compile(r"/models?/([^/:]+)")
_WORD = re.compile(r"\w+")

_WEIGHTS = {"method": 0.15, "path": 0.25, "host": 0.1, "model": 0.1, "body": 0.4}


@dataclass(frozen=True, slots=True)
class Sketch:
    """The telling marks of a form. Digests are four bytes each: of messages in order, of the other fields sorted, and
    of some words of the newest text sorted. ``count`` is the number of messages."""

    method: str
    host: str
    path: str
    model: str
    kind: str
    count: int
    messages: bytes
    fields: bytes
    words: bytes


def sketch(form: Form) -> Sketch:
    """The sketch of a form."""
    content = form.content
    model, text = "", ""
    messages: list[Value] | LargeList = []
    fields: Iterable[bytes] = ()
    match content:
        case JsonBody(value):
            key = conversation_key(value)
            found = None if key is None or isinstance(value, LISTS) else value.get(key)
            messages = found if isinstance(found, LISTS) else []
            model = "" if isinstance(value, LISTS) else _text_of(value.get("model"))
            text = _end_of(_last(messages) if messages else value)
            fields = _json_fields(value, key)
        case FieldsBody(pairs):
            model = dict(pairs).get("model", "")
            fields = (_mark(f"{name}={value}") for name, value in pairs)
            text = " ".join(value for _, value in pairs)
        case PartsBody(parts):
            model = next((part.content.decode("utf-8", "replace") for part in parts if part.name == "model"), "")
            fields = (_mark(f"{part.name}={part.digest.hex()}") for part in parts)
        case RawBody(data):
            fields = (crc32(data).to_bytes(_WIDTH),)
            text = data[:_TEXT].decode("utf-8", "replace")
    return Sketch(
        method=form.method,
        host=form.host if form.host_known else "",
        path=form.path,
        model=model or _model_in(form.path),
        kind=type(content).__name__,
        count=len(messages),
        messages=b"".join(_mark_of(message) for message in islice(messages, _MESSAGES)),
        fields=b"".join(sorted(set(fields))[:_FIELDS]),
        words=_words(text),
    )


def sketch_distance(recorded: Sketch, incoming: Sketch) -> float:
    """How far apart two requests are, from 0 (no difference seen) to 1 (nothing in common)."""
    far = 0.0
    if recorded.method != incoming.method:
        far += _WEIGHTS["method"]
    if recorded.path != incoming.path:
        far += _WEIGHTS["path"] * (1 - _shared_segments(recorded.path, incoming.path))
    # An unknown host is near to any.
    if recorded.host != incoming.host and recorded.host and incoming.host:
        far += _WEIGHTS["host"]
    if recorded.model != incoming.model:
        far += _WEIGHTS["model"]
    return far + _WEIGHTS["body"] * _body_distance(recorded, incoming)


def distance(recorded: Form, incoming: Form) -> float:
    """How far apart two forms are, from 0 to 1; cheap, for ranking."""
    return sketch_distance(sketch(recorded), sketch(incoming))


def _body_distance(recorded: Sketch, incoming: Sketch) -> float:
    if recorded.kind != incoming.kind:
        return 1.0
    longest = max(recorded.count, incoming.count)
    # A long history in common says most; the newest text decides between requests that share none or all of it.
    in_words = 1 - _overlap(recorded.words, incoming.words)
    in_fields = 1 - _overlap(recorded.fields, incoming.fields)
    if longest:
        in_messages = 1 - _prefix(recorded.messages, incoming.messages) / min(longest, _MESSAGES)
        of_another_length = abs(recorded.count - incoming.count) / longest
        return 0.4 * in_messages + 0.3 * in_words + 0.2 * in_fields + 0.1 * of_another_length
    return 0.5 * in_words + 0.5 * in_fields


def _json_fields(value: Tree | LargeTree, conversation: str | None) -> Iterable[bytes]:
    if isinstance(value, LISTS):
        return (_mark_of(item) for item in islice(value, _FIELDS))
    members = value.items() if isinstance(value, LargeObject) else ((key, value[key]) for key in sorted(value))
    return (_mark_of(child, f"{key}=") for key, child in islice(members, _KEYS) if key != conversation)


def _last(messages: list[Value] | LargeList) -> Value | Large:
    return messages.last() if isinstance(messages, LargeList) else messages[-1]


def _mark(text: str) -> bytes:
    return crc32(text.encode("utf-8", "surrogatepass")).to_bytes(_WIDTH)


def _mark_of(value: Value | Large, before: str = "") -> bytes:
    """The mark of a value's text, which may be large."""
    mark = crc32(before.encode("utf-8", "surrogatepass"))
    for text in canonical.texts(value):
        mark = crc32(text.encode(), mark)
    return mark.to_bytes(_WIDTH)


def _end_of(value: Value | Large) -> str:
    """As much of the end of a value's text as is looked at."""
    end = ""
    for text in canonical.texts(value):
        end = (end + text)[-_TEXT:]
    return end


def _words(text: str) -> bytes:
    # The end of a long text, because a conversation grows there.
    words = sorted(set(_WORD.findall(text[-_TEXT:])), key=lambda word: (-len(word), word))
    numbers = [word for word in words if not word.isalpha()][:_NUMBERS]
    telling = [*numbers, *(word for word in words if word.isalpha())][:_WORDS]
    return b"".join(sorted(map(_mark, telling)))


def _prefix(recorded: bytes, incoming: bytes) -> int:
    """How many digests are equal from the front."""
    length = min(len(recorded), len(incoming))
    for start in range(0, length, _WIDTH):
        if recorded[start : start + _WIDTH] != incoming[start : start + _WIDTH]:
            return start // _WIDTH
    return length // _WIDTH


def _overlap(recorded: bytes, incoming: bytes) -> float:
    """The share of digests that both have."""
    if recorded == incoming:
        return 1.0
    before = {recorded[start : start + _WIDTH] for start in range(0, len(recorded), _WIDTH)}
    now = {incoming[start : start + _WIDTH] for start in range(0, len(incoming), _WIDTH)}
    return len(before & now) / len(before | now)


def _shared_segments(recorded: str, incoming: str) -> float:
    before, now = recorded.split("/"), incoming.split("/")
    shared = sum(old == new for old, new in zip(before[1:], now[1:], strict=False))
    return shared / max(len(before), len(now), 2)


def _text_of(value: Value | Large) -> str:
    text = whole(value) if isinstance(value, LargeText) else value
    return text if isinstance(text, str) else ""


def _model_in(path: str) -> str:
    found = _MODEL_SEGMENT.search(path)
    return found[1] if found else ""
