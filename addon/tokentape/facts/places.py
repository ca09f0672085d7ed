"""Where secrets stand in HTTP: names of headers, query pairs, fields and subprotocols, each with its role.

Rules kept here: data and look-ups only, and by name, never by value: what is a secret does not depend on how it looks.
A **role** says what a value is for (``access-token``); placeholders are numbered by it. Names compare without case.
"""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import unquote_plus

# Header -> role. Removed from requests, given a placeholder in responses. The role names what a value is for.
SECRET_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "authorization": "authorization",
        "proxy-authorization": "authorization",
        "x-forwarded-authorization": "authorization",
        "x-original-authorization": "authorization",
        "x-serverless-authorization": "authorization",
        "x-amzn-remapped-authorization": "authorization",
        "cf-aig-authorization": "authorization",
        "helicone-auth": "authorization",
        "x-ms-authorization-auxiliary": "authorization",
        "api-key": "api-key",
        "apikey": "api-key",
        "x-api-key": "api-key",
        "x-goog-api-key": "api-key",
        "x-functions-key": "api-key",
        "x-master-key": "api-key",
        "ocp-apim-subscription-key": "api-key",
        "aeg-sas-key": "api-key",
        "aeg-sas-token": "access-token",
        "x-auth": "access-token",
        "x-auth-token": "access-token",
        "x-access-token": "access-token",
        "x-amz-security-token": "session-token",
        "x-aws-ec2-metadata-token": "session-token",
        "x-goog-iap-jwt-assertion": "assertion",
        "x-goog-iam-authorization-token": "access-token",
        "x-amzn-oidc-data": "id-token",
        "x-amzn-oidc-accesstoken": "access-token",
        "x-ms-token-aad-access-token": "access-token",
        "x-ms-token-aad-id-token": "id-token",
        "x-ms-token-aad-refresh-token": "refresh-token",
        "cf-access-client-secret": "client-secret",
        "cf-access-jwt-assertion": "assertion",
        "cf-access-token": "access-token",
        "private-token": "access-token",
        "job-token": "access-token",
        "x-gitlab-token": "access-token",
        "x-github-token": "access-token",
        "x-shopify-access-token": "access-token",
        "x-vault-token": "access-token",
        "x-consul-token": "access-token",
        "x-figma-token": "access-token",
        "x-csrf-token": "csrf-token",
        "x-csrftoken": "csrf-token",
        "x-xsrf-token": "csrf-token",
        "cookie": "cookie",
        "set-cookie": "cookie",
        "openai-organization": "organization",
        "openai-project": "project",
        "anthropic-organization-id": "organization",
        "x-goog-user-project": "project",
        "sec-websocket-protocol": "subprotocol",  # only the parts below; the protocol's own name stays
    }
)

# A browser can set no header on a WebSocket, so keys travel as subprotocols: start of the part -> role.
SECRET_SUBPROTOCOLS: Mapping[str, str] = MappingProxyType(
    {
        "openai-insecure-api-key.": "api-key",
        "openai-ephemeral-token.": "api-key",
        "openai-organization.": "organization",
        "openai-project.": "project",
        "base64url.bearer.authorization.k8s.io.": "authorization",
    }
)

