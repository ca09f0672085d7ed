"""The variables that send a program through the proxy and make it trust the proxy's certificates: one table.

Pure: the environment comes in as a mapping, and a new one goes out. Measured with the clients named in the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tokentape.facts import PROVIDERS, Provider


@dataclass(frozen=True, slots=True)
class Trust:
    """A variable that names a file of trusted roots, and who reads it."""

    variable: str
    readers: str


# A runtime reads its own variable and often no other, hence all of them, each with the same whole bundle.
TRUST: tuple[Trust, ...] = (
    Trust("SSL_CERT_FILE", "Python's ssl (httpx, urllib, aiohttp, the OpenAI and Anthropic SDKs), Go, Ruby, OpenSSL"),
    Trust("REQUESTS_CA_BUNDLE", "requests"),
    Trust("CURL_CA_BUNDLE", "curl, requests"),
    Trust("NODE_EXTRA_CA_CERTS", "Node"),
    Trust("AWS_CA_BUNDLE", "boto3, the AWS command line"),
    Trust("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "gRPC"),
    Trust("GIT_SSL_CAINFO", "git"),
    Trust("PIP_CERT", "pip"),
    Trust("CARGO_HTTP_CAINFO", "cargo"),
    Trust("DENO_CERT", "Deno"),
)

# ALL_PROXY too: a SOCKS proxy left in it would be taken for what HTTPS_PROXY does not cover.
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def environment(base: Mapping[str, str], proxy_url: str, ca_bundle: str) -> dict[str, str]:
    """``base`` with every variable that a program needs to go through the proxy at ``proxy_url``.

    ``ca_bundle`` is the path of a file with the usual roots and the proxy's own. Both cases of a proxy variable are
    set: curl reads ``http_proxy`` in lower case only, others look at either first.
    """
    exceptions = ",".join(no_proxy(base))
    proxies = dict.fromkeys(PROXIES, proxy_url) | {"NO_PROXY": exceptions}
    return {
        **base,
        **proxies,
        **{name.lower(): value for name, value in proxies.items()},
        **dict.fromkeys((trust.variable for trust in TRUST), ca_bundle),
        # Node's own fetch looks at the proxy variables only when told to (from Node 24 on).
        "NODE_USE_ENV_PROXY": "1",
    }


def no_proxy(base: Mapping[str, str]) -> tuple[str, ...]:
    """What goes past the proxy: the exceptions of the environment and loopback, each once.

    Exceptions that cover an LLM API are left out: with them the program would reach the network unseen, in replay too.
    """
    named = [entry.strip() for key in ("NO_PROXY", "no_proxy") for entry in base.get(key, "").split(",")]
    kept = [entry for entry in named if entry and not covers_provider(entry)]
    return tuple(dict.fromkeys([*kept, *LOOPBACK]))


def covers_provider(entry: str) -> bool:
    """Does an entry of ``NO_PROXY`` (``*``, ``openai.com``, ``.openai.com``, ``api.openai.com:443``) take in an API?"""
    domain = entry.lower().removesuffix(":443").lstrip("*").lstrip(".")
    return not domain or any(_covers(domain, provider) for provider in PROVIDERS)


def _covers(domain: str, provider: Provider) -> bool:
    if provider.owns(domain):
        return True
    return any(f".{host.lstrip('.')}".endswith(f".{domain}") for host in (*provider.hosts, *provider.host_suffixes))
