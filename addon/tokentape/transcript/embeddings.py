"""Embeddings of OpenAI (and who speaks like it), and of Gemini.

Sources: the API reference of OpenAI, "Embeddings"; the Gemini API reference, "Embeddings".
"""

import base64

from tokentape.matching.canonical import Value
from tokentape.transcript.chat import inputs, usage_of
from tokentape.transcript.trees import Tree, listed, mapping, objects, rest, text
from tokentape.transcript.words import Media, Prompt, Reply, Text, Turn

_TOLD = ("model", "input", "content", "requests")
_BYTES_A_NUMBER = 4  # base64 holds 32-bit floats


def prompt(tree: Tree) -> Prompt:
    """A request for embeddings: a turn for each text; of tokens, only how many."""
    turns = [Turn("user", (one,)) for one in inputs(tree.get("input"))]
    for one in [tree, *objects(tree.get("requests"))]:
        parts = objects(mapping(one.get("content")).get("parts"))
        turns += [Turn("user", (Text(text(part.get("text"))),)) for part in parts]
    return Prompt("embeddings", text(tree.get("model")), tuple(turns), settings=rest(tree, _TOLD))


def reply(tree: Tree) -> Reply:
    """Embeddings: of each, how many numbers it has."""
    vectors: list[Value] = [one.get("embedding") for one in objects(tree.get("data"))]
    vectors += [one.get("values") for one in [mapping(tree.get("embedding")), *objects(tree.get("embeddings"))] if one]
    turns = tuple(Turn("assistant", (Media("embedding", _dimensions(vector)),)) for vector in vectors)
    return Reply("embeddings", text(tree.get("model")), turns, usage_of(tree))


def _dimensions(vector: Value) -> str:
    if isinstance(vector, str):
        try:
            return f"{len(base64.b64decode(vector)) // _BYTES_A_NUMBER:,} numbers"
        except ValueError:  # binascii.Error is one, and so is what letters beyond ASCII are
            return ""
    return f"{len(listed(vector)):,} numbers"
