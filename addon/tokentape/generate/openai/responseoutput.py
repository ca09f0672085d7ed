"""The items that a response puts out: a message, or tool calls; each whole, as it starts, and in pieces.

The rule: an item knows its JSON, and nothing of the response or the stream around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tokentape.generate.reply import LENGTH, Call, Reply
from tokentape.generate.shapes import quoted
from tokentape.generate.stage import Stage


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the output. ``pieces`` are JSON strings; ``odds`` has the logprobs of each, where they were asked for.

    ``kind`` is ``message``, ``function_call`` or ``custom_tool_call``; ``content`` the JSON of the whole text.
    """

    kind: str
    id: str
    start: str
    whole: str
    content: str
    pieces: tuple[str, ...]
    odds: tuple[str, ...] | None = None


def items_of(stage: Stage, reply: Reply, odds: Sequence[str] | None) -> list[Item]:
    """The items of a reply."""
    status = "incomplete" if reply.finish == LENGTH else "completed"
    if reply.calls:
        last = len(reply.calls) - 1
        return [_call(stage, at, call, status if at == last else "completed") for at, call in enumerate(reply.calls)]
    return [_message(stage, reply, odds, status)]


def text_part(text: str, odds: Sequence[str] | None) -> str:
    """The content of a message; ``text`` is JSON."""
    return f'{{"type":"output_text","annotations":[],"logprobs":[{",".join(odds or ())}],"text":{text}}}'


def _message(stage: Stage, reply: Reply, odds: Sequence[str] | None, status: str) -> Item:
    name = f"msg_{stage.dice.hexadecimal(48, 'message')}"
    text = quoted(reply.text)
    head = f'{{"id":"{name}","type":"message","status":'
    return Item(
        "message",
        name,
        f'{head}"in_progress","content":[],"role":"assistant"}}',
        f'{head}"{status}","content":[{text_part(text, odds)}],"role":"assistant"}}',
        text,
        tuple(map(quoted, reply.tokens)),
        tuple(odds) if odds is not None else None,
    )


def _call(stage: Stage, at: int, call: Call, status: str) -> Item:
    kind, key, prefix = (
        ("custom_tool_call", "input", "ctc") if call.tool.custom else ("function_call", "arguments", "fc")
    )
    name = f"{prefix}_{stage.dice.hexadecimal(48, f'item{at}')}"
    named = f'"call_id":"call_{stage.dice.name(24, f"call{at}")}","name":{quoted(call.tool.name)}'
    head = f'{{"id":"{name}","type":"{kind}","status":'
    text = quoted(call.arguments)
    return Item(
        kind,
        name,
        f'{head}"in_progress","{key}":"",{named}}}',
        f'{head}"{status}","{key}":{text},{named}}}',
        text,
        tuple(map(quoted, call.pieces)),
    )
