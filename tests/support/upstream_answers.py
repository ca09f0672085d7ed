"""What the upstream of the tests says to each request: a table of paths, each with a function of the request.

The rule: an answer is a function of the request and of ``nonce``, the number of the request so far.
Where an API would make up an id, the nonce is in it, so two forwarded requests never get the same bytes and a replay
can be told from a second call.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import brotli
import zstandard
from kinds import EVENTSTREAM, KINDS, frame

Pairs = tuple[tuple[str, str], ...]

JSON_TYPE = ("Content-Type", "application/json")
TEXT_TYPE = ("Content-Type", "text/plain; charset=utf-8")
CORS = (("Access-Control-Allow-Origin", "*"), ("Vary", "Origin"))
STREAM_TYPE = ("Content-Type", "text/event-stream; charset=utf-8")

PLAIN = ("The quick brown fox jumps over the lazy dog. " * 40).encode()
BINARY = bytes(range(256)) * 16
CRLF_TEXT = "first\r\nsecond\r\n\r\nlast, with é and 🦊".encode()
LATIN_TEXT = "café\n".encode("latin-1")
# Each would be lost by a parse and a dump: key order, a key twice, number spellings, escapes, a final newline.
EXACT_JSON = b'{"b": 1.0, "a":9007199254740993, "a": 1e2,"u":"\\u00e9\\/ \\ud83e\\udd8a",\t"z":[ ]}\n'

STREAMS: dict[str, tuple[bytes, ...]] = {
    "usual": (b"data: one\n\n", b"data: two\n\n", b"data: [DONE]\n\n"),
    "three-newlines": (b"data: one\n\n\n", b"data: two\n\n\n\n", b"data: three\n\n"),
    "crlf": (b"data: one\r\n\r\n", b"event: x\r\ndata: two\r\n\r\n"),
    "no-last-blank": (b"data: one\n\n", b"data: two\n\n", b"data: cut short"),
    "comments": (b": hello\n\n", b"id: 1\nretry: 5\ndata: one\ndata: more\n\n", b": bye\n\n"),
    "not-ascii": ("data: é🦊\n\n".encode(), "data: 日本\n\n".encode()),
}

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "deflate": zlib.compress,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it reached the upstream: what a test may look at afterwards."""

    method: str
    target: str
    headers: Pairs
    body: bytes
    proto: str

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: one ``body``, or ``pieces`` sent one by one, with ``trailers`` behind them. ``breaks`` cuts the
    connection at the end."""

    status: int = 200
    headers: Pairs = ()
    body: bytes = b""
    pieces: tuple[bytes, ...] = ()
    breaks: bool = False
    trailers: Pairs = ()


def as_json(value: object, *, status: int = 200, headers: Pairs = ()) -> Answer:
    """A JSON answer with its length."""
    body = json.dumps(value, indent=2).encode()
    return Answer(status, (JSON_TYPE, ("Content-Length", str(len(body))), *headers), body)


def as_events(events: tuple[bytes, ...], headers: Pairs = ()) -> Answer:
    """A stream, each event its own flush."""
    return Answer(headers=(STREAM_TYPE, ("Cache-Control", "no-cache"), *headers), pieces=events)


def event(data: object, name: str = "") -> bytes:
    """One server-sent event with JSON in it."""
    return (f"event: {name}\n" if name else "").encode() + b"data: " + json.dumps(data).encode() + b"\n\n"


# -- OpenAI and Azure OpenAI ------------------------------------------------------------------------------------------

WORDS = ("Hello", " there", ", how", " are", " you", "?")
OPENAI_EXTRAS: Pairs = (("Openai-Version", "2020-10-01"), ("Openai-Processing-Ms", "42"))


def chat_completion(seen: Seen, nonce: int) -> Answer:
    """A chat completion, whole or streamed as the request asks; its id carries the nonce."""
    asked = json.loads(seen.body)
    usage = {"prompt_tokens": 8, "completion_tokens": len(WORDS), "total_tokens": 8 + len(WORDS)}
    base = {"id": f"chatcmpl-{nonce}", "created": 1_700_000_000 + nonce, "model": asked.get("model", "gpt-5-nano")}
    headers = (*OPENAI_EXTRAS, ("X-Request-Id", f"req_{nonce}"))
    if not asked.get("stream"):
        message = {"role": "assistant", "content": "".join(WORDS), "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return as_json({**base, "object": "chat.completion", "choices": [choice], "usage": usage}, headers=headers)

    def chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return event({**base, "object": "chat.completion.chunk", "choices": [choice]})

    said = (chunk({"role": "assistant", "content": ""}), *(chunk({"content": word}) for word in WORDS))
    return as_events((*said, chunk({}, "stop"), b"data: [DONE]\n\n"), headers)


def embeddings(seen: Seen, nonce: int) -> Answer:
    """One embedding of four numbers."""
    asked = json.loads(seen.body)
    item = {"object": "embedding", "index": 0, "embedding": [0.25, -0.5, 1e-09, nonce]}
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return as_json({"object": "list", "data": [item], "model": asked["model"], "usage": usage})


def models(_seen: Seen, nonce: int) -> Answer:
    """The list of models."""
    return as_json({"object": "list", "data": [{"id": f"model-{nonce}", "object": "model"}]})


# -- Anthropic --------------------------------------------------------------------------------------------------------


def message(seen: Seen, nonce: int) -> Answer:
    """An Anthropic message, whole or streamed; the ping comes in one piece with the event after it."""
    asked = json.loads(seen.body)
    usage = {"input_tokens": 8, "output_tokens": len(WORDS)}
    base = {"id": f"msg_{nonce}", "type": "message", "role": "assistant", "model": asked["model"]}
    base |= {"stop_sequence": None}
    headers = (("Request-Id", f"req_{nonce}"),)
    if not asked.get("stream"):
        content = [{"type": "text", "text": "".join(WORDS)}]
        return as_json({**base, "content": content, "stop_reason": "end_turn", "usage": usage}, headers=headers)
    start: dict[str, object] = {
        "type": "message_start",
        "message": {**base, "content": [], "stop_reason": None, "usage": usage},
    }
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}} for word in WORDS
    ]
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": usage}
    said: list[dict[str, object]] = [
        start,
        block,
        *deltas,
        {"type": "content_block_stop", "index": 0},
        end,
        {"type": "message_stop"},
    ]
    pieces = [event(data, str(data["type"])) for data in said]
    pieces[2] = event({"type": "ping"}, "ping") + pieces[2]
    return as_events(tuple(pieces), headers)


# -- Google Gemini and Amazon Bedrock ---------------------------------------------------------------------------------


def gemini(seen: Seen, nonce: int) -> Answer:
    """Content generated by Gemini, whole or streamed by the method in its path; ends of lines are CRLF, as Google's."""
    usage = {"promptTokenCount": 8, "candidatesTokenCount": len(WORDS), "totalTokenCount": 8 + len(WORDS)}

    def response(text: str, **more: str) -> dict[str, object]:
        candidate = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0, **more}
        base = {"candidates": [candidate], "usageMetadata": usage}
        return {**base, "modelVersion": "gemini-test", "responseId": f"id-{nonce}"}

    if "streamGenerateContent" not in seen.path:
        return as_json(response("".join(WORDS), finishReason="STOP"))
    said = [*(response(word) for word in WORDS), response("", finishReason="STOP")]
    return as_events(tuple(b"data: " + json.dumps(one).encode() + b"\r\n\r\n" for one in said))


