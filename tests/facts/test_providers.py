"""facts: which host is whose API, what is a key, and where a key goes."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokentape.facts import places, providers
from tokentape.model import Headers
from tokentape.redaction.placeholders import dressed

# Put together here, so that the file holds nothing that a scanner takes for a key.
HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
WORD = "Zk3vQ9xT7bL2mN8pR4sW6yA1cE5gJ0dF"
JWT = ".".join(("eyJhbGciOiJSUzI1NiJ9", "eyJhdWQiOiJzb21lIn0", "Zk3vQ9xT7bL2mN8pR4sW6y"))
KEY_ID = "Q3ERTYU7OPAS5DFG"

OPENAI = "https://api.openai.com/v1/chat/completions"
AZURE = "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=1"
CLAUDE = "https://api.anthropic.com/v1/messages"
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent"
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse"


def provider_at(url: str) -> providers.Provider:
    """The provider of a URL that must have one."""
    provider = providers.provider_of(url.split("/")[2])
    assert provider is not None
    return provider


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("api.openai.com", "openai"),
        ("API.OpenAI.com:443", "openai"),
        ("eu.api.openai.com", "openai"),
        ("us.api.openai.com.", "openai"),
        ("r.openai.azure.com", "azure"),
        ("r.cognitiveservices.azure.com:443", "azure"),
        ("r.services.ai.azure.com", "azure"),
        ("r.openai.azure.us", "azure"),
        ("api.anthropic.com", "anthropic"),
        ("generativelanguage.googleapis.com", "gemini"),
        ("us-central1-aiplatform.googleapis.com", "vertex"),
        ("aiplatform.googleapis.com", "vertex"),
        ("bedrock-runtime.eu-west-1.amazonaws.com", "bedrock"),
        ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "bedrock"),
        ("api.mistral.ai", "mistral"),
        ("openrouter.ai", "openrouter"),
        ("example.com", None),
        ("api.openai.com.evil.test", None),
        ("evilapi.openai.com.test", None),
        ("notapi.openai.com", None),
        ("openai.azure.com", None),
        ("s3.us-east-1.amazonaws.com", None),
        ("[::1]:8080", None),
        ("", None),
    ],
)
def test_a_host_has_a_provider(host: str, name: str | None) -> None:
    """A host is a provider's by its whole name or by a suffix that only the provider can give out."""
    found = providers.provider_of(host)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("host", "canonical"),
    [
        ("API.openai.com", "api.openai.com"),
        ("Mine.openai.azure.com", "resource-name.cognitiveservices.azure.com"),
        ("mine.services.ai.azure.com:8443", "resource-name.cognitiveservices.azure.com:8443"),
        ("eu.api.openai.com", "eu.api.openai.com"),
        ("example.com:443", "example.com:443"),
    ],
)
def test_hosts_compare_by_one_name(host: str, canonical: str) -> None:
    """Azure resources are one host; every other host is itself in lower case, with its port."""
    assert providers.canonical_host(host) == canonical


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        (OPENAI, (("Authorization", f"Bearer sk-proj-{WORD}"),)),
        (OPENAI, (("authorization", f"bearer sk-{WORD}"),)),
        (OPENAI, (("authorization", f"Bearer {JWT}"),)),
        (AZURE, (("api-key", HEX),)),
        (AZURE, (("Api-Key", WORD + WORD + WORD[:20]),)),
        (AZURE, (("Authorization", f"Bearer {JWT}"),)),
        (CLAUDE, (("x-api-key", f"sk-ant-api03-{WORD}"),)),
        (CLAUDE, (("Authorization", f"Bearer sk-ant-oat01-{WORD}"),)),
        (GEMINI, (("x-goog-api-key", f"AIza{WORD}abc"),)),
        (f"{GEMINI}?alt=sse&key=AIza{WORD}abc", ()),
        (
            BEDROCK,
            (
                (
                    "Authorization",
                    f"AWS4-HMAC-SHA256 Credential=AKIA{KEY_ID}/20260101/us-east-1/bedrock/aws4_request, "
                    f"SignedHeaders=host;x-amz-date, Signature={HEX}{HEX}",
                ),
            ),
        ),
        (BEDROCK, (("Authorization", f"Bearer ABSK{WORD}"),)),
        ("https://api.groq.com/openai/v1/chat/completions", (("Authorization", f"Bearer gsk_{WORD}"),)),
    ],
)
def test_a_key_is_known_by_its_place_and_shape(url: str, headers: Headers) -> None:
    """Each provider's keys are recognised at each of its places."""
    assert providers.has_credential(headers, url, provider_at(url))
    assert providers.has_any_credential(headers, url)


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        (OPENAI, ()),
        (OPENAI, (("Authorization", ""),)),
        (OPENAI, (("Authorization", "Bearer unused"),)),
        (OPENAI, (("Authorization", "Bearer test"),)),
        (OPENAI, (("Authorization", f"Bearer sk-test-{WORD}"),)),
        (OPENAI, (("Authorization", "Bearer sk-this-is-only-a-string"),)),
        (OPENAI, (("Authorization", "Bearer sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),)),
        (OPENAI, (("Authorization", "Bearer sk-your-api-key-here-0123456789"),)),
        (OPENAI, (("Authorization", f"sk-{WORD}"),)),
        (OPENAI, (("Authorization", f"Basic sk-{WORD}"),)),
        (OPENAI, (("api-key", f"sk-{WORD}"),)),
        (OPENAI, (("Authorization", f"Bearer {dressed('api-key', 1, f'sk-proj-{WORD}')}"),)),
        (OPENAI, (("Authorization", f"Bearer {dressed('access-token', 1, JWT)}"),)),
        (AZURE, (("api-key", f"sk-{WORD}"),)),
        (CLAUDE, (("x-api-key", f"sk-{WORD}"),)),
        (f"{GEMINI}?key=unused", ()),
        (f"{GEMINI}?key=", ()),
        (
            BEDROCK,
            (
                (
                    "Authorization",
                    f"AWS4-HMAC-SHA256 Credential={dressed('access-key-id', 1, 'ASIA' + KEY_ID)}"
                    f"/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature={HEX}{HEX}",
                ),
            ),
        ),
    ],
)
def test_a_dummy_or_a_placeholder_is_no_key(url: str, headers: Headers) -> None:
    """What is made up, of another provider's shape, at another place, or replayed by us does not count."""
    assert not providers.has_credential(headers, url, provider_at(url))


@pytest.mark.parametrize(
    ("url", "headers", "expected"),
    [
        ("http://localhost:11434/v1/models", (("Authorization", "Bearer ollama"),), True),
        ("http://localhost/v1beta/models/m:generateContent?key=x", (), True),
        ("https://example.com/?api_key=1", (), True),
        ("https://example.com/?key=1", (), False),
        ("https://example.com/", (("Cookie", "a=b"), ("OpenAI-Organization", "org-1")), False),
        ("https://example.com/", (("Authorization", " "),), False),
        ("https://example.com/", (), False),
    ],
)
def test_any_credential_is_enough_where_the_user_says_where_to_go(url: str, headers: Headers, expected: bool) -> None:
    """Whatever stands where keys stand is one; cookies and ids of organisations are none."""
    assert providers.has_any_credential(headers, url) is expected


@settings(deadline=None, max_examples=200)
@given(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=32, max_size=160))
def test_only_telling_keys_are_dummies(key: str) -> None:
    """A run of letters and digits is a dummy only for want of variety, of digits and capitals, or by our own name."""
    plain = len(set(key)) < 6 or not re.search("[A-Z0-9]", key) or "tokentape" in key.lower()
    assert providers.is_dummy(key) is plain


