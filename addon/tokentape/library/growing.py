"""A cassette's file with more in it: longer at its end where that will do, else written anew.

The rule: what stands in the file and is not replaced keeps its bytes.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from tokentape import formats
from tokentape.deck.marks import without_marked
from tokentape.deck.shelf import Shelved
from tokentape.library.listing import kind_of
from tokentape.model import Cassette, Interaction


def longer(shelved: Shelved, before: bytes, added: Sequence[Interaction]) -> formats.Draft | None:
    """The file with more at its end, if its end is where the shelf says it is."""
    if not shelved.spans:
        return None
    start, length = shelved.spans[-1]
    last = formats.load_item(before[start : start + length], shelved.path)
    return formats.append_items(before, last, shelved.count, added)


def anew(path: Path, before: bytes, added: Sequence[Interaction], replaces: Sequence[str]) -> formats.Draft:
    """The whole file anew, less what is replaced; unknown keys as they stand there."""
    cassette = formats.load(before, os.fspath(path)) if before else Cassette()
    kept = without_marked(cassette.interactions, replaces)
    if kept is cassette.interactions and before:
        return formats.Draft([formats.append(before, cassette, added, kind_of(path))])
    return formats.draft(Cassette((*kept, *added), cassette.raw), kind_of(path))
