"""What each API puts on the wire for one and the same conversation, whole and as a stream.

A question with a system's word; the model thinks, says two words and asks for a tool; its result goes back.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kinds import frame

from tokentape.model import Request, Response

ARGUMENTS = '{"city": "Berlin"}'
CITY = {"city": "Berlin"}


@dataclass(frozen=True)
class Wire:
    """An API: its URL, a request's body, and the answer whole and in events."""

    url: str
    asked: Any
    whole: Any
    events: Sequence[tuple[str, Any]]
    content_type: str = "text/event-stream"

    def request(self) -> Request:
        """The question."""
        return Request("POST", self.url, (("content-type", "application/json"),), json.dumps(self.asked).encode())

    def answer(self) -> Response:
        """The answer, whole."""
        return Response(200, "OK", (("Content-Type", "application/json"),), json.dumps(self.whole).encode())

    def stream(self) -> Response:
        """The answer as a stream."""
        if self.content_type == "text/event-stream":
            body = b"".join(_sse(name, tree) for name, tree in self.events)
        else:
            body = b"".join(frame(name, json.dumps(tree).encode()) for name, tree in self.events)
        return Response(200, "OK", (("Content-Type", self.content_type),), body)


def _sse(name: str, tree: Any) -> bytes:
    data = tree if isinstance(tree, str) else json.dumps(tree)
    return (f"event: {name}\n" if name else "").encode() + f"data: {data}\n\n".encode()


def _chunk(delta: Any, finish: str | None = None, **more: Any) -> tuple[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return "", {"object": "chat.completion.chunk", "model": "m-1", "choices": [choice], "usage": None, **more}


_CHAT_USAGE = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
_FUNCTION = {"name": "weather", "description": "The weather"}

CHAT = Wire(
    "https://api.openai.com/v1/chat/completions",
    {
        "model": "m",
        "temperature": 0.5,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": ARGUMENTS}}
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "12 degrees"},
        ],
        "tools": [{"type": "function", "function": _FUNCTION}],
    },
    {
        "model": "m-1",
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls",
                "message": {
                    "role": "assistant",
                    "reasoning_content": "Hm, so.",
                    "content": "One moment",
                    "tool_calls": [
                        {"id": "c2", "type": "function", "function": {"name": "weather", "arguments": ARGUMENTS}}
                    ],
                },
            }
        ],
        "usage": _CHAT_USAGE,
    },
    [
        _chunk({"role": "assistant", "content": "", "reasoning_content": "Hm,"}),
        _chunk({"reasoning_content": " so."}),
        _chunk({"content": "One"}),
        _chunk({"content": " moment"}),
        _chunk({"tool_calls": [{"index": 0, "id": "c2", "function": {"name": "weather", "arguments": '{"city": '}}]}),
        _chunk({"tool_calls": [{"index": 0, "function": {"arguments": '"Berlin"}'}}]}),
        _chunk({}, "tool_calls"),
        ("", {"model": "m-1", "choices": [], "usage": _CHAT_USAGE}),
        ("", "[DONE]"),
    ],
)

_OUTPUT = [
    {"type": "reasoning", "id": "r1", "summary": [{"type": "summary_text", "text": "Hm, so."}]},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "One moment"}]},
    {"type": "function_call", "name": "weather", "call_id": "c2", "arguments": ARGUMENTS},
]
_RESPONSE = {
    "model": "m-1",
    "status": "completed",
    "output": _OUTPUT,
    "usage": {"input_tokens": 9, "output_tokens": 5, "total_tokens": 14},
}


def _added(at: int, item: Any) -> tuple[str, Any]:
    kind = "response.output_item.added"
    return kind, {"type": kind, "output_index": at, "item": item}


RESPONSES = Wire(
    "https://api.openai.com/v1/responses",
    {
        "model": "m",
        "temperature": 0.5,
        "instructions": "Be brief.",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
            {"type": "function_call", "name": "weather", "call_id": "c1", "arguments": ARGUMENTS},
            {"type": "function_call_output", "call_id": "c1", "output": "12 degrees"},
        ],
        "tools": [{"type": "function", **_FUNCTION}],
    },
    _RESPONSE,
    [
        (kind := "response.created", {"type": kind, "response": {**_RESPONSE, "output": [], "status": "in_progress"}}),
        (
            kind := "response.output_item.added",
            {"type": kind, "output_index": 0, "item": {**_OUTPUT[0], "summary": []}},
        ),
        *(
            (
                "response.reasoning_summary_text.delta",
                {
                    "type": "response.reasoning_summary_text.delta",
                    "output_index": 0,
                    "summary_index": 0,
                    "delta": piece,
                },
            )
            for piece in ("Hm,", " so.")
        ),
        (
            kind := "response.output_item.added",
            {"type": kind, "output_index": 1, "item": {**_OUTPUT[1], "content": []}},
        ),
        *(
            (
                "response.output_text.delta",
                {"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": piece},
            )
            for piece in ("One", " moment")
        ),
        _added(2, {**_OUTPUT[2], "arguments": ""}),
        *(
            (
                "response.function_call_arguments.delta",
                {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": piece},
            )
            for piece in ('{"city": ', '"Berlin"}')
        ),
        (kind := "response.completed", {"type": kind, "response": _RESPONSE}),
    ],
)

