"""What a loaded cassette remembers of its file, so that a save gives back what it did not understand.

The rule: ``Interaction.raw`` is a ``Loaded`` and ``Cassette.raw`` a ``Frame``; both are read-only mappings. A
``Loaded`` keeps the text of its list item where the file was cut into items (its tree is read again when somebody
looks), else its tree; and the very objects that were read from it, so that a writer can tell whether the interaction
is still the one in the file.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Literal

from tokentape.formats.jsontext import parse_json
from tokentape.formats.large import take_out
from tokentape.formats.lines import read_item
from tokentape.formats.tree import Misread
from tokentape.model import Interaction, Request, Response

Kind = Literal["yaml", "json"]


class Loaded(Mapping[str, Any]):
    """The tree of one interaction as its file has it. ``text`` is its list item, with the dash in column ``dash``; in
    JSON from bracket to bracket, the last of them in that column."""

    __slots__ = ("_duration", "_request", "_response", "_tree", "dash", "kind", "text")

    def __init__(self, kind: Kind, tree: Mapping[str, Any] | None, text: bytes = b"", dash: int = 0) -> None:
        self.kind = kind
        self.text = text
        self.dash = dash
        self._tree = tree
        self._request: Request | None = None
        self._response: Response | None = None
        self._duration = 0.0

    @property
    def tree(self) -> Mapping[str, Any]:
        """The tree; read from the text each time, as nobody needs it often."""
        return item_tree(self.text, self.dash) if self._tree is None else self._tree

    def stands_for(self, request: Request, response: Response, duration: float) -> None:
        """Remembers what was read from this tree."""
        self._request, self._response, self._duration = request, response, duration

    def tells(self, interaction: Interaction) -> bool:
        """Whether an interaction is what was read from this tree."""
        return (
            (interaction.request is self._request or interaction.request == self._request)
            and (interaction.response is self._response or interaction.response == self._response)
            and interaction.duration == self._duration
        )

    def __getitem__(self, key: str) -> Any:
        return self.tree[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tree)

    def __len__(self) -> int:
        return len(self.tree)


class Frame(Mapping[str, Any]):
    """The keys of a file's top level but ``version`` and ``interactions``, and how the file is built.

    ``head`` and ``tail`` are the text in front of the first item and behind the last, ``dash`` the column of the items'
    dashes (in JSON of their brackets), None where the file was not cut into items. ``foreign`` names the format of a
    file that is only read.
    """

    __slots__ = ("_keys", "dash", "foreign", "head", "kind", "tail")

    def __init__(
        self,
        kind: Kind,
        keys: Mapping[str, Any],
        *,
        head: bytes = b"",
        tail: bytes = b"",
        dash: int | None = None,
        foreign: str = "",
    ) -> None:
        self.kind = kind
        self._keys = keys
        self.head = head
        self.tail = tail
        self.dash = dash
        self.foreign = foreign

    def __getitem__(self, key: str) -> Any:
        return self._keys[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def item_tree(text: bytes, dash: int) -> dict[str, Any]:
    """The tree of one item, a list's in YAML, an object in JSON. Raises Misread for what is not exactly one mapping.

    The text of a large body is held as its UTF-8.
    """
    read = _read_json if text.startswith(b"{") else _read_yaml
    taken = take_out(text)
    if taken is not None:
        with suppress(Misread):  # the whole text tells what is wrong, and where
            small = read(taken.text, dash)
            if taken.put_back(small):
                return small
    return read(text, dash)


def _read_yaml(text: bytes, dash: int) -> dict[str, Any]:
    tree = read_item(text, dash)
    if tree is not None:
        return tree
    from tokentape.formats.yamltext import parse_yaml  # PyYAML, which what we wrote is read without

    items = parse_yaml(text)
    if not isinstance(items, list) or len(items) != 1:
        raise Misread("an interaction must be one item of a list", line=1)
    if not isinstance(items[0], dict):
        raise Misread("an interaction must be a mapping", line=1)
    return items[0]


def _read_json(text: bytes, _: int) -> dict[str, Any]:
    tree: dict[str, Any] = parse_json(text)  # of a text that begins with a bracket
    return tree
