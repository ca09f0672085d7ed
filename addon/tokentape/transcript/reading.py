"""Read what is said in a request and its answer: the provider's own words into those of ``words``.

The rule: pure, and never an error, whatever a body holds; None for what is no conversation with a model. An answer that
came as a stream is joined into the tree of a whole one first, so that an API is read in one place.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from tokentape.errors import BadBody
from tokentape.matching.canonical import Value
from tokentape.matching.content import JsonBody, content_of
from tokentape.model import Request, Response, header
from tokentape.transcript import chat, converse, embeddings, gemini, messages, responses
from tokentape.transcript.events import Events, events_of, parsed
from tokentape.transcript.trees import Tree, json_text, mapping, objects, text
from tokentape.transcript.words import Prompt, Reply
from tokentape.wire import framing


@dataclass(frozen=True, slots=True)
class Api:
    """A way to talk to a model: the paths it has, and how its bodies are read. ``join`` makes the tree of a whole
    answer out of the (name, tree) of a stream's events."""

    name: str
    path: re.Pattern[str]
    prompt: Callable[[Tree], Prompt]
    reply: Callable[[Tree], Reply]
    join: Callable[[Sequence[tuple[str, Tree]]], Tree] | None = None


def _api(
    name: str,
    path: str,
    prompt: Callable[[Tree], Prompt],
    reply: Callable[[Tree], Reply],
    join: Callable[[Sequence[tuple[str, Tree]]], Tree] | None = None,
) -> Api:
    return Api(name, re.compile(path, re.ASCII), prompt, reply, join)


# By the end of the path, which is the same for every host that speaks an API; the first that fits.
APIS: tuple[Api, ...] = (
    _api("chat", r".*/chat/completions", chat.prompt, chat.reply, chat.join),
    _api("completions", r".*/completions", chat.completion_prompt, chat.completion_reply, chat.join),
    _api("responses", r".*/responses", responses.prompt, responses.reply, responses.join),
    _api("messages", r".*/messages(?:/count_tokens)?", messages.prompt, messages.reply, messages.join),
    _api("messages", r".*:(?:rawPredict|streamRawPredict)", messages.prompt, messages.reply, messages.join),
    _api("messages", r".*/invoke(?:-with-response-stream)?", messages.prompt, messages.reply, messages.join),
    _api("converse", r".*/converse(?:-stream)?", converse.prompt, converse.reply, converse.join),
    _api("gemini", r".*:(?:generateContent|streamGenerateContent)", gemini.prompt, gemini.reply, gemini.join),
    _api("embeddings", r".*(?:/embeddings|:embedContent|:batchEmbedContents)", embeddings.prompt, embeddings.reply),
)

# Where the path names the model: Azure's deployments, Gemini and Vertex, Bedrock.
_MODEL_IN_PATH = re.compile(r"/(?:deployments|models|model)/([^/:]+(?::[0-9]+)?)")
_STREAMS = ("converse-stream", "invoke-with-response-stream", "streamGenerateContent", "streamRawPredict")


def api_of(request: Request) -> Api | None:
    """The API that a request speaks, by its path."""
    path = _path(request)
    return next((api for api in APIS if api.path.fullmatch(path)), None)


def read_request(request: Request) -> Prompt | None:
    """What a request says to a model; None for one that says nothing to any."""
    api, tree = api_of(request), _body_of(request)
    if api is None or not isinstance(tree, dict):
        return None
    path = _path(request)
    prompt = api.prompt(tree)
    named = _MODEL_IN_PATH.search(path)
    model = prompt.model or (unquote(named[1]) if named else "")
    return replace(prompt, model=model, stream=prompt.stream or path.endswith(_STREAMS))


def read_response(request: Request, response: Response) -> Reply | None:
    """What a model answers to a request; None for an answer that is none of a model's."""
    api = api_of(request)
    if api is None:
        return None
    events = stream_of(response)
    if events is None:
        tree = parsed(response.body)
        whole = mapping(tree[0] if isinstance(tree, list) and tree else tree)
        if not whole:
            return None
    else:
        whole = api.join(events.read) if api.join is not None else {}
    read = api.reply(whole)
    error = read.error or error_of(whole, response.status) or _error_within(events)
    if events is None:
        return replace(read, error=error)
    return replace(read, error=error, events=events.count, unread=events.unread)


def whole_answer(request: Request, response: Response) -> Value:
    """The JSON of an answer; of a stream, the one that its events make together. None where there is none."""
    events, api = stream_of(response), api_of(request)
    if events is None:
        return parsed(response.body)
    return api.join(events.read) if api is not None and api.join is not None else None


def stream_of(response: Response) -> Events | None:
    """The events of an answer that came as a stream (Gemini without ``alt=sse`` sends a list); None for another."""
    content_type = header(response.headers, "content-type") or ""
    if framing.is_stream(content_type):
        return events_of(response.body, content_type)
    tree = parsed(response.body) if response.body.lstrip()[:1] == b"[" else None
    pieces = objects(tree)
    if not any("candidates" in piece for piece in pieces):
        return None
    return Events([("", piece) for piece in pieces], len(pieces))


def error_of(tree: Tree, status: int) -> str:
    """What an API complains of, in its words; ``""`` where it does not."""
    found = tree.get("error")
    if found is None and status >= 400:
        found = tree
    if isinstance(found, str):
        return found
    error = mapping(found)
    said = text(error.get("message")) or text(error.get("Message"))
    kind = text(error.get("type")) or text(error.get("status"))
    code = text(error.get("code"))
    marks = ", ".join(dict.fromkeys(word for word in (kind, code) if word))
    if not said:
        return json_text(found) if error else ""
    return f"{said} ({marks})" if marks else said


def _error_within(events: Events | None) -> str:
    """An error that came in the middle of a stream, where joining has no place for it."""
    trees = (tree for _, tree in events.read if tree.get("error")) if events is not None else iter(())
    return next((error_of(tree, 0) for tree in trees), "")


def _path(request: Request) -> str:
    try:
        return urlsplit(request.url).path
    except ValueError:
        return ""


def _body_of(request: Request) -> Value:
    try:
        content = content_of(request.body, request.headers)
    except BadBody:
        return None
    return content.tree if isinstance(content, JsonBody) else None
