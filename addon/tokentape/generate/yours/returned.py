"""What a function of the user's own gave back, as an answer.

The rule: what it may be is a table read from top to bottom; what fits no row is ``WrongReturn``, with what it was.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tokentape.generate.canned import Canned
from tokentape.generate.generated import JSON_TYPE, STREAM_TYPE, Generated
from tokentape.generate.route import Route
from tokentape.model import Headers, Response

# Operations whose answers are words, which a text can be dressed as.
WORDED = frozenset({"chat", "completions", "responses", "messages", "transcriptions", "translations"})
_TEXT_TYPE = "text/plain; charset=utf-8"
_COMPUTED = frozenset({"content-length", "transfer-encoding", "connection"})


class WrongReturn(Exception):
    """What was given back is no answer."""

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.hint = hint


def as_answer(given: Any, route: Route | None) -> Generated | Canned:
    """An answer to send, or words to be dressed. Raises WrongReturn."""
    if isinstance(given, str):
        return _worded((given,), given, route)
    if isinstance(given, Generated):
        return given
    if isinstance(given, Response):
        return Generated(given.status, given.body, given.headers, given.reason)
    if hasattr(given, "status_code"):
        return _response(given)
    if isinstance(given, Mapping):
        return Generated(200, _json(given), (JSON_TYPE,), "OK")
    if isinstance(given, Sequence) and not isinstance(given, bytes | bytearray):
        return _stream(given, route)
    raise WrongReturn(f"returned {_shown(given)}", "return a text, a Response, a list of pieces, a dict, or None")


def _worded(pieces: tuple[str, ...], shown: str, route: Route | None) -> Canned:
    if route is None or route.operation not in WORDED:
        raise WrongReturn(
            f"returned the text {_shown(shown)} where no answer is made of words", "return a Response with it instead"
        )
    return Canned("".join(pieces), pieces=pieces if len(pieces) > 1 else ())


def _json(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")
    except (TypeError, ValueError) as error:
        raise WrongReturn(f"returned a dict that is no JSON: {error}") from None


def _stream(given: Sequence[Any], route: Route | None) -> Generated | Canned:
    if given and all(isinstance(piece, bytes) for piece in given):
        return Generated(200, b"".join(given), (STREAM_TYPE,), "OK", tuple(map(len, filter(None, given))))
    if given and all(isinstance(piece, str) for piece in given):
        return _worded(tuple(given), "".join(given), route)
    raise WrongReturn(f"returned {_shown(given)}", "pieces of a stream are all texts, or all bytes, and at least one")


def _response(given: Any) -> Generated:
    """A response as FastAPI's and ours are: ``status_code``, ``headers``, and a ``body`` or a ``body_iterator``."""
    status = given.status_code
    if not isinstance(status, int) or not 100 <= status <= 599:
        raise WrongReturn(
            f"returned a response with the status {_shown(status)}", "a status is a number from 100 to 599"
        )
    headers = _headers(given)
    pieces = getattr(given, "body_iterator", None)
    if pieces is not None:
        return _pieces(status, headers, pieces)
    body = given.body
    if not isinstance(body, bytes):
        raise WrongReturn(f"returned a response whose body is {_shown(body)}", "a body is bytes")
    if not any(name == "content-type" for name, _ in headers):
        headers = (*headers, ("content-type", _TEXT_TYPE))
    return Generated(status, body, headers)


def _headers(given: Any) -> Headers:
    held = given.headers or {}
    pairs = [(str(name).lower(), str(value)) for name, value in held.items()]
    media = getattr(given, "media_type", None)
    if media and not any(name == "content-type" for name, _ in pairs):
        pairs.append(("content-type", str(media)))
    return tuple((name, value) for name, value in pairs if name not in _COMPUTED)


def _pieces(status: int, headers: Headers, pieces: Any) -> Generated:
    if not isinstance(pieces, Iterable):
        raise WrongReturn(f"returned a stream of {_shown(pieces)}")
    listed = list(pieces)
    if wrong := next((piece for piece in listed if not isinstance(piece, str | bytes)), None):
        raise WrongReturn(f"returned a stream with {_shown(wrong)} in it", "each piece is a text or bytes")
    encoded = [piece.encode("utf-8", "replace") if isinstance(piece, str) else piece for piece in listed]
    if not any(name == "content-type" for name, _ in headers):
        headers = (*headers, STREAM_TYPE)
    return Generated(status, b"".join(encoded), headers, "", tuple(map(len, filter(None, encoded))))


def _shown(value: Any) -> str:
    """What a value is; of a text or bytes the kind and the length, for they may be anything."""
    if isinstance(value, str | bytes):
        return f"{type(value).__name__} of {len(value)}"
    return repr(value) if isinstance(value, int | float) else f"a value of type {type(value).__name__}"