@pytest.mark.parametrize(
    ("url", "environ", "expected"),
    [
        (OPENAI, {"OPENAI_API_KEY": f" sk-{WORD}\n"}, f"sk-{WORD}"),
        (OPENAI, {"OPENAI_API_KEY": "unused"}, None),
        (OPENAI, {"OPENAI_API_KEY": ""}, None),
        (OPENAI, {"ANTHROPIC_API_KEY": f"sk-ant-{WORD}"}, None),
        (AZURE, {"AZURE_OPENAI_KEY": HEX}, HEX),
        (AZURE, {"AZURE_OPENAI_KEY": HEX, "AZURE_OPENAI_API_KEY": HEX[::-1]}, HEX[::-1]),
        (AZURE, {"AZURE_OPENAI_KEY": HEX, "AZURE_OPENAI_API_KEY": "dummy"}, HEX),
        (GEMINI, {"GOOGLE_API_KEY": f"AIza{WORD}"}, f"AIza{WORD}"),
        (BEDROCK, {"OPENAI_API_KEY": f"sk-{WORD}"}, None),
    ],
)
def test_the_environment_has_a_key(url: str, environ: dict[str, str], expected: str | None) -> None:
    """The first of the provider's variables that holds no dummy is its key."""
    assert providers.key_from(environ, provider_at(url)) == expected


