"""The lists of models: OpenAI's, Azure's and Anthropic's, each in its own shape.

The rule: what is listed is what the catalogue names, and the deployments that were configured.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tokentape.generate.catalogue import LISTED, model_of
from tokentape.generate.generated import Generated, Usage
from tokentape.generate.problems import Invalid
from tokentape.generate.route import ANTHROPIC, OPENAI
from tokentape.generate.stage import Stage

_DEFAULT_PAGE, _LONGEST_PAGE = 20, 1000


def listed(stage: Stage) -> Generated:
    """All models."""
    names = [*stage.setting.deployments, *LISTED[OPENAI]] if stage.is_azure else LISTED[OPENAI]
    return _json(stage, {"object": "list", "data": [_model(name, stage) for name in dict.fromkeys(names)]})


def one(stage: Stage) -> Generated:
    """One model. Raises Invalid where there is no such."""
    name = stage.route.item
    if not (model_of(name).known or name in LISTED[OPENAI] or name in stage.setting.deployments):
        said = f"The model '{name}' does not exist"
        raise Invalid(said, "model", "model_not_found", status=404)
    return _json(stage, _model(name, stage))


def _model(name: str, stage: Stage) -> dict[str, Any]:
    row = model_of(stage.model_behind(name))
    if not stage.is_azure:
        return {"id": name, "object": "model", "created": row.created, "owned_by": row.owner}
    abilities = {"fine_tune": False, "inference": True, "completion": "completion" in row.can}
    abilities |= {"chat_completion": "chat" in row.can, "embeddings": "embedding" in row.can}
    return {
        "id": name,
        "object": "model",
        "status": "succeeded",
        "created": row.created,
        "created_at": row.created,
        "owned_by": row.owner,
        "lifecycle_status": "generally-available",
        "capabilities": abilities,
    }


def listed_by_anthropic(stage: Stage) -> Generated:
    """A page of Anthropic's models. Raises Invalid."""
    asked = dict(parse_qsl(urlsplit(stage.request.url).query))
    limit = asked.get("limit", str(_DEFAULT_PAGE))
    if not limit.isdecimal() or len(limit) > 9 or not 1 <= int(limit) <= _LONGEST_PAGE:
        raise Invalid(f"limit: Input should be between 1 and {_LONGEST_PAGE}")
    names = LISTED[ANTHROPIC]
    page = _after(names, asked.get("after_id"), asked.get("before_id"))
    shown = page[: int(limit)]
    data = [_claude(name) for name in shown]
    first, last = (shown[0], shown[-1]) if shown else (None, None)
    body = {"data": data, "has_more": len(page) > len(shown), "first_id": first, "last_id": last}
    return _json(stage, body)


def _after(names: Sequence[str], after: str | None, before: str | None) -> Sequence[str]:
    start = names.index(after) + 1 if after in names else 0
    end = names.index(before) if before in names else len(names)
    return names[start:end]


def one_of_anthropic(stage: Stage) -> Generated:
    """One of Anthropic's models. Raises Invalid where there is no such."""
    name = stage.route.item
    if not name.startswith("claude"):
        raise Invalid(f"model: {name}", status=404)
    return _json(stage, _claude(name))


def _claude(name: str) -> dict[str, Any]:
    words = [word for word in name.split("-") if not (len(word) == 8 and word.isdecimal())]
    spelled = " ".join(word.capitalize() for word in words if not word.isdecimal())
    version = ".".join(word for word in words if word.isdecimal())
    created = datetime.fromtimestamp(model_of(name, ANTHROPIC).created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": "model", "id": name, "display_name": f"{spelled} {version}".strip(), "created_at": created}


def _json(stage: Stage, body: Any) -> Generated:
    return stage.json(json.dumps(body, separators=(",", ":")), Usage())
