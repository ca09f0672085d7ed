"""The pieces of a streamed response: OpenAI's typed events, numbered from nought.

The rule: each item is added, filled by deltas, and done; the response is created, in progress, and at last completed
or incomplete. Nothing follows that: this API has no ``[DONE]``.
"""

from collections.abc import Callable, Iterator, Sequence

from tokentape.generate.openai.responseoutput import Item, text_part

# Of each kind of item: what its deltas and its end are called, and the key that holds the whole in the latter.
_NAMES = {
    "function_call": ("response.function_call_arguments", "arguments"),
    "custom_tool_call": ("response.custom_tool_call_input", "input"),
}


def events(response: Callable[[str, Sequence[str]], str], items: Sequence[Item], status: str) -> list[str]:
    """The events of a stream; ``response`` writes the response in a status, ``status`` is the one it ends with."""
    bodies: list[tuple[str, str]] = [
        ("response.created", f'"response":{response("in_progress", ())}'),
        ("response.in_progress", f'"response":{response("in_progress", ())}'),
    ]
    for index, item in enumerate(items):
        bodies.append(("response.output_item.added", f'"output_index":{index},"item":{item.start}'))
        bodies += _message(item, index) if item.kind == "message" else _call(item, index)
        bodies.append(("response.output_item.done", f'"output_index":{index},"item":{item.whole}'))
    bodies.append((f"response.{status}", f'"response":{response(status, [item.whole for item in items])}'))
    return [
        f'event: {name}\ndata: {{"type":"{name}","sequence_number":{number},{body}}}\n\n'
        for number, (name, body) in enumerate(bodies)
    ]


def _message(item: Item, index: int) -> Iterator[tuple[str, str]]:
    place = f'"item_id":"{item.id}","output_index":{index},"content_index":0'
    yield "response.content_part.added", f'{place},"part":{text_part(chr(34) * 2, ())}'
    for at, piece in enumerate(item.pieces):
        odds = item.odds[at] if item.odds is not None else ""
        yield "response.output_text.delta", f'{place},"delta":{piece},"logprobs":[{odds}]'
    odds = ",".join(item.odds or ())
    yield "response.output_text.done", f'{place},"text":{item.content},"logprobs":[{odds}]'
    yield "response.content_part.done", f'{place},"part":{text_part(item.content, item.odds)}'


def _call(item: Item, index: int) -> Iterator[tuple[str, str]]:
    name, key = _NAMES[item.kind]
    place = f'"item_id":"{item.id}","output_index":{index}'
    for piece in item.pieces:
        yield f"{name}.delta", f'{place},"delta":{piece}'
    yield f"{name}.done", f'{place},"{key}":{item.content}'
