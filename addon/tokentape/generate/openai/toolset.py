"""The tools, the tool choice and the response format of a chat request, checked as OpenAI does.

The rule: a schema that a value can't be drawn from is found here, by drawing, so a valid request never fails later.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from tokentape.generate import fields
from tokentape.generate.material.dice import Dice
from tokentape.generate.material.tokens import count
from tokentape.generate.problems import Invalid
from tokentape.generate.reply import Tool, words_of
from tokentape.generate.schemas import schema

NAME = re.compile(r"[a-zA-Z0-9_-]+", re.ASCII)
_LONGEST_NAME, _MOST_TOOLS = 64, 128
_BAD_PARAMETERS = "invalid_function_parameters"
_NO_ARGUMENTS: Mapping[str, Any] = {"type": "object", "properties": {}}
# Around each tool and all of them (measured by the author of the cookbook's tool counting for gpt-4o).
_PER_TOOL, _ALL_TOOLS = 7, 12


def read_tools(tree: fields.Tree) -> tuple[Tool, ...]:
    """The tools of a chat request. Raises Invalid."""
    listed = fields.array(tree, "tools", longest=_MOST_TOOLS, of="an array of objects") or ()
    return tuple(_tool(item, f"tools[{index}]") for index, item in enumerate(listed))


def _tool(item: Any, path: str) -> Tool:
    fields.required_mapping(item, path)
    kind = fields.required_text(item, "type", f"{path}.type")
    if kind not in ("function", "custom"):
        raise fields.unsupported_value(f"{path}.type", kind, ("function", "custom"))
    body = fields.mapping(item, kind, f"{path}.{kind}")
    if body is None:
        raise fields.missing(f"{path}.{kind}")
    return tool_from(body, f"{path}.{kind}", custom=kind == "custom")


def tool_from(body: Mapping[str, Any], path: str, *, custom: bool = False) -> Tool:
    """A tool from its name, description and parameters. Raises Invalid."""
    name = fields.required_text(body, "name", f"{path}.name")
    check_name(name, f"{path}.name")
    description = fields.text(body, "description", f"{path}.description") or ""
    parameters = fields.mapping(body, "parameters", f"{path}.parameters") or _NO_ARGUMENTS
    if not custom:
        where, place = f"function '{name}'", f"{path}.parameters"
        check_schema(parameters, where, place, _BAD_PARAMETERS, strict=body.get("strict") is True)
        if parameters.get("type", "object") != "object":
            got = json.dumps(parameters["type"])
            said = f"schema must be a JSON Schema of 'type: \"object\"', got 'type: {got}'."
            raise _bad_schema(where, said, place, _BAD_PARAMETERS)
    # Optional parameters and arguments beyond the schema are for the model to leave out, as it does.
    return Tool(name, parameters, words_of(f"{name} {description[:500]}"), custom)


def check_name(name: str, path: str) -> None:
    """Raises Invalid for a name that OpenAI does not take."""
    if not NAME.fullmatch(name):
        said = "string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        raise Invalid(f"Invalid '{path}': {said}", path, "invalid_value")
    if len(name) > _LONGEST_NAME:
        said = (
            f"Expected a string with maximum length {_LONGEST_NAME}, but got a string with length {len(name)} instead."
        )
        raise Invalid(f"Invalid '{path}': string too long. {said}", path, "string_above_max_length")


def _bad_schema(where: str, why: str, path: str, code: str | None) -> Invalid:
    return Invalid(f"Invalid schema for {where}: {why}", path, code)


def check_schema(wanted: Mapping[str, Any], where: str, path: str, code: str | None, *, strict: bool = False) -> None:
    """Raises Invalid for a schema that is none, has no value, or (``strict``) is not of OpenAI's subset."""
    why = _trouble(json.dumps(wanted, sort_keys=True), strict)
    if why:
        raise _bad_schema(where, why, path, code)


@lru_cache(maxsize=512)
def _trouble(text: str, strict: bool) -> str:
    wanted = json.loads(text)
    try:
        schema.value_for(wanted, Dice(bytes(16)))
    except schema.Unsatisfiable as error:
        return str(error)
    return _not_strict(wanted, ()) if strict else ""


