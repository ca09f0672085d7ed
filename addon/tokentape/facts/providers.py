"""What is known about LLM APIs, as tables: providers, their hosts, where keys go and how they look, what varies.

Rules kept here: data and look-ups only; no I/O, no environment (a function that needs it takes it as an argument).
Names are lower case; hosts and header names compare without case.

A **shape** is what keys of a provider look like, loose enough to live through a new key format. A value that is
obviously made up (``unused``, ``sk-test-...``, ``xxxx``, one of our own placeholders) has no shape: see ``is_dummy``.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from tokentape.facts.places import (
    bare_host,
    header_role,
    path_of,
    query_pairs,
    secret_query_names,
    without_query,
)
from tokentape.model import Headers, header_values

__all__ = [
    "AWS_HOST",
    "BEDROCK_HOST",
    "PROVIDERS",
    "TRACE_HEADERS",
    "VARYING",
    "VARYING_HEADERS",
    "VARYING_HEADER_PREFIXES",
    "VARYING_QUERY_KEYS",
    "KeyPlace",
    "Provider",
    "Varying",
    "canonical_host",
    "has_any_credential",
    "has_credential",
    "is_dummy",
    "is_varying",
    "key_from",
    "provider_of",
    "says_dummy",
    "with_key",
]


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """A place of a request where a provider takes a key: the header (or query pair) ``name``, after ``prefix``."""

    name: str
    shape: re.Pattern[str]
    prefix: str = ""
    in_query: bool = False


@dataclass(frozen=True, slots=True)
class Provider:
    """An API we know. ``places[0]`` is where a key from the environment goes; ``env_keys`` are tried in order.

    ``bearer_paths`` are the starts of paths (an OpenAI-compatible corner of another API) that take the key as
    ``Authorization: Bearer`` instead. ``endpoint_env`` names the variable that holds the one host which may get the
    key, for a provider whose hosts belong to its customers. ``alias`` is what all hosts are called when compared.
    """

    name: str
    places: tuple[KeyPlace, ...]
    hosts: frozenset[str] = frozenset()
    host_suffixes: tuple[str, ...] = ()
    host_pattern: re.Pattern[str] | None = None
    env_keys: tuple[str, ...] = ()
    endpoint_env: str = ""
    bearer_paths: tuple[str, ...] = ()
    alias: str = ""

    @property
    def credential_header(self) -> str:
        """The header that an environment key goes into."""
        return self.places[0].name

    @property
    def credential_prefix(self) -> str:
        """What stands before the key in that header, as ``Bearer ``."""
        return self.places[0].prefix

    def owns(self, host: str) -> bool:
        """Whether ``host`` (lower case, no port) is one of this provider's."""
        if host in self.hosts or host.endswith(self.host_suffixes):
            return True
        return self.host_pattern is not None and self.host_pattern.fullmatch(host) is not None


_JWT = r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*"
_GOOGLE_KEY = r"AIza[\w-]{30,}|AQ\.[\w-]{20,}"
_GOOGLE_TOKEN = rf"ya29\.[\w.-]{{20,}}|{_JWT}"
_SIGV4 = r"Credential=(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}/.+Signature=[0-9a-f]{64}"


AWS_HOST = re.compile(r"(?:[a-z0-9-]+\.)+(?:amazonaws\.com(?:\.cn)?|api\.aws)")
"""A host of AWS's own, in lower case and without a port."""

BEDROCK_HOST = re.compile(r"bedrock[a-z-]*\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)")
"""A host of Bedrock; the group is its region."""


def _header(name: str, shape: str, prefix: str = "") -> KeyPlace:
    return KeyPlace(name, re.compile(shape, re.ASCII), prefix)


def _query(name: str, shape: str) -> KeyPlace:
    return KeyPlace(name, re.compile(shape, re.ASCII), in_query=True)


def _bearer(shape: str) -> KeyPlace:
    return _header("authorization", shape, "Bearer ")


def _plain(name: str, shape: str, *hosts: str) -> Provider:
    """A provider that takes a bearer key on fixed hosts, and for whom we read no environment variable."""
    return Provider(name, (_bearer(shape),), frozenset(hosts))


