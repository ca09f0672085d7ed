"""Cassettes for tests in Python: ``Cassette.load(path)``, what was asked and what was answered.

The rule: for looking only, with Python and PyYAML and nothing else; to write a cassette is the proxy's part.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tokentape import formats, model
from tokentape.errors import LibraryTrouble


@dataclass(frozen=True, slots=True)
class Cassette(model.Cassette):
    """A cassette as it stands in a file: its ``interactions`` in order, each a ``request`` and a ``response`` with
    ``headers`` (pairs) and ``body`` (bytes, decoded). All formats that replay can be loaded."""

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """The cassette in a file. Raises LibraryTrouble where it can't be opened, DamagedCassette where it can't be
        read."""
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise LibraryTrouble(f"can't read {os.fspath(path)}: {error.strerror}", "tokentape ls") from error
        found = formats.load(data, os.fspath(path))
        return cls(found.interactions, found.raw)

    @property
    def requests(self) -> tuple[model.Request, ...]:
        """What was asked, in order."""
        return tuple(interaction.request for interaction in self.interactions)

    def __len__(self) -> int:
        """How many interactions it holds."""
        return len(self.interactions)
