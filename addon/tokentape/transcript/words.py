"""The words of a conversation, whatever API it was held with: turns made of parts, tools, usage.

The rule: every text is as the wire has it, and so is nobody's to trust. Whoever shows one makes it harmless first, a
terminal with ``showing``, a page by escaping. Counts are of tokens; None is what was not said.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """Words. ``kind`` is ``text``, ``reasoning`` (what a model thinks before it answers) or ``refusal``."""

    text: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Media:
    """What is no text. ``kind`` is as ``image``; ``what`` is as ``image/png, 1,024 bytes``, a URL or empty."""

    kind: str
    what: str = ""

    def __str__(self) -> str:
        """``[image: image/png, 1,024 bytes]``."""
        return f"[{self.kind}{': ' if self.what else ''}{self.what}]"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model asks for. ``arguments`` is JSON as it came, which may be broken."""

    name: str
    arguments: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered to the call ``id``. ``name`` is empty where only the call says it."""

    parts: tuple[Text | Media, ...]
    id: str = ""
    name: str = ""
    failed: bool = False


type Part = Text | Media | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side says at a time. ``ended`` is why the model stopped, in the API's word, for a turn of its own."""

    role: str
    parts: tuple[Part, ...] = ()
    ended: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the model is offered."""

    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens. ``cached`` are part of ``prompt``, ``reasoning`` of ``completion``, as the APIs count them."""

    prompt: int | None = None
    completion: int | None = None
    total: int | None = None
    cached: int | None = None
    reasoning: int | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request for a model. ``api`` is a name of ``reading.APIS``; ``settings`` are the other members of the body,
    each with its value as short JSON, safe to show."""

    api: str
    model: str = ""
    turns: tuple[Turn, ...] = ()
    tools: tuple[Tool, ...] = ()
    stream: bool = False
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer: a turn for each choice. ``error`` is what the API complained of, also in mid-stream.

    ``events`` is how many a stream had, 0 for an answer that was none; ``unread`` counts those that made no sense.
    """

    api: str
    model: str = ""
    turns: tuple[Turn, ...] = ()
    usage: Usage | None = None
    error: str = ""
    events: int = 0
    unread: int = 0