# The end of a name, less ``_``, ``-``, ``.`` and case -> role; the longest end wins. One table for JSON members, form
# fields, XML elements, query pairs and headers: ``OPENAI_API_KEY``, ``openaiApiKey`` and ``x-openai-api-key`` are one.
# Not in it, on purpose: ``token`` (logprobs, eos_token, page_token, next_token), ``key``, ``signature`` (Anthropic's
# thinking blocks carry one that must come back), ``session_id``, ``encrypted_content``.
TELLING_ENDS: Mapping[str, str] = MappingProxyType(
    {
        "accesskey": "access-key",
        "accesskeyid": "access-key-id",
        "accesstoken": "access-token",
        "accountkey": "account-key",
        "actortoken": "actor-token",
        "apikey": "api-key",
        "apitoken": "api-token",
        "authkey": "api-key",
        "authtoken": "access-token",
        "bearertoken": "access-token",
        "clientassertion": "client-assertion",
        "clientsecret": "client-secret",
        "codeverifier": "code-verifier",
        "connectionstring": "connection-string",
        "csrftoken": "csrf-token",
        "devicecode": "device-code",
        "oauthtoken": "access-token",
        "passphrase": "password",
        "password": "password",
        "privatekey": "private-key",
        "refreshtoken": "refresh-token",
        "sastoken": "access-token",
        "samlresponse": "assertion",
        "secret": "secret",
        "secretaccesskey": "secret-access-key",
        "secretkey": "secret-key",
        "secretbinary": "secret",  # AWS Secrets Manager: JSON in a string
        "secretstring": "secret",
        "securitytoken": "session-token",
        "sessiontoken": "session-token",
        "sharedaccesskey": "account-key",
        "signingkey": "secret-key",
        "subjecttoken": "subject-token",
        "subscriptionkey": "api-key",
        "xsrftoken": "csrf-token",
    }
)
# Names that tell only as a whole: as an end they would hit too much.
TELLING_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "assertion": "assertion",
        "authorization": "authorization",
        "authorizationtoken": "access-token",  # of an MCP server in a messages request
        "idtoken": "id-token",
        "passwd": "password",
        "proxyauthorization": "authorization",
    }
)
_LONGEST_END = max(map(len, TELLING_ENDS))
_SHORTEST_END = min(map(len, TELLING_ENDS))


def flat_name(name: str) -> str:
    """A name in lower case without the marks that separate its words."""
    return name.lower().replace("_", "").replace("-", "").replace(".", "")


@lru_cache(maxsize=8192)
def secret_role(name: str) -> str | None:
    """The role of the text that goes by this name (of a JSON member, form field, element, header), or None."""
    flat = flat_name(name)
    if flat in TELLING_NAMES:
        return TELLING_NAMES[flat]
    for length in range(min(_LONGEST_END, len(flat)), _SHORTEST_END - 1, -1):
        if (role := TELLING_ENDS.get(flat[-length:])) is not None:
            return role
    return None


@lru_cache(maxsize=8192)
def header_role(name: str) -> str | None:
    """The role of a header's value, or None for a header that holds no secret."""
    lower = name.lower()
    return SECRET_HEADERS.get(lower) or secret_role(lower)


# Query pairs that are credentials on any host. ``page_token`` and its like are other names and stay.
QUERY_ROLES: Mapping[str, str] = MappingProxyType(
    {
        "access_token": "access-token",
        "accesstoken": "access-token",
        "api-key": "api-key",
        "api_key": "api-key",
        "apikey": "api-key",
        "auth_token": "access-token",
        "authorization": "authorization",
        "awsaccesskeyid": "access-key-id",
        "client_assertion": "client-assertion",
        "client_secret": "client-secret",
        "id_token": "id-token",
        "jwt": "access-token",
        "ocp-apim-subscription-key": "api-key",
        "password": "password",
        "refresh_token": "refresh-token",
        "secret": "secret",
        "sig": "signature",
        "signature": "signature",
        "subscription-key": "api-key",
        "token": "access-token",
        "x-amz-credential": "access-key-id",
        "x-amz-security-token": "session-token",
        "x-amz-signature": "signature",
        "x-api-key": "api-key",
        "x-goog-credential": "access-key-id",
        "x-goog-signature": "signature",
    }
)

# ``key`` is a key for Google only; elsewhere it is what gets looked up. Behind a base URL the host is not Google's, so
# the paths of the Gemini API count too.
_GOOGLE_HOST = ".googleapis.com"
_GOOGLE_PATH = re.compile(r"/(?:(?:up|down)load/)?v1(?:alpha|beta)\d*/|/v1/[^?#]*:[a-zA-Z]+(?:[?#]|$)")
# ``code`` is a login's when it comes back beside one of these; Azure Functions take their key by that name.
_FUNCTIONS_HOST = ".azurewebsites.net"
_BESIDE_CODE = frozenset({"state", "session_state", "iss", "redirect_uri", "grant_type"})


