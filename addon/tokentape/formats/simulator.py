"""Recordings of aoai-api-simulator, the later Azure OpenAI simulator: read, never written.

The rule: the file is VCR.py's tree with three additions: ``context_values`` (kept in ``raw``), ``duration_ms`` of a
response, and ``body_hash`` of a request, the MD5 of its body in hex. A body of more than 1,024 characters is not in
the file, only its hash: ``missing_body`` tells of it, as such a request can be known by nothing else. For multipart
bodies the simulator replaced the boundary by ``--AOAI-API-SIMULATOR-BOUNDARY`` before it took the hash.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tokentape.formats import notes, vcrpy
from tokentape.formats.loaded import Loaded
from tokentape.formats.reading import Fields
from tokentape.formats.tree import Misread
from tokentape.model import Interaction

NAME = "aoai-api-simulator"


def looks_like(tree: Mapping[str, Any]) -> bool:
    """Whether an item has one of the simulator's own keys."""
    request, response = tree.get("request"), tree.get("response")
    return (
        "context_values" in tree
        or (isinstance(request, Mapping) and "body_hash" in request)
        or (isinstance(response, Mapping) and "duration_ms" in response)
    )


def interaction_of(tree: Mapping[str, Any], fields: Fields) -> Interaction:
    """The interaction that an item tells of; its ``raw`` is the item less the response. Raises Misread with the keys
    of the place."""
    interaction = vcrpy.interaction_of(tree, fields)
    seconds = _milliseconds(tree["response"].get("duration_ms")) / 1000
    return replace(interaction, duration=seconds, raw={key: tree[key] for key in tree if key != "response"})


def missing_body(interaction: Interaction) -> str | None:
    """The MD5 in hex of a request body that the recording does not hold; None where it holds the body."""
    raw = interaction.raw
    if interaction.request.body or raw is None:
        return None
    if isinstance(raw, Loaded) and raw.text and b"body_hash" not in raw.text:
        return None  # asked of every recording, and its tree takes time and memory to read again
    request = raw.get("request")
    if not isinstance(request, Mapping):
        return None
    found = request.get("body_hash")
    return str(found) if isinstance(found, str) and request.get("body") is None else None


def _milliseconds(value: Any) -> float:
    if value is None:
        return 0.0
    whole = notes.number(value)
    try:
        return float(whole if whole is not None else str(value))
    except ValueError:
        raise Misread("`duration_ms` must be a number", keys=("response", "duration_ms")) from None
