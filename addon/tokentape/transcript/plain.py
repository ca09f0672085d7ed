"""Conversations as plain data, for JSON and for comparing: each part says what it is under ``part``."""

from dataclasses import asdict
from typing import Any

from tokentape.transcript.words import Media, Part, Prompt, Reply, Text, ToolCall, ToolResult, Turn

_NAMES = {Text: "text", Media: "media", ToolCall: "call", ToolResult: "result"}


def plain(said: Prompt | Reply) -> dict[str, Any]:
    """A request or an answer as plain data."""
    tree = asdict(said)
    tree["turns"] = [_turn(turn) for turn in said.turns]
    if isinstance(said, Prompt):
        tree["settings"] = dict(said.settings)
    return tree


def _turn(turn: Turn) -> dict[str, Any]:
    return {"role": turn.role, "parts": [_part(part) for part in turn.parts], "ended": turn.ended}


def _part(part: Part) -> dict[str, Any]:
    tree = {"part": _NAMES[type(part)], **asdict(part)}
    if isinstance(part, ToolResult):
        tree["parts"] = [_part(one) for one in part.parts]
    return tree
