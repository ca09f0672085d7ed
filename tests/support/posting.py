"""Requests for what compares them: where they go, what kind of body they have."""

import json
from typing import Any

from tokentape.model import Headers, Request

CHAT = "https://api.openai.com/v1/chat/completions"
AZURE = "https://acme.openai.azure.com/openai/deployments/gpt/chat/completions"
FORM: Headers = (("Content-Type", "application/x-www-form-urlencoded"),)
PARTS: Headers = (("Content-Type", "multipart/form-data; boundary=B"),)


def post(body: Any = b"", url: str = CHAT, headers: Headers = (), method: str = "POST") -> Request:
    """A request; a body that is not bytes is sent as JSON."""
    return Request(method, url, headers, body if isinstance(body, bytes) else json.dumps(body).encode())