# Key shapes: from the providers' own documents where they say one, else from the public rule sets of secret scanners.
PROVIDERS: tuple[Provider, ...] = (
    Provider(
        "openai",
        # sk-, sk-proj-, sk-svcacct-, sk-admin-; sess- of a browser; ek_ for the realtime API; a federated token.
        (_bearer(rf"sk-[\w-]{{20,}}|sess-\w{{20,}}|ek_\w{{20,}}|{_JWT}"),),
        frozenset({"api.openai.com"}),
        (".api.openai.com",),  # the regions: eu.api.openai.com, us.api.openai.com, ...
        env_keys=("OPENAI_API_KEY",),
    ),
    Provider(
        "azure",
        (
            _header("api-key", r"[0-9a-fA-F]{32}|[A-Za-z0-9]{84}"),
            _bearer(rf"{_JWT}|[0-9a-fA-F]{{32}}|[A-Za-z0-9]{{84}}"),  # Entra; /openai/v1 takes the key here as well
        ),
        host_suffixes=tuple(
            f".{service}.azure.{cloud}"
            for service in ("openai", "cognitiveservices", "services.ai")
            for cloud in ("com", "us", "cn")
        ),
        env_keys=("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_KEY"),
        endpoint_env="AZURE_OPENAI_ENDPOINT",
        alias="resource-name.cognitiveservices.azure.com",  # the host in the recordings of the Envoy AI Gateway
    ),
    Provider(
        "anthropic",
        (_header("x-api-key", r"sk-ant-[\w-]{20,}"), _bearer(r"sk-ant-[\w-]{20,}")),
        frozenset({"api.anthropic.com"}),
        env_keys=("ANTHROPIC_API_KEY",),
        bearer_paths=("/v1/chat/completions",),
    ),
    Provider(
        "gemini",
        (
            _header("x-goog-api-key", _GOOGLE_KEY),
            _query("key", _GOOGLE_KEY),
            _bearer(rf"{_GOOGLE_KEY}|{_GOOGLE_TOKEN}"),
        ),
        frozenset({"generativelanguage.googleapis.com"}),
        env_keys=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        bearer_paths=("/v1beta/openai/", "/v1/openai/"),
    ),
    Provider(
        "vertex",
        (_bearer(_GOOGLE_TOKEN), _header("x-goog-api-key", _GOOGLE_KEY), _query("key", _GOOGLE_KEY)),
        host_pattern=re.compile(r"(?:[a-z0-9-]+-)?aiplatform\.googleapis\.com"),
    ),
    Provider(
        "bedrock",
        (
            _header("authorization", _SIGV4, "AWS4-HMAC-SHA256 "),
            _bearer(r"bedrock-api-key-[\w+/=-]{20,}|ABSK[\w+/=-]{20,}"),
        ),
        host_pattern=BEDROCK_HOST,
    ),
    _plain("mistral", r"[A-Za-z0-9]{32}", "api.mistral.ai", "codestral.mistral.ai"),
    _plain("cohere", r"[A-Za-z0-9]{40}", "api.cohere.com", "api.cohere.ai"),
    _plain("groq", r"gsk_\w{20,}", "api.groq.com"),
    _plain("together", r"[0-9a-f]{64}|tgp_v1_[\w-]{20,}", "api.together.xyz", "api.together.ai"),
    _plain("openrouter", r"sk-or-[\w-]{20,}", "openrouter.ai"),
    _plain("deepseek", r"sk-[0-9a-f]{32}", "api.deepseek.com"),
    _plain("xai", r"xai-\w{20,}", "api.x.ai"),
    _plain("perplexity", r"pplx-\w{20,}", "api.perplexity.ai"),
    _plain("fireworks", r"fw_\w{20,}|[A-Za-z0-9]{48}", "api.fireworks.ai"),
    _plain("huggingface", r"hf_\w{20,}|api_org_\w{20,}", "router.huggingface.co", "api-inference.huggingface.co"),
    _plain("cerebras", r"csk-\w{20,}", "api.cerebras.ai"),
    _plain("nvidia", r"nvapi-[\w-]{20,}", "integrate.api.nvidia.com"),
)


