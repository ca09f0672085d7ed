"""An interaction as a piece of the page: what was asked, what was answered, what it took."""

from collections.abc import Iterable

from tokentape import transcript
from tokentape.model import Interaction, Request, Response
from tokentape.page.markup import Markup, Piece, joined, tag
from tokentape.page.picture import timeline
from tokentape.reporting import telling
from tokentape.transcript import Media, Part, Reply, Text, ToolCall, ToolResult, Turn

_ROLES = {"system": "system", "developer": "system", "user": "user", "tool": "tool", "function": "tool"}


def asked(request: Request) -> Markup:
    """The request's side of the conversation; a body that is none as it is."""
    prompt = transcript.read_request(request)
    if prompt is None:
        return _plain(telling.request_lines(request))
    return joined((tag("p", telling.prompt_words(prompt), class_="note"), *(_turn(turn) for turn in prompt.turns)))


def answered(interaction: Interaction) -> Markup:
    """The answer's side, the tokens, and the picture of its stream."""
    request, response = interaction.request, interaction.response
    reply = transcript.read_response(request, response)
    if reply is None or not (reply.turns or reply.error):
        lines = list(telling.answer_lines(interaction))[1:]
        return joined((_plain(lines), timeline(interaction)))
    turns = (_turn(turn) for turn in reply.turns)
    return joined((*turns, _error(reply, response), _notes(reply), timeline(interaction)))


def _plain(lines: Iterable[telling.Line]) -> Markup:
    return tag("pre", "\n".join(map(str, lines)))


def _turn(turn: Turn) -> Markup:
    head = tag("span", turn.role + (f" ({turn.ended})" if turn.ended else ""), class_="role")
    return tag("div", head, *map(_part, turn.parts), class_=f"turn {_ROLES.get(turn.role, 'model')}")


def _part(part: Part) -> Markup:
    match part:
        case Text(words, kind):
            return tag("div", words, class_=f"words {kind}" if kind in ("reasoning", "refusal") else "words")
        case Media():
            return tag("div", str(part), class_="media")
        case ToolCall(name, arguments, call):
            return tag("div", tag("b", f"→ {name}"), tag("code", arguments), _id(call), class_="call")
        case ToolResult(parts, call, name, failed):
            head = tag("b", f"← {name}".rstrip() + (" failed" if failed else ""))
            return tag("div", head, _id(call), *map(_part, parts), class_="call")


def _id(call: str) -> Piece:
    return tag("span", call, class_="note") if call else None


def _error(reply: Reply, response: Response) -> Piece:
    broken = "the stream broke off" if response.truncated else ""
    told = "; ".join(word for word in (reply.error, broken) if word)
    return tag("p", f"error: {told}", class_="error") if told else None


def _notes(reply: Reply) -> Piece:
    events = f"{reply.events:,} events" if reply.events else ""
    unread = f"{reply.unread:,} of them make no sense" if reply.unread else ""
    usage = telling.usage_words(reply.usage) if reply.usage is not None else ""
    told = " · ".join(word for word in (usage, events, unread) if word)
    return tag("p", told, class_="note") if told else None
