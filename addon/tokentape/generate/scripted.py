"""What was laid down beforehand, put in: which rule a request falls under, and its answer as a model's reply.

The rule: only looks. The tree of a request is not checked yet when a rule is looked for, so nothing in here trusts it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tokentape.generate.canned import Canned, Conversation, Failure
from tokentape.generate.fields import text_in
from tokentape.generate.material.tokens import count, split
from tokentape.generate.problems import Invalid, usual
from tokentape.generate.reply import CALLS, Call, Reply, Tool, Wish, shaped
from tokentape.matching.conversation import CONVERSATION_KEYS, speaker

# Where the words of a request are that is no conversation.
_WORDS = ("prompt", "input")


def conversation_of(operation: str, tree: Mapping[str, Any], model: str) -> Conversation:
    """What the rules look at."""
    messages: Sequence[Any] = next((tree[key] for key in CONVERSATION_KEYS if isinstance(tree.get(key), list)), [])
    said = [message for message in messages if isinstance(message, Mapping)]
    user = next((text_in(m.get("content")) for m in reversed(said) if m.get("role") == "user"), "")
    if not user:
        user = next((text_in(tree[key]) for key in _WORDS if key in tree), "")
    return Conversation(operation, model, user, _tools(tree.get("tools")), _answers_so_far(said) + 1)


def _tools(listed: Any) -> tuple[str, ...]:
    if not isinstance(listed, list):
        return ()
    tools = [tool for tool in listed if isinstance(tool, Mapping)]
    bodies = (tool.get("function", tool) for tool in tools)
    return tuple(str(body["name"]) for body in bodies if isinstance(body, Mapping) and "name" in body)


def _answers_so_far(messages: Sequence[Any]) -> int:
    """How often the model has answered; several of its messages on end are one answer."""
    speakers = [speaker(message) for message in messages]
    return sum(now == "assistant" != before for before, now in zip(["", *speakers], speakers, strict=False))


def reply_from(canned: Canned, wish: Wish) -> Reply:
    """A canned text or canned calls as a reply; stop sequences and limits hold for a text."""
    if not canned.calls:
        if not canned.pieces:
            return shaped(split(canned.text, wish.vocabulary), wish)
        reply = shaped(canned.pieces, replace(wish, limit=None))
        used = count(canned.text, wish.vocabulary)
        if wish.limit is None or used <= wish.limit:
            return replace(reply, used=used)
        return shaped(split(canned.text, wish.vocabulary), wish)  # a limit is in tokens: then pieces are too
    offered = {tool.name: tool for tool in wish.tools}
    calls = tuple(
        Call(offered.get(call.name, Tool(call.name, {})), call.arguments, split(call.arguments, wish.vocabulary))
        for call in canned.calls
    )
    used = sum(len(call.pieces) + count(call.tool.name, wish.vocabulary) for call in calls)
    return Reply((), calls, CALLS, used=used)


def problem_from(failure: Failure, provider: str) -> Invalid:
    """A canned error, with the provider's own words where it has none."""
    words = usual(provider, failure.status)
    return Invalid(
        failure.message or words.message,
        code=failure.code if failure.code is not None else words.code,
        status=failure.status,
        kind=failure.kind or words.kind,
    )
