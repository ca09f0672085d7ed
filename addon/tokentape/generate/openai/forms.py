"""Requests in the form of ``multipart/form-data``: their values by name, and their files.

The rule: a value is read as what it looks like where a number or a boolean is meant, so the checks of ``fields`` hold.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tokentape.generate.problems import Invalid
from tokentape.model import Request, header
from tokentape.wire import multipart

_NUMBERS = frozenset({"n", "partial_images", "output_compression"})
_DECIMALS = frozenset({"temperature"})
_FLAGS = frozenset({"stream"})
_INTEGER = re.compile(r"-?\d{1,15}")
_DECIMAL = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")


@dataclass(frozen=True, slots=True)
class Form:
    """A form. A name that ends in ``[]`` holds a list."""

    values: Mapping[str, Any]
    files: Mapping[str, tuple[multipart.Part, ...]]


def form_of(request: Request) -> Form:
    """The form of a request. Raises Invalid for what is none."""
    content_type = header(request.headers, "content-type") or ""
    parts = multipart.parse(request.body, content_type)
    if parts is None:
        raise Invalid("Could not parse multipart form")
    values: dict[str, Any] = {}
    files: dict[str, tuple[multipart.Part, ...]] = {}
    for part in parts:
        name = part.name or ""
        if part.filename is not None:
            files[name] = (*files.get(name, ()), part)
            continue
        text = part.content.decode("utf-8", "replace")
        if name.endswith("[]"):
            values.setdefault(name, []).append(text)
        else:
            values[name] = _read(name, text)
    return Form(values, files)


def _read(name: str, text: str) -> Any:
    if name in _NUMBERS and _INTEGER.fullmatch(text):
        return int(text)
    if name in _DECIMALS and _DECIMAL.fullmatch(text):
        return float(text)
    if name in _FLAGS and text.lower() in ("true", "false"):
        return text.lower() == "true"
    return text
