"""The recipes of addon/docs/recipes.md: the files that stand in each, as they stand there."""

import re
from pathlib import Path

from running import ADDON

PAGE = ADDON / "docs" / "recipes.md"
_FILE = re.compile(r"^`([^`\n]+)`:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)


def files_of(recipe: str) -> dict[str, str]:
    """The files below a heading, by their path."""
    section = PAGE.read_text().split(f"\n## {recipe}\n", 1)[1].split("\n## ", 1)[0]
    return dict(_FILE.findall(section))


def write(recipe: str, place: Path) -> Path:
    """Write a recipe's files into a folder; the folder."""
    for name, text in files_of(recipe).items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return place