def converse(seen: Seen, nonce: int) -> Answer:
    """Bedrock's Converse, whole or as an AWS event stream by its path; the request id carries the nonce."""
    usage = {"inputTokens": 8, "outputTokens": len(WORDS), "totalTokens": 8 + len(WORDS)}
    headers = (("x-amzn-RequestId", f"req-{nonce}"),)
    end = {"usage": usage, "metrics": {"latencyMs": 42}}
    if not seen.path.endswith("-stream"):
        output = {"message": {"role": "assistant", "content": [{"text": "".join(WORDS)}]}}
        return as_json({"output": output, "stopReason": "end_turn", **end}, headers=headers)
    said: list[tuple[str, dict[str, object]]] = [
        ("messageStart", {"role": "assistant"}),
        *(("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": word}}) for word in WORDS),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("messageStop", {"stopReason": "end_turn"}),
        ("metadata", end),
    ]
    frames = tuple(frame(name, json.dumps(data).encode()) for name, data in said)
    return Answer(headers=(("Content-Type", EVENTSTREAM), *headers), pieces=frames)


# -- HTTP as such -----------------------------------------------------------------------------------------------------


def echo(seen: Seen, _nonce: int) -> Answer:
    """What reached the upstream, as JSON."""
    return as_json({"method": seen.method, "target": seen.target, "headers": seen.headers, "proto": seen.proto})