@lru_cache(maxsize=4096)
def provider_of(host: str) -> Provider | None:
    """The provider whose API answers at ``host`` (with or without a port), or None."""
    name = bare_host(host)
    return next((provider for provider in PROVIDERS if provider.owns(name)), None)


def canonical_host(host: str) -> str:
    """The name by which a host is compared: lower case; every Azure resource host is one alias; the port stays."""
    provider = provider_of(host)
    lower = host.lower()
    if provider is None or not provider.alias:
        return lower
    _, colon, port = lower.partition(":")
    return f"{provider.alias}{colon}{port}"


# --- which values are keys

# What a secret header may hold that lets a request through; a cookie or the id of an organisation does not.
KEY_ROLES = frozenset({"authorization", "api-key", "access-token", "api-token", "session-token", "client-secret"})

# A word of a made-up key, where words are what punctuation separates: sk-test-1234, your_api_key_here, fake-key.
_DUMMY_WORDS = frozenset(
    {"changeme", "demo", "dummy", "empty", "example", "fake", "here", "insert", "invalid", "missing", "mock", "none"}
    | {"noop", "not", "nothing", "null", "placeholder", "redacted", "sample", "test", "testing", "tests", "todo"}
    | {"undefined", "unset", "unused", "your"}
)


def is_dummy(key: str) -> bool:
    """Whether a key is obviously made up: a telling word in it, hardly any variety, or neither digit nor capital.

    Keys are random: 20 characters without a digit and without a capital letter do not happen, nor do fewer than six
    different characters. Our own placeholders are dummies too, so that a replayed login never counts as a key.
    """
    return len(set(key)) < 6 or not any(letter.isdigit() or letter.isupper() for letter in key) or says_dummy(key)


def says_dummy(value: str) -> bool:
    """Whether a value says of itself that it is made up: a telling word in it, or that it is of ours."""
    lower = value.lower()
    return "tokentape" in lower or not _DUMMY_WORDS.isdisjoint(re.split(r"[^a-z0-9]+", lower))


def _values_at(place: KeyPlace, headers: Headers, url: str) -> Iterable[str]:
    """The values at one place, less the prefix; a value without the prefix is not at that place."""
    if place.in_query:
        yield from (value for name, value in query_pairs(url) if name == place.name)
        return
    for value in header_values(headers, place.name):
        text = value.strip()
        if text[: len(place.prefix)].lower() == place.prefix.lower():
            yield text[len(place.prefix) :].strip()


def has_credential(headers: Headers, url: str, provider: Provider) -> bool:
    """Whether the request has a key of that provider's shape, at one of that provider's places."""
    return any(
        place.shape.fullmatch(value) is not None and not is_dummy(value)
        for place in provider.places
        for value in _values_at(place, headers, url)
    )


def has_any_credential(headers: Headers, url: str) -> bool:
    """Whether the request has anything at all where keys go, whatever it looks like.

    For hosts that the user sends elsewhere: a local model takes ``ollama`` for a key.
    """
    if any(value.strip() and header_role(name) in KEY_ROLES for name, value in headers):
        return True
    names = secret_query_names(url)
    return any(value and name in names for name, value in query_pairs(url))


def key_from(environ: Mapping[str, str], provider: Provider) -> str | None:
    """The provider's key in an environment: the first variable that is set to something that is not one dummy word.

    No shape is asked for: whoever sets the variable means it, and ``unused`` is what people set where no key is needed.
    """
    values = (environ.get(name, "").strip() for name in provider.env_keys)
    return next((value for value in values if value and value.lower() not in _DUMMY_WORDS), None)


def with_key(headers: Headers, url: str, provider: Provider, key: str) -> tuple[Headers, str]:
    """Headers and URL with ``key`` in place of whatever the client had at any place of this provider."""
    names = {place.name for place in provider.places if not place.in_query}
    kept = [(name, value) for name, value in headers if name.lower() not in names]
    first = next((index for index, (name, _) in enumerate(headers) if name.lower() in names), len(kept))
    if provider.bearer_paths and path_of(url).startswith(provider.bearer_paths):
        kept.insert(first, ("authorization", f"Bearer {key}"))
    else:
        kept.insert(first, (provider.credential_header, provider.credential_prefix + key))
    return tuple(kept), without_query(url, {place.name for place in provider.places if place.in_query})


