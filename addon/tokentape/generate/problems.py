"""Errors as each provider words them: the body, the code, the parameter, the headers.

The rule: what is wrong with a request is found by whoever reads it (``Invalid``) and dressed here, so an invalid
request gets the 4xx that the real API would have given. Generators raise ``Invalid``; it never leaves ``generate``.

Sources: OpenAI's error guide and bodies as its API sends them; Azure's REST reference and its gateway's bodies;
Anthropic's API reference, "Errors".
"""

import json

from tokentape.generate.generated import JSON_TYPE, Generated, encoded
from tokentape.generate.material.dice import Dice
from tokentape.generate.route import ANTHROPIC, AZURE
from tokentape.model import Headers


class Invalid(Exception):
    """A request that the real API would not take: status, words, the parameter, the code and the type it names."""

    def __init__(
        self,
        message: str,
        param: str | None = None,
        code: str | None = None,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.message, self.param, self.code, self.status, self.kind = message, param, code, status, kind


NOT_JSON = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library "
    "correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble "
    "figuring out how to fix this, please contact us through our help center at help.openai.com.)"
)

# The type that Anthropic names for a status (its reference, "HTTP errors").
ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


# What each provider says at a status that no parameter is to blame for.
_OPENAI_USUAL = {
    401: (
        "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.",
        "invalid_request_error",
        "invalid_api_key",
    ),
    403: ("You are not allowed to do this.", "invalid_request_error", None),
    404: ("Not found.", "invalid_request_error", None),
    408: ("Request timed out.", "timeout", None),
    429: ("Rate limit reached. Please try again later.", "requests", "rate_limit_exceeded"),
    500: ("The server had an error while processing your request. Sorry about that!", "server_error", None),
    503: ("The engine is currently overloaded, please try again later.", "server_error", None),
}
_ANTHROPIC_USUAL = {
    401: "invalid x-api-key",
    403: "Your API key does not have permission to use the specified resource.",
    404: "Not found",
    413: "Request exceeds the maximum size",
    429: "This request would exceed your account's rate limit. Please try again later.",
    500: "Internal server error",
    529: "Overloaded",
}
_AZURE_USUAL = {
    401: (
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
        "active subscription and use a correct regional API endpoint for your resource."
    ),
    404: "Resource not found",
    408: "The operation was timeout.",
    429: "Too many requests have been sent. Please retry later.",
    500: "The server had an error while processing your request. Sorry about that!",
    503: "The service is temporarily unable to process your request. Please try again later.",
}


def usual(provider: str, status: int) -> Invalid:
    """The error that a provider gives at a status, in its own words."""
    if provider == ANTHROPIC:
        return Invalid(_ANTHROPIC_USUAL.get(status, "Something went wrong."), status=status)
    if provider == AZURE:
        said = _AZURE_USUAL.get(status, "Something went wrong.")
        return Invalid(said, code=str(status), status=status, kind="")
    message, kind, code = _OPENAI_USUAL.get(status, ("Something went wrong.", "invalid_request_error", None))
    return Invalid(message, code=code, status=status, kind=kind if status < 500 else "server_error")


def dressed(provider: str, problem: Invalid, dice: Dice, headers: Headers = ()) -> Generated:
    """An error as ``provider`` sends it. ``headers`` come behind those that each of its errors has."""
    body = encoded(json.dumps(_body(provider, problem, dice), ensure_ascii=False))
    return Generated(problem.status, body, (JSON_TYPE, *identity(provider, dice), *headers))


def _body(provider: str, problem: Invalid, dice: Dice) -> dict[str, object]:
    if provider == ANTHROPIC:
        kind = ANTHROPIC_TYPES.get(problem.status, "api_error" if problem.status >= 500 else "invalid_request_error")
        said = {"type": kind, "message": problem.message}
        return {"type": "error", "error": said, "request_id": anthropic_request_id(dice)}
    if provider == AZURE and problem.kind == "":  # of Azure's gateway, not of the model behind it
        return {"error": {"code": problem.code, "message": problem.message}}
    said_all = {"message": problem.message, "type": problem.kind, "param": problem.param, "code": problem.code}
    return {"error": said_all}


def identity(provider: str, dice: Dice) -> Headers:
    """The headers that name an answer, each provider's own."""
    if provider == ANTHROPIC:
        return (("request-id", anthropic_request_id(dice)),)
    trace = dice.hexadecimal(32, "trace")
    if provider == AZURE:
        dashed = f"{trace[:8]}-{trace[8:12]}-{trace[12:16]}-{trace[16:20]}-{trace[20:]}"
        return (("apim-request-id", dashed), ("x-request-id", dashed), ("x-ms-region", "Sweden Central"))
    return (("openai-version", "2020-10-01"), ("x-request-id", f"req_{trace}"))


def anthropic_request_id(dice: Dice) -> str:
    """``req_011`` and 21 more characters."""
    return "req_011" + dice.name(21, "request")


def unknown_path(provider: str, method: str, path: str, methods: tuple[str, ...]) -> Invalid:
    """What each provider says where it has nothing, or takes another method."""
    if provider == ANTHROPIC:
        return Invalid("Method Not Allowed", status=405) if methods else Invalid("Not found", status=404)
    if provider == AZURE:
        return Invalid("Resource not found", code="404", status=404, kind="")
    if methods:
        wanted = " or ".join(methods)
        return Invalid(f"Only {wanted} requests are accepted.", code="method_not_supported", status=405)
    return Invalid(f"Invalid URL ({method} {path})", status=404)
