"""Recordings made for measuring: libraries in our own format, and mitmproxy's flows with the same content.

The rule: what is written is what our writer writes. One interaction is dumped with a marker in it, and its text is
repeated with other words in the marker's place: 100,000 recordings take two seconds and not a minute.
"""

import json
from pathlib import Path

from mitmproxy import http, io
from mitmproxy.test import tflow

from bench import work
from tokentape import formats
from tokentape.model import Cassette, Headers, Interaction, Request, Response

CASSETTE = "bench"
_FIRST = "    - id: 0\n"
_PIECE = 2000  # recordings held in memory at a time


def one_file(library: Path, count: int, *, brief: bool = False, takes: int = 1) -> Path:
    """A library with ``count`` recordings in the cassette ``bench``, each so many times in a row; ``brief`` makes their
    answers short."""
    library.mkdir(parents=True)
    head, item = _template(brief)
    with (library / f"{CASSETTE}.yaml").open("w", encoding="utf-8") as file:
        file.write(head)
        for first in range(0, count * takes, _PIECE):
            piece = range(first, min(first + _PIECE, count * takes))
            file.write("".join(_item(item, number, number // takes) for number in piece))
    return library


def many_files(library: Path, count: int, *, brief: bool = False) -> Path:
    """A library with ``count`` cassettes of one recording, a hundred in a folder."""
    head, item = _template(brief)
    for number in range(count):
        folder = library / f"part-{number // 100:04d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"chat-{number:06d}.yaml").write_text(head + _item(item, 0, number), encoding="utf-8")
    return library


def flows(path: Path, count: int, scheme: str = "https") -> Path:
    """A file for mitmproxy's ``--server-replay`` with ``count`` flows."""
    with path.open("wb") as file:
        writer = io.FlowWriter(file)
        for ask in work.asks(count, count):
            writer.add(_flow(ask, scheme))
    return path


def _template(brief: bool) -> tuple[str, str]:
    """The head of a cassette file, and the first of its interactions with the marker for words."""
    text = formats.dump(Cassette((_interaction(work.MARKER, brief),)), "yaml").decode()
    head, first, rest = text.partition(_FIRST)
    if not first or rest.count(work.MARKER) != 2 or "x_tokentape" in rest:
        raise SystemExit("error: cassettes are written differently now; mend scripts/lib/bench/recordings.py")
    return head, first + rest


def _interaction(text: str, brief: bool) -> Interaction:
    # Indented as the file shows it, so that no note on the layout (with a digest) is needed.
    question = json.dumps(work.question(text), indent=2).encode()
    request = Request("POST", f"https://{work.HOST}{work.PATH}", (("Content-Type", "application/json"),), question)
    return Interaction(request, Response(200, "OK", work.ANSWER_HEADERS, work.answer_body(text, brief=brief)), 0.5)


def _item(item: str, position: int, number: int) -> str:
    """The interaction about a number, at a position in its file."""
    return item.replace("- id: 0", f"- id: {position}", 1).replace(work.MARKER, work.words(number))


def _flow(ask: work.Ask, scheme: str) -> http.HTTPFlow:
    flow = tflow.tflow(resp=True)
    url = f"{scheme}://{work.HOST}{work.PATH}"
    flow.request = http.Request.make("POST", url, ask.body, _fields(work.REQUEST_HEADERS))
    flow.response = http.Response.make(200, ask.expected or b"", _fields(work.ANSWER_HEADERS))
    return flow


def _fields(headers: Headers) -> http.Headers:
    return http.Headers([(name.encode(), value.encode()) for name, value in headers])
