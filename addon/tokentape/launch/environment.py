"""The variables that send a program through the proxy and make it trust the proxy's certificates: one table.

Pure: the environment comes in as a mapping, and a new one goes out. Options of a runtime that are there already stay,
and ours come behind them. Measured with the clients named in the table.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tokentape.facts.providers import PROVIDERS, Provider
from tokentape.launch import java


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
    Trust("HTTPLIB2_CA_CERTS", "httplib2 (Google's older API client)"),
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


# Loaded into every Node program; it says itself what it does.
NODE_PRELOAD = Path(__file__).with_name("node.cjs")


def environment(base: Mapping[str, str], proxy_url: str, ca_bundle: str, java_store: str = "") -> dict[str, str]:
    """``base`` with every variable that a program needs to go through the proxy at ``proxy_url``.

    ``ca_bundle`` is the path of a file with the usual roots and the proxy's own, ``java_store`` that of a PKCS #12 file
    with the same. Both cases of a proxy variable are set: curl reads ``http_proxy`` in lower case only, others look at
    either first.
    """
    exceptions = no_proxy(base)
    proxies = dict.fromkeys(PROXIES, proxy_url) | {"NO_PROXY": ",".join(exceptions)}
    return {
        **base,
        **proxies,
        **{name.lower(): value for name, value in proxies.items()},
        **dict.fromkeys((trust.variable for trust in TRUST), ca_bundle),
        # Should the program's own scripts replace NODE_OPTIONS: newer versions of Node can do without our file.
        "NODE_USE_ENV_PROXY": "1",
        "NODE_OPTIONS": _with(base.get("NODE_OPTIONS", ""), f"--require {json.dumps(str(NODE_PRELOAD))}"),
        # litellm's way to have aiohttp look at the variables above.
        "AIOHTTP_TRUST_ENV": "True",
        "JAVA_TOOL_OPTIONS": _with(base.get("JAVA_TOOL_OPTIONS", ""), java.options(proxy_url, exceptions, java_store)),
    }


def _with(given: str, ours: str) -> str:
    """Options put behind those that are there already, where the later one counts; once, if they are the same."""
    return given if ours in given else f"{given} {ours}".strip()


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