def upload(seen: Seen, nonce: int) -> Answer:
    """Size and digest of what was sent."""
    return as_json({"size": len(seen.body), "sha256": hashlib.sha256(seen.body).hexdigest(), "nonce": nonce})


def status(seen: Seen, nonce: int) -> Answer:
    """``/status/429``: that status, with an error in OpenAI's shape."""
    code = int(seen.path.rsplit("/", 1)[1])
    error = {"message": f"upstream says {code}", "type": "upstream_error", "param": None, "code": str(nonce)}
    return as_json({"error": error}, status=code, headers=(("Retry-After", "7"),) if code == 429 else ())


def encoded(seen: Seen, _nonce: int) -> Answer:
    """``/encoded/gzip``: that encoding, or several in the order given (``gzip,br``); ``raw-deflate`` has no frame."""
    named = seen.path.rsplit("/", 1)[1]
    if named == "raw-deflate":
        squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        body, named = squeeze.compress(PLAIN) + squeeze.flush(), "deflate"
    else:
        body = PLAIN
        for one in named.split(","):
            body = ENCODERS[one](body)
    headers = (TEXT_TYPE, ("Content-Encoding", named.replace(",", ", ")), ("Content-Length", str(len(body))))
    return Answer(headers=(*headers, ("Vary", "Accept-Encoding")), body=body)


def encoded_stream(_seen: Seen, _nonce: int) -> Answer:
    """A gzip event stream, flushed after each event as a server with compression does."""
    squeeze = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    pieces = [squeeze.compress(one) + squeeze.flush(zlib.Z_SYNC_FLUSH) for one in STREAMS["usual"]]
    pieces[-1] += squeeze.flush()
    return as_events(tuple(pieces), (("Content-Encoding", "gzip"),))


def stream(seen: Seen, _nonce: int) -> Answer:
    """``/stream/crlf``: one of STREAMS."""
    return as_events(STREAMS[seen.path.rsplit("/", 1)[1]])


def kind(seen: Seen, _nonce: int) -> Answer:
    """``/kind/ndjson``: one of the kinds of streams."""
    one = KINDS[seen.path.rsplit("/", 1)[1]]
    return Answer(headers=(("Content-Type", one.content_type), *one.headers), pieces=one.wire, trailers=one.trailers)


def redirect(seen: Seen, _nonce: int) -> Answer:
    """``/redirect/307``: to a relative place, with a small body."""
    code = int(seen.path.rsplit("/", 1)[1])
    body = b"over there\n"
    return Answer(code, (("Location", "/plain?from=redirect"), TEXT_TYPE, ("Content-Length", str(len(body)))), body)


def sized(body: bytes, *headers: tuple[str, str]) -> Callable[[Seen, int], Answer]:
    """The same bytes every time, with their length."""
    return lambda _seen, _nonce: Answer(headers=(*headers, ("Content-Length", str(len(body)))), body=body)


def fixed(answer: Answer) -> Callable[[Seen, int], Answer]:
    """The same answer every time."""
    return lambda _seen, _nonce: answer


