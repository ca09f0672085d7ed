"""What is said in recordings: requests and answers as conversations, whatever API they were held with.

The rule: pure, and never an error. ``words`` has the data; ``reading`` finds the API and reads; ``chat``,
``responses``, ``messages``, ``gemini``, ``converse`` and ``embeddings`` know one API each; ``events`` and ``joining``
put streams together; ``plain`` makes plain data of it; ``trees`` looks into JSON that may be anything.
"""

from tokentape.transcript.plain import plain
from tokentape.transcript.reading import APIS, api_of, read_request, read_response, stream_of, whole_answer
from tokentape.transcript.words import Media, Part, Prompt, Reply, Text, Tool, ToolCall, ToolResult, Turn, Usage

__all__ = [
    "APIS",
    "Media",
    "Part",
    "Prompt",
    "Reply",
    "Text",
    "Tool",
    "ToolCall",
    "ToolResult",
    "Turn",
    "Usage",
    "api_of",
    "plain",
    "read_request",
    "read_response",
    "stream_of",
    "whole_answer",
]
