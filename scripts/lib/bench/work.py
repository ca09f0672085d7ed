"""The work that every contender does: a chat completion of about 473 bytes, answered with about 999.

The rule: question and answer follow from a number, so nothing has to be kept, and an answer can be checked.
"""

import json
from dataclasses import dataclass

HOST = "api.openai.com"
PATH = "/v1/chat/completions"
# Of the shape of a real key, so that it is looked for and found, and of no use anywhere.
KEY = "sk-proj-" + "bench0Bench1" * 4

ANSWER_HEADERS = (
    ("Content-Type", "application/json"),
    ("Date", "Thu, 01 Jan 2026 00:00:00 GMT"),
    ("Server", "bench"),
    ("X-Request-Id", "req_bench"),
)
REQUEST_HEADERS = (
    ("Accept", "application/json"),
    ("User-Agent", "bench/1"),
    ("Authorization", f"Bearer {KEY}"),
    ("Content-Type", "application/json"),
)

_WORDS = (
    *("anchor", "bridge", "candle", "desert", "engine", "forest", "garden", "harbor"),
    *("island", "jacket", "kettle", "ladder", "meadow", "needle", "orange", "pocket"),
)
_DIGITS = 6
# Odd, so that each number below 16**6 has its own words; neighbours have few in common.
_SPREAD = 0x9E3779
MARKER = " ".join(["@@@@@@"] * _DIGITS)


@dataclass(frozen=True, slots=True)
class Ask:
    """A body to send, and the one that has to come back; None where any will do."""

    body: bytes
    expected: bytes | None


def words(number: int) -> str:
    """Six words of six letters, another combination for each number below 16,777,216."""
    spread = number * _SPREAD % 16**_DIGITS
    return " ".join(_WORDS[spread >> 4 * place & 15] for place in range(_DIGITS))


def question(text: str) -> dict[str, object]:
    """A chat completion request that asks about ``text``."""
    system = (
        "You are a careful assistant. Answer in one short paragraph, in plain words, and say so where you are not "
        "sure. Do not repeat the question, do not apologise, and give no list unless you were asked for just that."
    )
    asked = f"What do these have in common: {text}? Please explain that briefly to me."
    return {
        "model": "gpt-4o-mini",
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": asked}],
        "temperature": 0.2,
        "max_tokens": 256,
        "user": "bench-user-0001",
    }


def brief_answer(text: str) -> dict[str, object]:
    """A short answer, for files of so many recordings that a whole one would make them larger than we read."""
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": f"Each of {text} is a noun."}}]}


def answer(text: str) -> dict[str, object]:
    """What is answered to it."""
    told = (
        f"Each of {text} is something that people made or named, and each has its place in stories. "
        "A common thread is hard to prove, though: most lists of words look connected once somebody asks. "
        "If there is one, it is that all of them can be pictured at once, and kept in mind as a single scene. "
        "Memory artists make use of that: they walk through a house that they know and leave one thing in every room "
        "that they walk past so."
    )
    message: dict[str, object] = {"role": "assistant", "content": told, "refusal": None, "annotations": []}
    usage = {"prompt_tokens": 71, "completion_tokens": 64, "total_tokens": 135}
    return {
        "id": "chatcmpl-bench0000000000000000000000000",
        "object": "chat.completion",
        "created": 1767225600,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": usage,
        "service_tier": "default",
        "system_fingerprint": "fp_bench000",
    }


def question_body(text: str) -> bytes:
    """The question as clients send it: without spaces."""
    return json.dumps(question(text), separators=(",", ":")).encode()


def answer_body(text: str, *, brief: bool = False) -> bytes:
    """The answer as api.openai.com sends it: indented."""
    return json.dumps(brief_answer(text) if brief else answer(text), indent=2).encode()


def asks(count: int, most: int = 1000, *, brief: bool = False) -> list[Ask]:
    """What to ask of ``count`` recordings: all of them, or ``most`` spread evenly."""
    numbers = range(0, count, max(1, count // most))[:most]
    return [Ask(question_body(words(number)), answer_body(words(number), brief=brief)) for number in numbers]


CONSTANT = answer_body(words(0))
