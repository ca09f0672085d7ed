"""Which API a request is for: the host says, else the path; what is unknown gets the provider's own 404."""

import json

import pytest
from asking import ANTHROPIC, AZURE, OPENAI, ask

from tokentape.generate.route import route_of

VERSION = (("Anthropic-Version", "2023-06-01"),)
LEADS = [
    ("POST", f"{OPENAI}/v1/chat/completions", (), ("openai", "chat", "")),
    ("POST", "https://eu.api.openai.com/v1/embeddings", (), ("openai", "embeddings", "")),
    ("POST", "http://localhost:8000/v1/chat/completions", (), ("openai", "chat", "")),
    ("POST", "http://localhost:8000//v1//chat/completions/", (), ("openai", "chat", "")),
    ("POST", "http://localhost:8000/v1/messages", (), ("anthropic", "messages", "")),
    ("POST", "http://localhost:8000/v1/messages/count_tokens", (), ("anthropic", "count_tokens", "")),
    ("GET", "http://localhost:8000/v1/models", (), ("openai", "models", "")),
    ("GET", "http://localhost:8000/v1/models", VERSION, ("anthropic", "models", "")),
    ("POST", "http://localhost:8000/v1/chat/completions", VERSION, ("openai", "chat", "")),
    ("POST", f"{ANTHROPIC}/v1/messages", (), ("anthropic", "messages", "")),
    ("POST", f"{ANTHROPIC}/v1/chat/completions", (), ("openai", "chat", "")),
    ("POST", f"{AZURE}/openai/deployments/my%20d/chat/completions?api-version=1", (), ("azure", "chat", "my d")),
    ("POST", f"{AZURE}/openai/v1/responses", (), ("azure", "responses", "")),
    ("POST", f"{AZURE}/openai/responses?api-version=1", (), ("azure", "responses", "")),
    ("POST", "http://localhost:8000/openai/deployments/d/embeddings", (), ("azure", "embeddings", "d")),
    ("POST", "https://api.groq.com/openai/v1/chat/completions", (), ("openai", "chat", "")),
    ("POST", "https://openrouter.ai/api/v1/chat/completions", (), ("openai", "chat", "")),
    ("POST", "http://localhost:8000/chat/completions", (), ("openai", "chat", "")),
    ("HEAD", f"{OPENAI}/v1/models", (), ("openai", "models", "")),
]


@pytest.mark.parametrize(("method", "url", "headers", "expected"), LEADS)
def test_where_a_request_leads(method, url, headers, expected):
    """Provider, operation and deployment."""
    route = route_of(method, url, headers)
    assert (route.provider, route.operation, route.deployment) == expected


@pytest.mark.parametrize(
    "url", ["http://localhost/echo", "https://example.com/", "http://localhost/v2/chat/completions"]
)
def test_what_is_no_api_s_leads_nowhere(url):
    """Then it is for somebody else to answer."""
    assert route_of("POST", url, ()) is None


UNKNOWN = [
    ("POST", f"{OPENAI}/v1/none", 404, "Invalid URL (POST /v1/none)"),
    ("GET", f"{OPENAI}/v1/chat/completions", 405, "Only POST requests are accepted."),
    ("POST", f"{OPENAI}/", 404, "Invalid URL (POST /)"),
    ("POST", f"{AZURE}/openai/deployments/d/none", 404, "Resource not found"),
    ("POST", f"{AZURE}/none", 404, "Resource not found"),
    ("POST", f"{ANTHROPIC}/v1/none", 404, "Not found"),
    ("GET", f"{ANTHROPIC}/v1/messages", 405, "Method Not Allowed"),
    ("POST", "http://localhost:8000/v1/none", 404, "Invalid URL (POST /v1/none)"),
    ("DELETE", "http://localhost:8000/v1/messages", 405, "Method Not Allowed"),
]


@pytest.mark.parametrize(("method", "url", "status", "message"), UNKNOWN)
def test_an_unknown_path_gets_the_provider_s_own_404(method, url, status, message):
    """Or a 405, where it takes another method."""
    answer = ask(url, {"x": 1}, method=method)
    assert (answer.status, json.loads(answer.body)["error"]["message"]) == (status, message)