# Where an endpoint's whole purpose is a secret, names count that tell nothing elsewhere: pattern of the path -> members
# in answers, and in requests (an error's ``code`` in the answer is none).
_NO_MEMBERS: Mapping[str, str] = MappingProxyType({})
_TOKEN_MEMBERS: Mapping[str, str] = MappingProxyType({"token": "access-token", "jwt": "access-token"})
_VALUE_MEMBER: Mapping[str, str] = MappingProxyType({"value": "api-key"})
_ENDPOINTS: tuple[tuple[re.Pattern[str], Mapping[str, str], Mapping[str, str]], ...] = (
    (
        re.compile(
            r"/(?:token|access_tokens?|login|sign-?in|sessions?|auth|authenticate|authorize)/?$"
            r"|:generate(?:Id|Access)Token$"  # Google IAM
            r"|/security-credentials/|/v2/credentials/"  # AWS, for machines and containers
        ),
        _TOKEN_MEMBERS,
        MappingProxyType({**_TOKEN_MEMBERS, "code": "code"}),
    ),
    (re.compile(r"/(?:client_secrets|admin_api_keys)/?$"), _VALUE_MEMBER, _NO_MEMBERS),  # OpenAI
)


def query_pairs(url: str) -> tuple[tuple[str, str], ...]:
    """The query of a URL as (lower-case name, value) pairs, percent-decoded, in order."""
    query = url.partition("#")[0].partition("?")[2]
    parts = (pair.partition("=") for pair in query.split("&") if pair)
    return tuple((unquote_plus(name).lower(), unquote_plus(value)) for name, _, value in parts)


def may_be_secret_in_query(name: str) -> bool:
    """Whether a (lower-case) name can be a secret's in some URL: a cheap question before ``secret_query_names``."""
    return name in QUERY_ROLES or name in ("key", "code") or secret_role(name) is not None


def secret_query_names(url: str) -> dict[str, str]:
    """Those names in the query of a URL that hold secrets (lower case), each with its role."""
    names = {name for name, _ in query_pairs(url)}
    found = secret_field_names(names)
    if "key" in names and (host_of(url).endswith(_GOOGLE_HOST) or _GOOGLE_PATH.match(path_of(url))):
        found["key"] = "api-key"
    if "code" in names and host_of(url).endswith(_FUNCTIONS_HOST):
        found["code"] = "api-key"
    return found


def secret_field_names(names: Collection[str]) -> dict[str, str]:
    """Those of the (lower-case) names standing together in a query or a form that hold secrets, with their roles."""
    found = {name: role for name in names if (role := QUERY_ROLES.get(name) or secret_role(name)) is not None}
    if "code" in names and not _BESIDE_CODE.isdisjoint(names):
        found["code"] = "code"
    return found


def secret_members(url: str, *, of_request: bool) -> Mapping[str, str]:
    """JSON members (flat names, see ``flat_name``) that hold secrets at this endpoint only, each with its role."""
    path = path_of(url).partition("?")[0]
    for pattern, of_either, of_requests in _ENDPOINTS:
        if pattern.search(path):
            return of_requests if of_request else of_either
    return _NO_MEMBERS


def without_query(url: str, names: Collection[str]) -> str:
    """The URL less the query pairs with these (lower-case) names; the other pairs keep every character."""
    front, mark, rest = url.partition("?")
    if not mark or not names:
        return url
    query, hash_mark, fragment = rest.partition("#")
    kept = [pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]).lower() not in names]
    text = "&".join(kept)
    return f"{front}{'?' if text else ''}{text}{hash_mark}{fragment}"


def user_info(url: str) -> str | None:
    """What stands before the ``@`` of an absolute URL, as it is written; None where there is none."""
    rest = url.partition("://")[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0] if "@" in rest else ""
    return authority.rpartition("@")[0] if "@" in authority else None


def host_of(url: str) -> str:
    """The host of an absolute URL: lower case, without user info and port."""
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    return bare_host(authority.rpartition("@")[2])


def bare_host(host: str) -> str:
    """A host in lower case, without its port and the dot of the DNS root."""
    name = host.lower()
    if not name.startswith("["):
        name = name.partition(":")[0]
    return name.rstrip(".")


def path_of(url: str) -> str:
    """Path, query and fragment of an absolute URL."""
    return "/" + url.partition("://")[2].partition("/")[2]