# --- what varies and never tells two requests apart


@dataclass(frozen=True, slots=True)
class Varying:
    """A header (with ``in_query``: a query pair) that is never part of a form; a final ``*`` stands for any rest."""

    name: str
    reason: str
    in_query: bool = False


VARYING: tuple[Varying, ...] = (
    Varying("x-stainless-*", "the OpenAI and Anthropic SDKs tell of their runtime, retries and timeouts"),
    Varying("user-agent", "names the client's version"),
    Varying("x-goog-api-client", "names the client's version"),
    Varying("x-ms-useragent", "names the client's version"),
    Varying("x-amz-user-agent", "names the client's version"),
    Varying("openai-client-user-agent", "names the client's version"),
    Varying("x-openai-client-user-agent", "names the client's version"),
    Varying("traceparent", "W3C trace id, new with each request"),
    Varying("tracestate", "W3C trace state, new with each request"),
    Varying("baggage", "OpenTelemetry context, new with each request"),
    Varying("sentry-trace", "trace id, new with each request"),
    Varying("b3", "Zipkin trace id, new with each request"),
    Varying("x-b3-*", "Zipkin trace id, new with each request"),
    Varying("uber-trace-id", "Jaeger trace id, new with each request"),
    Varying("x-datadog-*", "trace id, new with each request"),
    Varying("x-cloud-trace-context", "trace id, new with each request"),
    Varying("x-amzn-trace-id", "trace id, new with each request"),
    Varying("idempotency-key", "new with each request"),
    Varying("x-idempotency-key", "new with each request"),
    Varying("x-request-id", "new with each request"),
    Varying("request-id", "new with each request"),
    Varying("x-correlation-id", "new with each request"),
    Varying("x-client-request-id", "new with each request"),
    Varying("x-ms-client-request-id", "new with each request"),
    Varying("amz-sdk-invocation-id", "new with each request"),
    Varying("amz-sdk-request", "counts the attempts of the AWS SDK"),
    Varying("x-amz-date", "the time of signing"),
    Varying("x-amz-content-sha256", "part of the signature; the body is compared itself"),
    Varying("date", "the time of sending"),
    Varying("content-length", "follows from the body"),
    Varying("x-amz-algorithm", "part of a signed URL", in_query=True),
    Varying("x-amz-date", "the time of signing", in_query=True),
    Varying("x-amz-expires", "part of a signed URL", in_query=True),
    Varying("x-amz-signedheaders", "part of a signed URL", in_query=True),
    Varying("x-goog-algorithm", "part of a signed URL", in_query=True),
    Varying("x-goog-date", "the time of signing", in_query=True),
    Varying("x-goog-expires", "part of a signed URL", in_query=True),
    Varying("x-goog-signedheaders", "part of a signed URL", in_query=True),
)
VARYING_HEADERS: frozenset[str] = frozenset(
    row.name for row in VARYING if not row.in_query and not row.name.endswith("*")
)
VARYING_HEADER_PREFIXES: tuple[str, ...] = tuple(row.name[:-1] for row in VARYING if row.name.endswith("*"))
VARYING_QUERY_KEYS: frozenset[str] = frozenset(row.name for row in VARYING if row.in_query)

# Of those, the trace ids: no secret, but they say who called when, so they are not kept in a cassette either.
TRACE_HEADERS: frozenset[str] = frozenset(
    {"b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-parentspanid", "x-b3-flags", "traceparent"}
    | {"tracestate", "baggage", "sentry-trace", "uber-trace-id", "x-cloud-trace-context", "x-amzn-trace-id"}
    | {"x-datadog-trace-id", "x-datadog-parent-id", "x-datadog-tags", "x-datadog-origin", "x-datadog-sampling-priority"}
)


def is_varying(header_name: str) -> bool:
    """Whether a request header never tells two requests apart."""
    lower = header_name.lower()
    return lower in VARYING_HEADERS or lower.startswith(VARYING_HEADER_PREFIXES)