MESSAGES = Wire(
    "https://api.anthropic.com/v1/messages",
    {
        "model": "m",
        "temperature": 0.5,
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "weather", "input": CITY}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "12 degrees"}]},
        ],
        "tools": [_FUNCTION],
    },
    {
        "model": "m-1",
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "Hm, so."},
            {"type": "text", "text": "One moment"},
            {"type": "tool_use", "id": "c2", "name": "weather", "input": CITY},
        ],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 9, "output_tokens": 5},
    },
    [
        (
            kind := "message_start",
            {
                "type": kind,
                "message": {"model": "m-1", "content": [], "usage": {"input_tokens": 9, "output_tokens": 1}},
            },
        ),
        (
            kind := "content_block_start",
            {"type": kind, "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        ),
        *(
            (
                "content_block_delta",
                {
                    "type": "content_block_delta",
                    "index": 0,
                    "delta": {"type": "thinking_delta", "thinking": piece},
                },
            )
            for piece in ("Hm,", " so.")
        ),
        (kind := "content_block_start", {"type": kind, "index": 1, "content_block": {"type": "text", "text": ""}}),
        ("ping", {"type": "ping"}),
        *(
            (
                "content_block_delta",
                {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": piece}},
            )
            for piece in ("One", " moment")
        ),
        (
            kind := "content_block_start",
            {
                "type": kind,
                "index": 2,
                "content_block": {"type": "tool_use", "id": "c2", "name": "weather", "input": {}},
            },
        ),
        *(
            (
                "content_block_delta",
                {
                    "type": "content_block_delta",
                    "index": 2,
                    "delta": {"type": "input_json_delta", "partial_json": piece},
                },
            )
            for piece in ("", '{"city": ', '"Berlin"}')
        ),
        (
            kind := "message_delta",
            {"type": kind, "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}},
        ),
        (kind := "message_stop", {"type": kind}),
    ],
)


def _piece(part: Any, **more: Any) -> tuple[str, Any]:
    candidate = {"index": 0, "content": {"role": "model", "parts": [part]}, **more}
    return "", {"modelVersion": "m-1", "candidates": [candidate]}


_GEMINI_USAGE = {"promptTokenCount": 9, "candidatesTokenCount": 5, "totalTokenCount": 14}
_CALL = {"functionCall": {"name": "weather", "args": CITY}}

GEMINI = Wire(
    "https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse",
    {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "Weather?"}]},
            {"role": "model", "parts": [_CALL]},
            {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"t": 12}}}]},
        ],
        "tools": [{"functionDeclarations": [_FUNCTION]}],
        "generationConfig": {"temperature": 0.5},
    },
    {
        "modelVersion": "m-1",
        "candidates": [
            {
                "content": {
                    "role": "model",
                    "parts": [{"text": "Hm, so.", "thought": True}, {"text": "One moment"}, _CALL],
                },
                "finishReason": "STOP",
            }
        ],
        "usageMetadata": _GEMINI_USAGE,
    },
    [
        _piece({"text": "Hm,", "thought": True}),
        _piece({"text": " so.", "thought": True}),
        _piece({"text": "One"}),
        _piece({"text": " moment"}),
        _piece(_CALL, finishReason="STOP"),
        ("", {"modelVersion": "m-1", "usageMetadata": _GEMINI_USAGE}),
    ],
)


def _block(at: int, delta: Any) -> tuple[str, Any]:
    return "contentBlockDelta", {"contentBlockIndex": at, "delta": delta}


CONVERSE = Wire(
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/m%3A0/converse-stream",
    {
        "system": [{"text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"text": "Weather?"}]},
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "c1", "name": "weather", "input": CITY}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "c1", "content": [{"text": "12 degrees"}]}}]},
        ],
        "toolConfig": {"tools": [{"toolSpec": _FUNCTION}]},
        "inferenceConfig": {"temperature": 0.5},
    },
    {
        "output": {
            "message": {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "Hm, so."}}},
                    {"text": "One moment"},
                    {"toolUse": {"toolUseId": "c2", "name": "weather", "input": CITY}},
                ],
            }
        },
        "stopReason": "tool_use",
        "usage": {"inputTokens": 9, "outputTokens": 5, "totalTokens": 14},
    },
    [
        ("messageStart", {"role": "assistant"}),
        _block(0, {"reasoningContent": {"text": "Hm,"}}),
        _block(0, {"reasoningContent": {"text": " so."}}),
        _block(1, {"text": "One"}),
        _block(1, {"text": " moment"}),
        ("contentBlockStart", {"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "c2", "name": "weather"}}}),
        _block(2, {"toolUse": {"input": '{"city": '}}),
        _block(2, {"toolUse": {"input": '"Berlin"}'}}),
        ("messageStop", {"stopReason": "tool_use"}),
        ("metadata", {"usage": {"inputTokens": 9, "outputTokens": 5, "totalTokens": 14}}),
    ],
    "application/vnd.amazon.eventstream",
)

# Anthropic's model behind Bedrock's own call: its events in base64 inside of Bedrock's.
INVOKE = Wire(
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/invoke-with-response-stream",
    {key: value for key, value in MESSAGES.asked.items() if key != "model"},
    MESSAGES.whole,
    [("chunk", {"bytes": base64.b64encode(json.dumps(tree).encode()).decode()}) for _, tree in MESSAGES.events],
    "application/vnd.amazon.eventstream",
)

WIRES = {
    "chat": CHAT,
    "responses": RESPONSES,
    "messages": MESSAGES,
    "gemini": GEMINI,
    "converse": CONVERSE,
    "invoke": INVOKE,
}