def _not_strict(wanted: Any, context: tuple[str, ...]) -> str:
    """What keeps a schema from OpenAI's strict mode: closed objects whose properties are all required."""
    if not isinstance(wanted, Mapping):
        return ""
    properties = wanted.get("properties", {})
    if "properties" in wanted or wanted.get("type") == "object":
        if wanted.get("additionalProperties") is not False:
            return f"In context={context}, 'additionalProperties' is required to be supplied and to be false."
        left = [name for name in properties if name not in wanted.get("required", ())]
        if left:
            return (
                f"In context={context}, 'required' is required to be supplied and to be an array including every key "
                f"in properties. Missing '{left[0]}'."
            )
    below = [(part, (*context, "properties", name)) for name, part in properties.items()]
    below += [(part, (*context, "$defs", name)) for name, part in wanted.get("$defs", {}).items()]
    below += [(part, (*context, "anyOf", str(at))) for at, part in enumerate(wanted.get("anyOf", ()))]
    below += [(wanted["items"], (*context, "items"))] if "items" in wanted else []
    return next((why for part, where in below if (why := _not_strict(part, where))), "")


def read_choice(tree: fields.Tree, tools: Sequence[Tool]) -> str:
    """``auto``, ``none``, ``required``, or the name of the tool that has to be called. Raises Invalid."""
    wanted = tree.get("tool_choice")
    if wanted is None:
        return "auto"
    if not tools:
        said = "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."
        raise Invalid(said, "tool_choice")
    if isinstance(wanted, str):
        if wanted not in ("none", "auto", "required"):
            raise fields.unsupported_value("tool_choice", wanted, ("none", "auto", "required"))
        return wanted
    fields.required_mapping(wanted, "tool_choice")
    return _named(wanted, tools)


def _named(wanted: Mapping[str, Any], tools: Sequence[Tool]) -> str:
    kind = fields.required_text(wanted, "type", "tool_choice.type")
    if kind == "allowed_tools":
        allowed = fields.mapping(wanted, "allowed_tools", "tool_choice.allowed_tools") or {}
        return "required" if allowed.get("mode") == "required" else "auto"
    if kind not in ("function", "custom"):
        raise fields.unsupported_value("tool_choice.type", kind, ("function", "allowed_tools", "custom"))
    body = fields.mapping(wanted, kind, f"tool_choice.{kind}")
    if body is None:
        raise fields.missing(f"tool_choice.{kind}")
    name = fields.required_text(body, "name", f"tool_choice.{kind}.name")
    check_offered(name, tools)
    return name


def check_offered(name: str, tools: Sequence[Tool]) -> None:
    """Raises Invalid where the tool that has to be called is not among the tools."""
    if name not in {tool.name for tool in tools}:
        raise Invalid(f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice")


def read_format(wanted: Any, path: str, said_json: bool) -> Any:
    """The schema of a ``response_format``; None where the text is free. Raises Invalid."""
    if wanted is None:
        return None
    fields.required_mapping(wanted, path)
    kind = fields.required_text(wanted, "type", f"{path}.type")
    match kind:
        case "text":
            return None
        case "json_object":
            if not said_json:
                said = "must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
                raise Invalid(f"'messages' {said}", "messages")
            return _ANY_OBJECT
        case "json_schema":
            body = fields.mapping(wanted, "json_schema", f"{path}.json_schema")
            if body is None:
                raise fields.missing(f"{path}.json_schema")
            return format_schema(body, f"{path}.json_schema", path)
        case _:
            raise fields.unsupported_value(f"{path}.type", kind, ("json_object", "json_schema", "text"))


def format_schema(body: Mapping[str, Any], path: str, param: str, code: str | None = None) -> Any:
    """The schema of a named format; a wrong one is told with this parameter and code. Raises Invalid."""
    name = fields.required_text(body, "name", f"{path}.name")
    check_name(name, f"{path}.name")
    wanted = fields.mapping(body, "schema", f"{path}.schema")
    if wanted is None:
        raise fields.missing(f"{path}.schema")
    check_schema(wanted, f"response_format '{name}'", param, code, strict=body.get("strict") is True)
    return wanted


_ANY_OBJECT: Mapping[str, Any] = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "topic": {"type": "string"}, "confidence": {"type": "number"}},
    "required": ["answer", "topic", "confidence"],
}


def tool_tokens(tree: fields.Tree, vocabulary: str) -> int:
    """Tokens that the tools and the response format add to a prompt: an estimate, of their JSON."""
    total = 0
    for tool in tree.get("tools") or ():
        total += _PER_TOOL + count(json.dumps(tool, separators=(",", ":")), vocabulary)
    if isinstance(wanted := tree.get("response_format"), dict) and wanted.get("type") == "json_schema":
        total += count(json.dumps(wanted, separators=(",", ":")), vocabulary)
    return total + (_ALL_TOOLS if tree.get("tools") else 0)
