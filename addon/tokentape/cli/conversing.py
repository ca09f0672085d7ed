"""``show``: recordings as a person reads them. The conversation by default, the exchange as it is with ``--raw``."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from tokentape import transcript
from tokentape.cli import targets
from tokentape.cli.paint import print_lines
from tokentape.matching.showing import safe_lines
from tokentape.model import Headers, Interaction
from tokentape.reporting.telling import Line, lines


def show(words: Sequence[str], library: Path, *, raw: bool, as_json: bool) -> int:
    """Show what the words name; the exit code. Raises TokentapeError."""
    found = [
        (f"{target.name}#{position}", interaction)
        for target in [targets.find(word, library) for word in words]
        for position, interaction in target.interactions()
    ]
    if as_json:
        click.echo(json.dumps([tree_of(place, interaction) for place, interaction in found], indent=2))
        return 0
    for number, (place, interaction) in enumerate(found):
        if raw:
            print_raw(interaction)
        else:
            print_lines([*([Line("")] if number else []), *lines(place, interaction)])
    return 0


def tree_of(place: str, interaction: Interaction) -> dict[str, object]:
    """An interaction as plain data."""
    request, response = interaction.request, interaction.response
    prompt, reply = transcript.read_request(request), transcript.read_response(request, response)
    return {
        "interaction": place,
        "method": request.method,
        "url": request.url,
        "prompt": transcript.plain(prompt) if prompt is not None else None,
        "status": response.status,
        "seconds": interaction.took,
        "reply": transcript.plain(reply) if reply is not None else None,
    }


# --- as it is


def print_raw(interaction: Interaction) -> None:
    """Heads and bodies as recorded; on a terminal each line made safe."""
    request, response = interaction.request, interaction.response
    asked = _head(f"{request.method} {request.url} {request.proto}", request.headers) + request.body
    status = f"{response.proto} {response.status} {response.reason}".rstrip()
    said = _head(status, response.headers) + response.body
    for message in (asked, said):
        if sys.stdout.isatty():
            for line in safe_lines(message.decode("utf-8", "backslashreplace")):
                print(line)
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(message + (b"" if message.endswith(b"\n") else b"\n") + b"\n")
            sys.stdout.buffer.flush()


def _head(first: str, headers: Headers) -> bytes:
    rows = [first, *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\n".join(rows).encode("utf-8", "surrogateescape")