@pytest.mark.parametrize(
    ("url", "headers", "keyed_headers", "keyed_url"),
    [
        (OPENAI, (), (("authorization", "Bearer KEY"),), OPENAI),
        (
            OPENAI,
            (("Host", "h"), ("Authorization", "Bearer unused"), ("Accept", "*/*")),
            (("Host", "h"), ("authorization", "Bearer KEY"), ("Accept", "*/*")),
            OPENAI,
        ),
        (
            AZURE,
            (("Authorization", "Bearer unused"), ("api-key", "test"), ("Accept", "*/*")),
            (("api-key", "KEY"), ("Accept", "*/*")),
            AZURE,
        ),
        (CLAUDE, (("Authorization", "Bearer unused"),), (("x-api-key", "KEY"),), CLAUDE),
        (
            "https://api.anthropic.com/v1/chat/completions",
            (("Authorization", "Bearer unused"),),
            (("authorization", "Bearer KEY"),),
            "https://api.anthropic.com/v1/chat/completions",
        ),
        (f"{GEMINI}?key=test", (), (("x-goog-api-key", "KEY"),), GEMINI),
        (f"{GEMINI}?alt=sse&key=test&x=%20", (), (("x-goog-api-key", "KEY"),), f"{GEMINI}?alt=sse&x=%20"),
        (
            "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
            (("Authorization", "Bearer unused"),),
            (("authorization", "Bearer KEY"),),
            "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions",
        ),
    ],
)
def test_a_key_takes_the_place_of_the_clients(
    url: str, headers: Headers, keyed_headers: Headers, keyed_url: str
) -> None:
    """A key from the environment goes to the one right place, and every other place of the provider is cleared."""
    assert providers.with_key(headers, url, provider_at(url), "KEY") == (keyed_headers, keyed_url)


def test_a_key_put_in_is_found_again() -> None:
    """What ``with_key`` writes, ``has_credential`` reads, for each provider that has a variable."""
    keys = {"openai": f"sk-{WORD}", "azure": HEX, "anthropic": f"sk-ant-api03-{WORD}", "gemini": f"AIza{WORD}abc"}
    urls = {"openai": OPENAI, "azure": AZURE, "anthropic": CLAUDE, "gemini": GEMINI}
    with_variables = [provider for provider in providers.PROVIDERS if provider.env_keys]
    assert {provider.name for provider in with_variables} == set(keys)
    for provider in with_variables:
        headers, url = providers.with_key((), urls[provider.name], provider, keys[provider.name])
        assert providers.has_credential(headers, url, provider)


@pytest.mark.parametrize("provider", providers.PROVIDERS, ids=lambda provider: provider.name)
def test_a_provider_is_complete(provider: providers.Provider) -> None:
    """Each row says its hosts and a header for its keys, in lower case."""
    assert provider.hosts or provider.host_suffixes or provider.host_pattern
    assert provider.credential_header in places.SECRET_HEADERS
    assert not provider.places[0].in_query
    assert provider.places[0].shape.search("") is None
    assert all(host == host.lower() for host in (*provider.hosts, *provider.host_suffixes))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("X-Stainless-Retry-Count", True),
        ("User-Agent", True),
        ("X-B3-TraceId", True),
        ("Idempotency-Key", True),
        ("x-amz-date", True),
        ("Content-Type", False),
        ("anthropic-version", False),
        ("openai-beta", False),
    ],
)
def test_what_varies(name: str, expected: bool) -> None:
    """Telemetry, trace ids and the time of signing vary; what asks for a version or a feature does not."""
    assert providers.is_varying(name) is expected


def test_each_varying_name_has_its_reason() -> None:
    """The table of what varies has a reason in each row, and no name twice."""
    rows = [(row.name, row.in_query) for row in providers.VARYING]
    assert len(set(rows)) == len(rows)
    assert all(row.reason and row.name == row.name.lower() for row in providers.VARYING)
