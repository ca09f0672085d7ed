"""Requests to the generators without a server: a path and a body in, what came out as data.

The rule: seed and time are fixed unless a test says otherwise, so what a test sees it sees every time.
"""

import json
from collections.abc import Mapping
from typing import Any

from tokentape.generate import Generated, Setting, generate
from tokentape.model import Headers, Request

OPENAI, ANTHROPIC = "https://api.openai.com", "https://api.anthropic.com"
AZURE = "https://unit.openai.azure.com"
NOW = 1_760_000_000.25
FORM: Headers = (("content-type", "multipart/form-data; boundary=xyz"),)


def ask(
    url: str,
    body: Any = None,
    *,
    method: str = "POST",
    headers: Headers = (("content-type", "application/json"),),
    seed: int = 7,
    now: float = NOW,
    setting: Setting | None = None,
) -> Generated:
    """The answer to a request; a body that is not bytes goes as JSON."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    answer = generate(Request(method, url, headers, raw), seed=seed, now=now, setting=setting)
    assert answer is not None, f"nobody answers at {url}"
    return answer


def chat(question: str = "What does a tape do?", **more: Any) -> dict[str, Any]:
    """The body of a chat request."""
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": question}], **more}


def said(url: str, body: Any = None, **more: Any) -> Any:
    """The JSON of a good answer."""
    answer = ask(url, body, **more)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def refused(url: str, body: Any = None, **more: Any) -> tuple[int, Any]:
    """Status and error of an answer that says what is wrong."""
    answer = ask(url, body, **more)
    assert 400 <= answer.status < 500, answer
    return answer.status, json.loads(answer.body)["error"]


def blamed(url: str, body: Any = None, **more: Any) -> tuple[str | None, str | None]:
    """The parameter and the code that OpenAI names for a request that it calls invalid."""
    status, error = refused(url, body, **more)
    assert (status, error["type"]) == (400, "invalid_request_error"), error
    assert error["message"]
    return error["param"], error["code"]


def form(fields: Mapping[str, str], **files: tuple[str, bytes]) -> bytes:
    """A form, which goes under FORM: its fields, and its files by name and content."""
    head = b'--xyz\r\nContent-Disposition: form-data; name="%s"'
    parts = [head % name.encode() + b"\r\n\r\n" + value.encode() for name, value in fields.items()]
    parts += [
        head % field.encode() + b'; filename="%s"\r\n\r\n' % name.encode() + content
        for field, (name, content) in files.items()
    ]
    return b"\r\n".join([*parts, b"--xyz--\r\n"])


def events_of(answer: Generated) -> list[bytes]:
    """The events of a stream, cut where the answer says."""
    assert answer.status == 200, answer.body
    edges, at = [], 0
    for size in answer.events:
        edges.append(answer.body[at : at + size])
        at += size
    assert at == len(answer.body), "the sizes add up to the body"
    return edges


def data_of(answer: Generated) -> list[Any]:
    """The JSON of each event's data; ``[DONE]`` as it is."""
    lines = [line[6:] for event in events_of(answer) for line in event.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line) if line != b"[DONE]" else "[DONE]" for line in lines]
