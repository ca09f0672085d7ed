"""places: which names tell of a secret, and which only look so."""

import pytest

from tokentape.facts import places


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("access_token", "access-token"),
        ("accessToken", "access-token"),
        ("AccessToken", "access-token"),
        ("slack_access_token", "access-token"),
        ("refresh_token", "refresh-token"),
        ("id_token", "id-token"),
        ("client_secret", "client-secret"),
        ("client_assertion", "client-assertion"),
        ("OPENAI_API_KEY", "api-key"),
        ("x-api-key", "api-key"),
        ("apiKey", "api-key"),
        ("db_password", "password"),
        ("secret", "secret"),
        ("webhookSecret", "secret"),
        ("private_key", "private-key"),
        ("AccessKeyId", "access-key-id"),
        ("SecretAccessKey", "secret-access-key"),
        ("aws_secret_access_key", "secret-access-key"),
        ("SessionToken", "session-token"),
        ("Authorization", "authorization"),
        ("authorization_token", "access-token"),
        ("SharedAccessKey", "account-key"),
    ],
)
def test_a_name_tells_of_its_role(name: str, role: str) -> None:
    """A name is read without its separators and case, by its longest telling end."""
    assert places.secret_role(name) == role


@pytest.mark.parametrize(
    "name",
    [
        *("token", "tokens", "max_tokens", "prompt_tokens", "total_tokens", "eos_token", "token_type", "token_ids"),
        *("page_token", "next_page_token", "nextToken", "continuation_token", "key", "keys", "public_key", "cache_key"),
        *("idempotency_key", "sort_key", "partition_key", "signature", "thought_signature", "encrypted_content"),
        *("session_id", "user", "username", "email", "code", "status_code", "string", "secretary", "passwords", "pwd"),
        *("authorization_endpoint", "secret_name", "access_token_url", "expires_in", "id", "content", "arguments"),
        *("logprobs", "organization", "project", "state", "nonce", "scope", "value"),
    ],
)
def test_a_name_that_only_looks_so(name: str) -> None:
    """Counts, pages, ids, look-ups and what models answer with are no secrets by their names."""
    assert places.secret_role(name) is None


@pytest.mark.parametrize(
    "name",
    [
        *("authorization", "proxy-authorization", "api-key", "x-api-key", "x-goog-api-key", "cookie", "set-cookie"),
        *("x-amz-security-token", "x-auth-token", "x-csrf-token", "ocp-apim-subscription-key", "x-functions-key"),
        *("x-ms-authorization-auxiliary", "openai-organization", "openai-project", "anthropic-organization-id"),
        *("private-token", "x-vault-token", "sec-websocket-protocol", "X-Acme-Api-Key", "X-Team-Secret"),
    ],
)
def test_a_header_holds_a_secret(name: str) -> None:
    """Headers are secret by the table or by the end of their name, in any case."""
    assert places.header_role(name) is not None


@pytest.mark.parametrize(
    "name",
    [
        *("content-type", "accept", "host", "user-agent", "anthropic-version", "openai-beta", "x-request-id"),
        *("idempotency-key", "sec-websocket-key", "access-control-allow-headers", "x-ratelimit-remaining-tokens"),
        *("www-authenticate", "etag", "mcp-session-id", "openai-version", "surrogate-key", "x-amz-content-sha256"),
    ],
)
def test_a_header_that_stays(name: str) -> None:
    """What a client or a person needs to understand an exchange is no secret."""
    assert places.header_role(name) is None


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("https://x.test/a?access_token=1&page_token=2&next_token=3", {"access_token"}),
        ("https://x.test/a?API_KEY=1&Api-Key=2&apikey=3", {"api_key", "api-key", "apikey"}),
        ("https://x.test/a?%61pi_key=1", {"api_key"}),
        ("https://generativelanguage.googleapis.com/v1beta/models?key=1", {"key"}),
        ("http://127.0.0.1:8080/v1beta/models/m:generateContent?key=1", {"key"}),
        ("http://127.0.0.1:8080/upload/v1beta/files?key=1", {"key"}),
        ("http://127.0.0.1:8080/v1/models/m:embedContent?key=1", {"key"}),
        ("https://s3.test/v1/list?key=photos/1.jpg", set()),
        ("https://x.test/a?code=1", set()),
        ("https://x.test/cb?code=1&state=2", {"code"}),
        ("https://f.azurewebsites.net/api/f?code=1", {"code"}),
        ("https://b.blob.core.windows.net/c?sv=1&st=2&sig=3", {"sig"}),
        (
            "https://b.s3.amazonaws.com/o?X-Amz-Date=1&X-Amz-Credential=2&X-Amz-Signature=3&X-Amz-Security-Token=4",
            {"x-amz-credential", "x-amz-signature", "x-amz-security-token"},
        ),
        ("https://x.test/?my_client_secret=1", {"my_client_secret"}),
        ("https://x.test/", set()),
    ],
)
def test_the_secret_pairs_of_a_query(url: str, names: set[str]) -> None:
    """``key`` is Google's alone and ``code`` a login's; the other names count everywhere."""
    assert set(places.secret_query_names(url)) == names


def test_the_cheap_question_misses_no_name() -> None:
    """Every name that is secret in some URL may be secret in a query."""
    assert all(places.may_be_secret_in_query(name) for name in (*places.QUERY_ROLES, "key", "code"))


@pytest.mark.parametrize(
    ("url", "names", "expected"),
    [
        ("https://x.test/?a=1&b=%20&a=2#f", {"a"}, "https://x.test/?b=%20#f"),
        ("https://x.test/?a=1", {"a"}, "https://x.test/"),
        ("https://x.test/?A=1&&b", {"a"}, "https://x.test/?&b"),
        ("https://x.test/#?a=1", set(), "https://x.test/#?a=1"),
        ("https://x.test/?b=1", {"a"}, "https://x.test/?b=1"),
    ],
)
def test_a_pair_is_cut_out_of_a_query(url: str, names: set[str], expected: str) -> None:
    """The pairs that stay keep their spelling."""
    assert places.without_query(url, names) == expected


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://User:pass@API.x.test:8443/a?b=c@d", "api.x.test"),
        ("https://x.test?key=1", "x.test"),
        ("http://[::1]:80/", "[::1]:80"),
        ("/relative", ""),
    ],
)
def test_the_host_of_a_url(url: str, host: str) -> None:
    """The host stands between the user info and the port."""
    assert places.host_of(url) == host
