"""A stand-in for two LLM APIs, on this machine and over real TLS: what the demo and the starter library record.

The rule: no provider wrote these answers, and none pretends otherwise: each says so in its ``Server`` header. They
have the shape of what api.openai.com and api.anthropic.com answer, and follow from the request alone: no clock, no
chance. What lacks a key gets the provider's 401.
"""

import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

OPENAI, ANTHROPIC = "api.openai.com", "api.anthropic.com"
SERVER = "tokentape-stand-in"
PAUSE = 0.02  # seconds between the events of a stream
WORDS = ["A", " tape", " remembers", " every", " token", "."]
TEXT = "".join(WORDS)
CREATED = 1_767_225_600  # 2026-01-01 00:00:00 UTC
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"

Asked = Mapping[str, Any]
Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of the providers' shapes that open nothing but the stand-in."""

    openai: str
    anthropic: str


def new_keys() -> Keys:
    """Keys that no file can hold by chance."""
    return Keys(f"sk-proj-{secrets.token_hex(24)}", f"sk-ant-api03-{secrets.token_hex(24)}")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: a JSON ``tree`` (indented or on one line), or the ``events`` of a stream, sent one by one."""

    status: int = 200
    tree: object = None
    events: tuple[bytes, ...] = ()
    indent: int | None = 2

    @property
    def body(self) -> bytes:
        """The tree as text; indented it ends with a line, as the one provider sends it."""
        if self.indent is None:
            return json.dumps(self.tree, separators=(",", ":")).encode()
        return json.dumps(self.tree, indent=self.indent).encode() + b"\n"


def event(data: object, name: str = "") -> bytes:
    """One server-sent event; JSON without spaces, as both providers write it there."""
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()


def named_events(trees: list[Tree]) -> tuple[bytes, ...]:
    """Events that are called as their ``type`` says."""
    return tuple(event(tree, str(tree["type"])) for tree in trees)


# --- api.openai.com ---------------------------------------------------------------------------------------------------


def chat(asked: Asked) -> Reply:
    """POST /v1/chat/completions."""
    if asked.get("temperature", 0) > 2:
        return too_hot(asked)
    base: Tree = {"id": "chatcmpl-standin", "object": "chat.completion", "created": CREATED}
    base["model"] = f"{asked['model']}-2024-07-18"
    usage = {"prompt_tokens": 13, "completion_tokens": len(WORDS), "total_tokens": 13 + len(WORDS)}
    if asked.get("stream"):
        return Reply(events=chat_events(base))
    choice: Tree = {"index": 0, "message": chat_message(asked), "logprobs": None}
    choice["finish_reason"] = "tool_calls" if "tool_calls" in choice["message"] else "stop"
    return Reply(tree={**base, "choices": [choice], "usage": usage})


def chat_message(asked: Asked) -> Tree:
    """What the assistant says: it calls a tool where it can, and tells what one answered."""
    last = asked["messages"][-1]
    message = {"role": "assistant", "content": TEXT, "refusal": None}
    if last["role"] == "tool":
        return {**message, "content": f"The tool says: {last['content']}."}
    return {**message, "content": None, "tool_calls": [tool_call(asked)]} if asked.get("tools") else message


def chat_events(base: Tree) -> tuple[bytes, ...]:
    """A chat completion as a stream, a word an event."""
    deltas: list[Tree] = [{"role": "assistant", "content": ""}, *({"content": word} for word in WORDS), {}]
    trees = [
        {
            **base,
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}],
        }
        for delta in deltas
    ]
    return (*map(event, trees), event("[DONE]"))


def tool_call(asked: Asked) -> Tree:
    """A call of the first tool that was offered, with the last word of the question for each argument."""
    function = asked["tools"][0]["function"]
    last_word = asked["messages"][-1]["content"].split()[-1].strip("?.!")
    arguments = dict.fromkeys(function["parameters"]["properties"], last_word)
    return {
        "id": "call_standin",
        "type": "function",
        "function": {"name": function["name"], "arguments": json.dumps(arguments)},
    }


def too_hot(asked: Asked) -> Reply:
    """What an argument out of its range gets."""
    message = (
        "Invalid 'temperature': decimal above maximum value. "
        f"Expected a value <= 2, but got {asked['temperature']} instead."
    )
    error = {"message": message, "type": "invalid_request_error", "param": "temperature"}
    return Reply(400, {"error": {**error, "code": "decimal_above_max_value"}})


def embeddings(asked: Asked) -> Reply:
    """POST /v1/embeddings: for each text as many numbers as were asked for."""
    texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
    count = asked.get("dimensions", 8)
    data = [
        {"object": "embedding", "index": index, "embedding": [vector(text, place) for place in range(count)]}
        for index, text in enumerate(texts)
    ]
    tokens = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return Reply(tree={"object": "list", "data": data, "model": asked["model"], "usage": usage})


def vector(text: str, place: int) -> float:
    """A number between -1 and 1 that follows from the text."""
    return (sum(text.encode()) * (place + 7) % 2001 - 1000) / 1000


def responses(asked: Asked) -> Reply:
    """POST /v1/responses, streamed."""
    part = {"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}
    item = {"id": "msg_standin", "type": "message", "role": "assistant"}
    done: Tree = {**item, "status": "completed", "content": [part]}
    where = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    base = {"id": "resp_standin", "object": "response", "created_at": CREATED, "model": asked["model"]}
    base |= {"parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None}
    trees: list[Tree] = [
        {"type": "response.created", "response": {**base, "status": "in_progress", "output": []}},
        {"type": "response.in_progress", "response": {**base, "status": "in_progress", "output": []}},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**item, "status": "in_progress", "content": []},
        },
        {"type": "response.content_part.added", **where, "part": {**part, "text": ""}},
        *({"type": "response.output_text.delta", **where, "delta": word, "logprobs": []} for word in WORDS),
        {"type": "response.output_text.done", **where, "text": TEXT, "logprobs": []},
        {"type": "response.content_part.done", **where, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.completed", "response": {**base, "status": "completed", "output": [done]}},
    ]
    return Reply(events=named_events([{**tree, "sequence_number": number} for number, tree in enumerate(trees)]))


# --- api.anthropic.com ------------------------------------------------------------------------------------------------


def messages(asked: Asked) -> Reply:
    """POST /v1/messages, whole or streamed."""
    usage = {"input_tokens": 13, "output_tokens": len(WORDS)}
    base = {"id": "msg_standin", "type": "message", "role": "assistant", "model": asked["model"]}
    if not asked.get("stream"):
        content = [{"type": "text", "text": TEXT}]
        ending = {"stop_reason": "end_turn", "stop_sequence": None}
        return Reply(tree={**base, "content": content, **ending, "usage": usage}, indent=None)
    start = {**base, "content": [], "stop_reason": None, "stop_sequence": None, "usage": {**usage, "output_tokens": 1}}
    trees: list[Tree] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}} for word in WORDS),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": len(WORDS)},
        },
        {"type": "message_stop"},
    ]
    return Reply(events=named_events(trees))


# --- the server -------------------------------------------------------------------------------------------------------

Headers = tuple[tuple[str, str], ...]
# What the answers of a provider carry besides; the organisation is what a recording must not keep.
OPENAI_HEADERS: Headers = (
    ("openai-version", "2020-10-01"),
    ("openai-organization", "org-standin0123456789"),
    ("openai-processing-ms", "20"),
    ("x-request-id", "req_standin"),
)
ANTHROPIC_HEADERS: Headers = (("request-id", "req_standin"), ("anthropic-organization-id", "standin-0123456789"))

ROUTES: Mapping[str, tuple[Callable[[Asked], Reply], Headers]] = {
    "/v1/chat/completions": (chat, OPENAI_HEADERS),
    "/v1/embeddings": (embeddings, OPENAI_HEADERS),
    "/v1/responses": (responses, OPENAI_HEADERS),
    "/v1/messages": (messages, ANTHROPIC_HEADERS),
}
REFUSED = Reply(401, {"error": {"message": "Incorrect API key provided.", "code": "invalid_api_key"}})
UNKNOWN = Reply(404, {"error": {"message": "The stand-in has no such endpoint.", "code": "not_found"}})


class Talk(BaseHTTPRequestHandler):
    """One connection to the stand-in."""

    protocol_version = "HTTP/1.1"
    keys: Keys

    def do_POST(self) -> None:
        """Answer by the table of paths."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answering, headers = ROUTES.get(self.path, (lambda _: UNKNOWN, ()))
        reply = answering(asked) if self._has_key() else REFUSED
        self.send_response_only(reply.status)
        for name, value in (("Date", DATE), ("Server", SERVER), *headers):
            self.send_header(name, value)
        if reply.events:
            self._stream(reply.events)
        else:
            self._whole(reply.body)

    def _has_key(self) -> bool:
        given = (self.headers["Authorization"], self.headers["x-api-key"])
        return f"Bearer {self.keys.openai}" == given[0] or self.keys.anthropic == given[1]

    def _whole(self, body: bytes) -> None:
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, events: tuple[bytes, ...]) -> None:
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for data in events:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            time.sleep(PAUSE)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def stand_in(folder: Path, keys: Keys, *, secure: bool = True) -> Iterator[int]:
    """The stand-in, up until the block is left. Yields its port; its CA is ``folder/api-ca.pem`` (plain HTTP if not
    ``secure``)."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "api-ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(OPENAI, ANTHROPIC, "127.0.0.1").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Keyed", (Talk,), {"keys": keys}))
    server.daemon_threads = True
    if secure:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
