"""OpenAI's ``images``: generations, edits and variations.

The rule: pictures are PNG whatever format was asked for, and the answer says so. A picture behind a URL is served at
``/v1/images/files/`` (Azure's: ``/openai/v1/images/files/``) of the host that was asked, by the same generator.
"""

import base64
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from tokentape.generate import fields
from tokentape.generate.catalogue import IMAGE, model_of
from tokentape.generate.generated import Generated, Usage
from tokentape.generate.material import pictures
from tokentape.generate.material.dice import Dice, digest
from tokentape.generate.material.tokens import count
from tokentape.generate.openai import forms
from tokentape.generate.openai.chat import not_for
from tokentape.generate.problems import Invalid
from tokentape.generate.stage import Stage

_SIZES = {
    "dall-e-2": ("256x256", "512x512", "1024x1024"),
    "dall-e-3": ("1024x1024", "1024x1792", "1792x1024"),
    "": ("auto", "1024x1024", "1024x1536", "1536x1024", "256x256", "512x512", "1024x1792", "1792x1024"),
}
_LONGEST_PROMPT = {"dall-e-2": 1000, "dall-e-3": 4000}
_LONGEST = 32_000
_MOST = 10
# OpenAI's guide "Image generation": tokens of a picture of medium quality, 1024 by 1024.
_TOKENS = 1056


def generated(stage: Stage) -> Generated:
    """Pictures for a prompt. Raises Invalid."""
    return _answer(stage, stage.tree, "dall-e-2", fields.required_text(stage.tree, "prompt"))


def edited(stage: Stage) -> Generated:
    """Pictures for a picture and a prompt. Raises Invalid."""
    form = forms.form_of(stage.request)
    _check_pictures(form, ("image", "image[]"))
    return _answer(stage, form.values, "gpt-image-1", fields.required_text(form.values, "prompt"))


def varied(stage: Stage) -> Generated:
    """Pictures for a picture. Raises Invalid."""
    form = forms.form_of(stage.request)
    _check_pictures(form, ("image",))
    return _answer(stage, form.values, "dall-e-2", "")


def shown(stage: Stage) -> Generated:
    """The file behind a URL that an answer named. Raises Invalid."""
    name, _, form = stage.route.item.partition(".")
    size = name.rpartition("-")[2]
    if form != "png" or size not in _SIZES[""]:
        raise Invalid("Not found", status=404)
    return stage.whole(_picture(name, size), (("content-type", "image/png"),), Usage())


def _check_pictures(form: forms.Form, names: tuple[str, ...]) -> None:
    files = [file for name in names for file in form.files.get(name, ())]
    if not files:
        raise fields.missing("image")
    for file in files:
        if not file.content:
            raise Invalid("Invalid image file or mode for image 1, please check your image file.", "image")


def _answer(stage: Stage, tree: fields.Tree, usual: str, prompt: str) -> Generated:
    name = stage.model_behind(stage.route.deployment or fields.text(tree, "model") or usual)
    row = model_of(name)
    if IMAGE not in row.can:
        raise (
            not_for("imageGenerations", stage)
            if stage.is_azure
            else fields.unsupported_value("model", name, ("gpt-image-1", "dall-e-3", "dall-e-2"))
        )
    family = name if name in _SIZES else ""
    size = _size(tree, family)
    number = fields.integer(tree, "n", 1, 1 if family == "dall-e-3" else _MOST) or 1
    _check_prompt(prompt, family)
    linked = family != "" and fields.choice(tree, "response_format", ("url", "b64_json")) != "b64_json"
    names = [f"img-{stage.dice.name(24, f'image{index}')}-{size}" for index in range(number)]
    data = [_link(stage, one) if linked else {"b64_json": _encoded(one, size)} for one in names]
    if family == "dall-e-3":
        data = [{**one, "revised_prompt": f"{prompt.rstrip('.')}, in soft light and clear colours."} for one in data]
    used = Usage(count(prompt), 0 if family else _TOKENS * number)
    body = {"created": stage.created, "data": data, **({} if family else _details(tree, size, used))}
    if not family and fields.flag(tree, "stream"):
        return stage.stream(_events(stage, data, tree, size, used), used)
    return stage.json(json.dumps(body, ensure_ascii=False, separators=(",", ":")), used)


def _size(tree: fields.Tree, family: str) -> str:
    size = fields.choice(tree, "size", _SIZES[family])
    return "1024x1024" if size in (None, "auto") else str(size)


def _check_prompt(prompt: str, family: str) -> None:
    longest = _LONGEST_PROMPT.get(family, _LONGEST)
    if len(prompt) > longest:
        said = f"Expected a string with maximum length {longest}, but got a string with length {len(prompt)} instead."
        raise Invalid(f"Invalid 'prompt': string too long. {said}", "prompt", "string_above_max_length")


def _link(stage: Stage, name: str) -> Mapping[str, str]:
    asked = urlsplit(stage.request.url)
    base = "/openai/v1" if stage.is_azure else "/v1"
    return {"url": f"{asked.scheme}://{asked.netloc}{base}/images/files/{name}.png"}


def _picture(name: str, size: str) -> bytes:
    width, _, height = size.partition("x")
    return pictures.png(Dice(digest(name.encode("utf-8", "surrogatepass"))), int(width), int(height))


@lru_cache(maxsize=64)
def _encoded(name: str, size: str) -> str:
    return base64.b64encode(_picture(name, size)).decode("ascii")


def _details(tree: fields.Tree, size: str, used: Usage) -> dict[str, Any]:
    """What the newer models say of a picture."""
    background, quality = tree.get("background"), tree.get("quality")
    return {
        "background": background if background in ("transparent", "opaque") else "opaque",
        "output_format": "png",
        "quality": quality if quality in ("low", "medium", "high") else "medium",
        "size": size,
        "usage": {
            "input_tokens": used.prompt,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": used.prompt},
            "output_tokens": used.completion,
            "total_tokens": used.total,
        },
    }


def _events(stage: Stage, data: list[Mapping[str, str]], tree: fields.Tree, size: str, used: Usage) -> list[str]:
    """The last picture as it comes about, and whole."""
    kind = "image_edit" if stage.route.operation == "image_edits" else "image_generation"
    details = _details(tree, size, used)
    usage = details.pop("usage")
    shared = {"b64_json": data[-1]["b64_json"], "created_at": stage.created, **details}
    partial = fields.integer(tree, "partial_images", 0, 3) or 0
    bodies = [{"type": f"{kind}.partial_image", **shared, "partial_image_index": at} for at in range(partial)]
    bodies.append({"type": f"{kind}.completed", **shared, "usage": usage})
    return [f"event: {body['type']}\ndata: {json.dumps(body, separators=(',', ':'))}\n\n" for body in bodies]
