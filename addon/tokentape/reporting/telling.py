"""A recording as a person reads it: who says what, which tools are asked for, what the answer is and what it took.

The rule: pure, and safe for any terminal and page: each line is one line, without control characters or letters that
nobody sees, and of a long text a part is shown. What an API does not say in words is shown as the body it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tokentape import transcript
from tokentape.formats.body import readable
from tokentape.matching.showing import milliseconds, printable, safe_lines, shortened, size
from tokentape.model import Headers, Interaction, Request, Response, header
from tokentape.transcript import Media, Part, Prompt, Reply, Text, ToolCall, ToolResult, Turn, Usage

# Of one text so much is shown; the raw form shows all.
_LONGEST = 20_000
_LONGEST_URL = 300
_STEP = 2
_STYLES = {"system": "magenta", "developer": "magenta", "user": "cyan", "tool": "yellow", "function": "yellow"}
_ANSWER = "green"
_KINDS = {"text": "", "reasoning": "dim italic", "refusal": "red"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line, safe to show: so many columns in, in a style of rich's (``bold``, ``dim``, ``red``)."""

    text: str
    style: str = ""
    indent: int = 0

    def __str__(self) -> str:
        return f"{' ' * self.indent}{self.text}".rstrip()


def lines(place: str, interaction: Interaction) -> Iterator[Line]:
    """An interaction, line by line: who says what, what tools are asked for, what the answer is, and what it took."""
    request = interaction.request
    yield Line(f"{printable(place)}  {printable(request.method)} {_cut(request.url, _LONGEST_URL)}", "bold")
    yield from request_lines(request)
    yield from answer_lines(interaction)


def request_lines(request: Request) -> Iterator[Line]:
    """What is asked, without the line that says of whom."""
    prompt = transcript.read_request(request)
    if prompt is None:
        yield from _body(request.body, request.headers)
    else:
        yield Line(prompt_words(prompt), "dim")
        for turn in prompt.turns:
            yield from _turn(turn, _STYLES.get(turn.role, _ANSWER))


def answer_lines(interaction: Interaction) -> Iterator[Line]:
    """The answer alone."""
    response = interaction.response
    style = "bold" if response.status < 400 else "bold red"
    yield Line(f"── {_status(response)}, {milliseconds(interaction.took)}", style)
    reply = transcript.read_response(interaction.request, response)
    if reply is None or not (reply.turns or reply.error):
        yield from _body(response.body, response.headers)
        return
    for turn in reply.turns:
        yield from _turn(turn, _ANSWER)
    yield from _notes(reply, response)


def prompt_words(prompt: Prompt) -> str:
    """Which API is asked for which model, and how: a line, safe to show."""
    said = [prompt.api, prompt.model, "stream" if prompt.stream else ""]
    said += [f"{key} {value}" for key, value in prompt.settings]
    if prompt.tools:
        said.append(f"tools: {', '.join(tool.name for tool in prompt.tools)}")
    return _cut(" · ".join(word for word in said if word), _LONGEST)


def _turn(turn: Turn, style: str) -> Iterator[Line]:
    ended = f" ({turn.ended})" if turn.ended else ""
    yield Line(printable(f"{turn.role}{ended}"), f"bold {style}")
    for part in turn.parts:
        yield from _part(part, _STEP)


def _part(part: Part, indent: int) -> Iterator[Line]:
    match part:
        case Text(text, kind):
            yield from _text(text, indent, _KINDS.get(kind, ""), f"[{kind}] " if kind != "text" else "")
        case Media():
            yield Line(_cut(str(part), _LONGEST_URL), "blue", indent)
        case ToolCall(name, arguments, call):
            yield from _text(f"{name}({arguments})", indent, "yellow", "→ ", f"  {call}" if call else "")
        case ToolResult(parts, call, name, failed):
            who = ", ".join(word for word in (name, call, "failed" if failed else "") if word)
            yield Line(f"← {_cut(who, _LONGEST_URL)}".rstrip(), "red" if failed else "yellow", indent)
            for inner in parts:
                yield from _part(inner, indent + _STEP)


def _text(text: str, indent: int, style: str = "", before: str = "", after: str = "") -> Iterator[Line]:
    kept, left = shortened(text, _LONGEST)
    first, *more = safe_lines(kept)
    last = printable(after)
    yield Line(printable(before) + first + (last if not more else ""), style, indent)
    for number, line in enumerate(more, 1):
        yield Line(line + (last if number == len(more) else ""), style, indent)
    if left:
        yield Line(f"… {left:,} more characters; raw shows all", "dim", indent)


def _notes(reply: Reply, response: Response) -> Iterator[Line]:
    if reply.error:
        yield from _text(reply.error, 0, "red", "error: ")
    if reply.unread:
        yield Line(f"{reply.unread} of {reply.events} events make no sense", "red")
    said = usage_words(reply.usage) if reply.usage is not None else ""
    model = f"answered by {reply.model}" if reply.model else ""
    events = f"{reply.events} events" if reply.events else ""
    broken = "broken off" if response.truncated else ""
    if told := ", ".join(word for word in (said, events, broken, model) if word):
        yield Line(_cut(told, _LONGEST_URL), "dim")


def usage_words(usage: Usage) -> str:
    """What an answer took."""
    counts = (
        (usage.prompt, f" prompt tokens{_within(usage.cached, 'cached')}"),
        (usage.completion, f" completion tokens{_within(usage.reasoning, 'reasoning')}"),
    )
    return ", ".join(f"{count:,}{what}" for count, what in counts if count is not None)


def _within(count: int | None, what: str) -> str:
    return f" ({count:,} {what})" if count else ""


def _status(response: Response) -> str:
    return printable(f"{response.status} {response.reason[:80]}".rstrip())


def _cut(text: str, most: int) -> str:
    kept, left = shortened(text, most)
    return f"{printable(kept)}{'…' if left else ''}"


# --- bodies that are no conversation


def _body(body: bytes, headers: Headers) -> Iterator[Line]:
    kind = header(headers, "content-type") or ""
    if not body:
        yield Line("no body", "dim", _STEP)
        return
    text = readable(body, kind).text
    if isinstance(text, bytes):
        yield Line(f"[{size(len(body))}{f' of {_cut(kind, _LONGEST_URL)}' if kind else ''}]", "blue", _STEP)
    else:
        yield from _text(str(text).rstrip("\n"), _STEP)
