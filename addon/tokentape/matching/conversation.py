"""Conversations inside of request bodies: where the messages are, who speaks, and which turn a message belongs to.

The rule: one count for all APIs. A **turn** is one answer of the model together with what led to it and the results of
the tools it called: the first question and everything up to the second answer are turn 1. In an agent's conversation
turn 7 is therefore the model's seventh answer and the tool results that follow it.

The wire formats: Chat Completions and Anthropic's ``messages``, Responses' ``input``, Gemini's ``contents``.
"""

from collections.abc import Sequence

from tokentape.matching.canonical import Value
from tokentape.matching.largevalues import LISTS, OBJECTS, Large

CONVERSATION_KEYS = ("messages", "input", "contents")

_MODEL_ROLES = frozenset({"assistant", "model"})
_TOOL_ROLES = frozenset({"tool", "function"})
# Blocks that carry a tool's result inside of a user's message: Anthropic, Gemini (two spellings), Bedrock Converse.
_RESULT_KEYS = ("functionResponse", "function_response", "toolResult")


def conversation_key(value: Value | Large) -> str | None:
    """The key of a body under which its messages are, or None if it holds no conversation."""
    if not isinstance(value, OBJECTS):
        return None
    return next((key for key in CONVERSATION_KEYS if _is_conversation(value.get(key))), None)


def speaker(message: Value) -> str:
    """The role of a message; ``tool`` for a tool's result, ``assistant`` for what the model did, else ``user``."""
    if not isinstance(message, dict):
        return "user"
    role, kind = message.get("role"), message.get("type")
    if role in _TOOL_ROLES or (isinstance(kind, str) and kind.endswith("_output")) or _holds_result(message):
        return "tool"
    if isinstance(role, str) and role:
        return role
    calls = isinstance(kind, str) and (kind.endswith("_call") or kind == "reasoning")
    return "assistant" if calls else "user"


def turns(messages: Sequence[Value]) -> tuple[str, ...]:
    """``turn 7 (tool)`` and its like for each message; empty texts where the model has not answered at all."""
    speakers = [speaker(message) for message in messages]
    if _MODEL_ROLES.isdisjoint(speakers):
        return ("",) * len(messages)
    answers, before, labels = 0, "", []
    for now in speakers:
        # What the model says in several messages on end is one answer.
        answers += now in _MODEL_ROLES and before not in _MODEL_ROLES
        follows = now in _MODEL_ROLES or now == "tool"
        labels.append(f"turn {max(answers, 1) if follows else answers + 1} ({now})")
        before = now
    return tuple(labels)


def _is_conversation(value: Value | Large) -> bool:
    return isinstance(value, LISTS) and any(isinstance(message, OBJECTS) for message in value)


def _holds_result(message: dict[str, Value]) -> bool:
    blocks = message.get("content", message.get("parts"))
    return isinstance(blocks, list) and any(
        isinstance(block, dict) and (block.get("type") == "tool_result" or any(key in block for key in _RESULT_KEYS))
        for block in blocks
    )