REPEATED: Pairs = (
    ("X-Many", "one"),
    ("Link", "</a>; rel=next"),
    ("X-Many", "two"),
    ("Link", "</b>; rel=last"),
    ("X-Many", "one"),
    ("X-Empty", ""),
)
COOKIES: Pairs = (("Set-Cookie", "session=cookie-of-the-answer; HttpOnly"), ("Set-Cookie", "track=second-cookie"))


def oauth(seen: Seen, nonce: int) -> Answer:
    """``/oauth/token`` gives tokens, new each time; all else below ``/oauth/`` wants one, and says nothing of it."""
    if seen.path == "/oauth/token":
        names = ("access_token", "refresh_token")
        tokens = {name: hashlib.sha256(f"{name} {nonce}".encode()).hexdigest()[:40] + "Zq" for name in names}
        return as_json({"token_type": "Bearer", "expires_in": 3599, **tokens})
    known = (seen.header("authorization") or "").startswith("Bearer ")
    return as_json({"hello": f"number {nonce}"}, status=200 if known else 401)


# First prefix that fits answers; the longer ones stand before the shorter.
ROUTES: dict[str, Callable[[Seen, int], Answer]] = {
    "/v1/chat/completions": chat_completion,
    "/v1/embeddings": embeddings,
    "/v1/models/gemini": gemini,  # as Google's SDK asks since its API has a version 1
    "/v1/models": models,
    "/v1/messages": message,
    "/openai/deployments/": chat_completion,
    "/v1beta/models/": gemini,
    "/model/": converse,
    "/encoded/stream": encoded_stream,
    "/encoded/": encoded,
    "/stream/": stream,
    "/kind/": kind,
    "/status/": status,
    "/redirect/": redirect,
    "/oauth/": oauth,
    "/echo": echo,
    "/upload": upload,
    "/plain": sized(PLAIN, TEXT_TYPE),
    "/binary": sized(BINARY, ("Content-Type", "application/octet-stream")),
    "/large": sized(BINARY * 256, ("Content-Type", "application/octet-stream")),
    "/crlf": sized(CRLF_TEXT, TEXT_TYPE),
    "/latin": sized(LATIN_TEXT, ("Content-Type", "text/plain; charset=iso-8859-1")),
    "/mislabelled": sized(LATIN_TEXT, TEXT_TYPE),
    "/exact-json": sized(EXACT_JSON, JSON_TYPE),
    "/empty": sized(b"", TEXT_TYPE),
    "/no-type": sized(b"no content type at all"),
    "/repeated": sized(b"many headers", TEXT_TYPE, *REPEATED),
    "/cookies": sized(b"two cookies", TEXT_TYPE, *COOKIES),
    "/no-content": fixed(Answer(204, (("X-Nothing", "here"),))),
    "/not-modified": fixed(Answer(304, (("ETag", '"abc"'), ("Cache-Control", "max-age=60")))),
    "/until-close": fixed(Answer(headers=(TEXT_TYPE, ("Connection", "close")), pieces=(b"no ", b"length"))),
    "/broken-stream": fixed(Answer(headers=(STREAM_TYPE,), pieces=(b"data: one\n\n", b"data: tw"), breaks=True)),
    "/broken": fixed(Answer(headers=(TEXT_TYPE, ("Content-Length", "1000")), body=b"only a part", breaks=True)),
}


def answer_for(seen: Seen, nonce: int) -> Answer:
    """The answer to a request; a web page of another origin may read it."""
    if seen.header("origin") is None:
        return _answer_for(seen, nonce)
    if seen.method == "OPTIONS":
        return Answer(204, (*CORS, ("Access-Control-Allow-Headers", "authorization, content-type")))
    answer = _answer_for(seen, nonce)
    return replace(answer, headers=(*answer.headers, *CORS))


def _answer_for(seen: Seen, nonce: int) -> Answer:
    """By path; 404 with an error in OpenAI's shape where the table has none."""
    for prefix, answering in ROUTES.items():
        if seen.path.startswith(prefix):
            return answering(seen, nonce)
    return as_json({"error": {"message": f"no such path {seen.path}", "type": "not_found", "code": None}}, status=404)
