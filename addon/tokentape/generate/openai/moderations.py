"""OpenAI's ``moderations``: what a classifier would say of a text, so that both ways of a program can be tried.

The rule: a text is flagged when it has one of a few telling words; all else is a small number that follows from it.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from tokentape.generate import fields
from tokentape.generate.catalogue import MODERATION, model_of
from tokentape.generate.generated import Generated, Usage
from tokentape.generate.material.dice import Dice, digest
from tokentape.generate.problems import Invalid
from tokentape.generate.shapes import quoted
from tokentape.generate.stage import Stage

_DEFAULT_MODEL = "omni-moderation-latest"
_OLD = (
    *("sexual", "sexual/minors", "harassment", "harassment/threatening", "hate", "hate/threatening"),
    *("self-harm", "self-harm/intent", "self-harm/instructions", "violence", "violence/graphic"),
)
_NEW = (*_OLD, "illicit", "illicit/violent")
_SEEN = frozenset({"sexual", "self-harm", "self-harm/intent", "self-harm/instructions", "violence", "violence/graphic"})

# The word that a sentence of a test has in it.
_TELLING: Mapping[str, re.Pattern[str]] = {
    "violence": re.compile(r"(?i)\b(?:kill|murder|stab|shoot|bomb)\w*"),
    "self-harm": re.compile(r"(?i)\b(?:suicid|self-harm|hurt myself|kill myself)\w*"),
    "self-harm/intent": re.compile(r"(?i)\b(?:hurt|kill) myself\b"),
    "harassment": re.compile(r"(?i)\b(?:idiot|stupid|worthless)\b"),
    "harassment/threatening": re.compile(r"(?i)\b(?:kill|hurt) you\b"),
    "hate": re.compile(r"(?i)\b(?:subhuman|vermin)\b"),
    "sexual": re.compile(r"(?i)\b(?:porn|nude)\w*"),
    "illicit": re.compile(r"(?i)\b(?:shoplift|counterfeit|steal)\w*"),
    "illicit/violent": re.compile(r"(?i)\bbuild a bomb\b"),
}


def answer(stage: Stage) -> Generated:
    """The answer to a moderation request. Raises Invalid."""
    name = fields.text(stage.tree, "model") or _DEFAULT_MODEL
    row = model_of(name)
    if MODERATION not in row.can:
        raise Invalid(f"Invalid value for 'model' = {name}.", "model")
    kinds = _OLD if name.startswith("text-") else _NEW
    results = ",".join(json.dumps(_result(text, kinds, images=images)) for text, images in _inputs(stage.tree))
    text = f'{{"id":"modr-{stage.dice.name(29)}","model":{quoted(name)},"results":[{results}]}}'
    return stage.json(text, Usage())


def _inputs(tree: fields.Tree) -> list[tuple[str, bool]]:
    """Each text, and whether there is an image with it. Raises Invalid."""
    value = tree.get("input")
    if value is None:
        raise fields.missing("input")
    if isinstance(value, str):
        return [(value, False)]
    listed = fields.array(tree, "input", of="one of a string or array of strings") or []
    if all(isinstance(item, str) for item in listed):
        return [(item, False) for item in listed]
    return [_parts(listed)]


def _parts(listed: list[Any]) -> tuple[str, bool]:
    texts, images = [], False
    for index, item in enumerate(listed):
        path = f"input[{index}]"
        part = fields.required_mapping(item, path)
        kind = fields.required_text(part, "type", f"{path}.type")
        if kind not in ("text", "image_url"):
            raise fields.unsupported_value(f"{path}.type", kind, ("text", "image_url"))
        if kind == "text":
            texts.append(fields.required_text(part, "text", f"{path}.text"))
        images = images or kind == "image_url"
    return "\n".join(texts), images


def _result(text: str, kinds: tuple[str, ...], *, images: bool) -> dict[str, Any]:
    dice = Dice(digest(text.encode("utf-8", "surrogatepass")))
    scores = {kind: round(dice.share() ** 6 * 0.02 + 1e-6, 8) for kind in kinds}
    for kind in kinds:
        if kind in _TELLING and _TELLING[kind].search(text):
            scores[kind] = round(0.72 + 0.27 * dice.share(), 8)
    flags = {kind: score > 0.5 for kind, score in scores.items()}
    result: dict[str, Any] = {"flagged": any(flags.values()), "categories": flags, "category_scores": scores}
    if kinds is _NEW:
        both = ["text", "image"] if images else ["text"]
        result["category_applied_input_types"] = {kind: both if kind in _SEEN else ["text"] for kind in kinds}
    return result
