"""Anthropic's ``messages``: what is asked, and its answer in one piece or as a stream of named events.

The rule: a stream is ``message_start``, then each block with its start, its deltas and its stop, then what the answer
ended with, then ``message_stop``; a ``ping`` follows the first block's start. ``asked`` reads and checks.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tokentape.generate.anthropic.asked import read
from tokentape.generate.generated import Generated, Usage
from tokentape.generate.reply import Reply
from tokentape.generate.shapes import quoted
from tokentape.generate.stage import Stage

_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "stop_sequence": "stop_sequence"}
_PIECE = 4  # tokens in a delta: the API sends several at a time


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of the content: whole, as it starts, and its deltas (each the inside of a ``delta``)."""

    whole: str
    start: str
    deltas: tuple[str, ...]


def answer(stage: Stage) -> Generated:
    """The answer to a message. Raises Invalid."""
    asked = read(stage)
    reply = stage.reply(asked.wish)
    usage = Usage(asked.prompt, max(reply.used, 1))
    blocks = list(_blocks(stage, reply))
    if asked.thinks:
        blocks.insert(0, _thinking(stage, reply))
    if asked.stream:
        return stage.stream(list(_events(stage, asked.model, reply, blocks, usage)), usage)
    content = ",".join(block.whole for block in blocks)
    reason = f'"stop_reason":"{_REASONS[reply.finish]}","stop_sequence":{_stopped_by(reply)}'
    text = f"{_head(stage, asked.model, content)},{reason},{_usage(usage, usage.completion)}}}"
    return stage.json(text, usage)


def count(stage: Stage) -> Generated:
    """How many tokens a message would have. Raises Invalid."""
    asked = read(stage, counted=True)
    return stage.json(f'{{"input_tokens":{asked.prompt}}}', Usage(asked.prompt))


def _head(stage: Stage, model: str, content: str) -> str:
    return (
        f'{{"model":{quoted(model)},"id":"msg_01{stage.dice.name(22)}","type":"message","role":"assistant",'
        f'"content":[{content}]'
    )


def _usage(usage: Usage, output: int) -> str:
    return (
        f'"usage":{{"input_tokens":{usage.prompt},"cache_creation_input_tokens":0,"cache_read_input_tokens":0,'
        '"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},'
        f'"output_tokens":{output},"service_tier":"standard"}}'
    )


def _stopped_by(reply: Reply) -> str:
    return quoted(reply.stopped_by) if reply.stopped_by else "null"


# --- blocks -----------------------------------------------------------------------------------------------------------


def _blocks(stage: Stage, reply: Reply) -> Iterator[_Block]:
    if not reply.calls:
        yield _Block(
            f'{{"type":"text","text":{quoted(reply.text)}}}',
            '{"type":"text","text":""}',
            tuple(f'"type":"text_delta","text":{quoted(piece)}' for piece in _pieces(reply.tokens)),
        )
    for at, call in enumerate(reply.calls):
        head = f'{{"type":"tool_use","id":"toolu_01{stage.dice.name(22, f"call{at}")}","name":{quoted(call.tool.name)}'
        # What was cut short is no JSON any more: the whole answer has an empty input then, as the API has it.
        cut = reply.finish == "length" and at == len(reply.calls) - 1
        pieces = ("", *_pieces(call.pieces))  # the first is empty, as the API sends it
        yield _Block(
            f'{head},"input":{"{}" if cut else call.arguments}}}',
            f'{head},"input":{{}}}}',
            tuple(f'"type":"input_json_delta","partial_json":{quoted(piece)}' for piece in pieces),
        )


def _thinking(stage: Stage, reply: Reply) -> _Block:
    signature = stage.dice.name(64, "signature") + "=="
    thought = "The question is clear, so I put the answer together from what it asks for and check it once."
    if reply.calls:
        thought = f"This is something the tool {reply.calls[0].tool.name} can find out, so I call it."
    pieces = _pieces(tuple(thought.split(" ")), " ")
    return _Block(
        f'{{"type":"thinking","thinking":{quoted(thought)},"signature":"{signature}"}}',
        '{"type":"thinking","thinking":"","signature":""}',
        (
            *(f'"type":"thinking_delta","thinking":{quoted(piece)}' for piece in pieces),
            f'"type":"signature_delta","signature":"{signature}"',
        ),
    )


def _pieces(tokens: tuple[str, ...], between: str = "") -> Iterator[str]:
    for at in range(0, len(tokens), _PIECE):
        piece = between.join(tokens[at : at + _PIECE])
        yield piece + (between if at + _PIECE < len(tokens) else "")


# --- the stream -------------------------------------------------------------------------------------------------------


def _event(name: str, inside: str = "") -> str:
    return f'event: {name}\ndata: {{"type":"{name}"{inside}}}\n\n'


def _events(stage: Stage, model: str, reply: Reply, blocks: list[_Block], usage: Usage) -> Iterator[str]:
    start = f'{_head(stage, model, "")},"stop_reason":null,"stop_sequence":null,{_usage(usage, 1)}}}'
    yield _event("message_start", f',"message":{start}')
    for index, block in enumerate(blocks):
        yield _event("content_block_start", f',"index":{index},"content_block":{block.start}')
        if index == 0:
            yield _event("ping")
        before = f'event: content_block_delta\ndata: {{"type":"content_block_delta","index":{index},"delta":{{'
        for delta in block.deltas:
            yield f"{before}{delta}}}}}\n\n"
        yield _event("content_block_stop", f',"index":{index}')
    reason = f'"stop_reason":"{_REASONS[reply.finish]}","stop_sequence":{_stopped_by(reply)}'
    used = (
        f'"usage":{{"input_tokens":{usage.prompt},"cache_creation_input_tokens":0,"cache_read_input_tokens":0,'
        f'"output_tokens":{usage.completion}}}'
    )
    yield _event("message_delta", f',"delta":{{{reason}}},{used}')
    yield _event("message_stop")
