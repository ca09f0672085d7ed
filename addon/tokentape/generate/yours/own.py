"""Generators of the user's own: a Python file, its functions, and what they give back.

The rule: a function gives an answer, or None for the next one's turn. Anything else, an exception included, is a
``GeneratorTrouble`` that names the file and the line; it is never passed over for a made-up answer.
"""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from tokentape.errors import BadSetting, GeneratorTrouble
from tokentape.generate import web
from tokentape.generate.canned import Canned
from tokentape.generate.generated import Generated
from tokentape.generate.route import Route
from tokentape.generate.yours.returned import WrongReturn, as_answer
from tokentape.model import Request

Own = Callable[[web.Request], Any]
# An answer to send as it is, or words to be dressed in the provider's shape.
Given = Generated | Canned

_MODULE = "tokentape_generators"
_DOCS = "addon/docs/generating.md says what a generator may be"
# Of an exception only these say in their text no more than a name of the program; others may have a secret in it.
_TELLING = (AttributeError, ImportError, IndexError, NameError, SyntaxError, TypeError, ZeroDivisionError)


class OwnGenerators:
    """The functions of one file, in their order."""

    def __init__(self, path: str) -> None:
        """Raises BadSetting for a file that can't be loaded, or has no generator in it."""
        self.path = path
        self._functions = _functions(_loaded(path), path)

    async def answer(self, request: Request, route: Route | None) -> Given | None:
        """What the first function that gives an answer gives: whole, or as words to be dressed in the provider's
        shape. None where each passes. Raises GeneratorTrouble."""
        asked = web.Request(request)
        for function in self._functions:
            try:
                given = function(asked)
                if inspect.isawaitable(given):
                    given = await given
                given = await _collected(given)
            except (Exception, SystemExit) as error:
                raise self._failed(function, error) from None
            if given is None:
                continue
            try:
                return as_answer(given, route)
            except WrongReturn as wrong:
                place = f"{self.path}, line {_line(function)}: {_name(function)}"
                raise GeneratorTrouble(f"{place} {wrong}", wrong.hint or _DOCS) from None
        return None

    def _failed(self, function: Own, error: BaseException) -> GeneratorTrouble:
        place, line = self.path, _line(function)
        for frame in traceback.extract_tb(error.__traceback__):
            if Path(frame.filename) == Path(self.path).resolve() and frame.lineno:
                line = frame.lineno
        return GeneratorTrouble(f"{place}, line {line}: {_name(function)} failed: {_told(error)}", _DOCS)


def _told(error: BaseException) -> str:
    kind = type(error).__name__
    return f"{kind}: {str(error)[:200]}" if isinstance(error, _TELLING) else kind


async def _collected(given: Any) -> Any:
    """Pieces that come over time, all of them: they are sent at the pace that is set. None where there are none: a
    generator function can't say otherwise that it passes."""
    if isinstance(given, AsyncIterable):
        return [piece async for piece in given] or None
    pieces = getattr(given, "body_iterator", None)
    if isinstance(pieces, AsyncIterable):
        given.body_iterator = [piece async for piece in pieces]
    elif isinstance(given, Iterable) and not isinstance(given, str | bytes | Mapping | Sequence):
        return list(given) or None
    return given


# --- loading ----------------------------------------------------------------------------------------------------------


def _loaded(path: str) -> ModuleType:
    file = Path(path).resolve()
    if not file.is_file():
        raise BadSetting(f"there is no file {path} with generators", "name one: --generators FILE.py")
    spec = importlib.util.spec_from_file_location(_MODULE, file)
    if spec is None or spec.loader is None:
        raise BadSetting(f"{path} is no Python file", "name one: --generators FILE.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise _unloadable(path, file, error) from None
    return module


def _unloadable(path: str, file: Path, error: BaseException) -> BadSetting:
    line: int | None = error.lineno if isinstance(error, SyntaxError) else None
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename) == file:
            line = frame.lineno
    hint = _DOCS
    if isinstance(error, ImportError) and error.name in ("fastapi", "starlette"):
        hint = "pip install fastapi, or: from tokentape.generate.web import Request, Response"
    return BadSetting(f"{path}, line {line or 1}: {_told(error)}", hint)


def _functions(module: ModuleType, path: str) -> Sequence[Own]:
    """What ``get_generators()`` lists; else the functions whose names start with ``generate``, in their order."""
    lister = getattr(module, "get_generators", None)
    if callable(lister):
        try:
            listed = lister()
        except (Exception, SystemExit) as error:
            raise _unloadable(path, Path(path).resolve(), error) from None
        if not isinstance(listed, list | tuple) or not all(map(callable, listed)):
            raise BadSetting(f"{path}, line {_line(lister)}: get_generators() must return a list of functions", _DOCS)
        found: Sequence[Own] = listed
    else:
        found = [
            function
            for name, function in vars(module).items()
            if name.startswith("generate") and inspect.isfunction(function) and function.__module__ == _MODULE
        ]
    if not found:
        raise BadSetting(f"{path} has no generator: no function whose name starts with generate", _DOCS)
    for function in found:
        _check_arguments(function, path)
    return found


def _check_arguments(function: Own, path: str) -> None:
    try:
        inspect.signature(function).bind(None)
    except ValueError:  # of something built in: it will say so itself
        return
    except TypeError:
        place = f"{path}, line {_line(function)}: {_name(function)}"
        raise BadSetting(f"{place} must take one argument, the request", _DOCS) from None


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _line(function: Callable[..., Any]) -> int:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code.co_firstlineno if code is not None else 1
