"""What a shell completes: the names of cassettes. Click does the rest, by its own scripts.

The rule: a shell that asks gets an answer or nothing, at once and in silence; nothing is loaded but names.
"""

from collections.abc import Callable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _cassettes(context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """The cassettes that begin with what is typed."""
    from tokentape.cli.options import read_settings
    from tokentape.errors import TokentapeError
    from tokentape.library import listing

    try:
        library = Path(read_settings({"library": context.params.get("library")}).library)
        return [CompletionItem(name) for name, _ in listing.cassettes(library) if name.startswith(typed)]
    except TokentapeError:
        return []  # a shell has no place for an error; the command itself says it


CASSETTE: Complete = _cassettes
