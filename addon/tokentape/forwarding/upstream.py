"""Where a recorded request is sent, and with whose key.

The rules: a provider's key from the proxy's environment goes to that provider's own hosts, or to a target the user
named that is https or on this machine, and only for clients on this machine; nothing of ours goes upstream.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from tokentape import names
from tokentape.address import authority, port_of
from tokentape.facts import providers
from tokentape.model import Headers, Request, header, without
from tokentape.settings import Settings

# What a program can do besides setting a variable; whoever sends a recorded request again can not.
OR_YOUR_OWN = " for the proxy, or send your own key with the request"
_IN_PIECES = (
    "a made-up key signed its body piece by piece ({}), and only the whole can be signed again: "
    "let the client sign it as a whole, or with your own credentials"
)
_NEVER_UPSTREAM = (*names.OURS, "Proxy-Authorization", "Proxy-Connection")


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a request would go. ``obstacle`` says why it can't be recorded there ("" if it can); it holds no secret."""

    url: str
    headers: Headers
    obstacle: str = ""


def plan(request: Request, settings: Settings, environ: Mapping[str, str], *, local: bool, now: float = 0.0) -> Plan:
    """Where to send a request that is to be recorded, and what it lacks. ``now`` is the time of signing, in seconds
    since 1970, for what AWS wants signed."""
    asked = urlsplit(request.url)
    target = _mapped(asked, settings)
    headers = cleaned(request.headers)
    if target is not None:
        headers = tuple((name, target.netloc) if name.lower() == "host" else (name, value) for name, value in headers)
        path = (target.path.rstrip("/") + asked.path) or "/"
        url = target._replace(path=path, query=asked.query).geturl()
    else:
        url = request.url
    if (
        resigned := _resigned(replace(request, url=url, headers=headers), asked, target, environ, now, local)
    ) is not None:
        return resigned
    provider = providers.provider_of(asked.hostname or "")
    if provider is None or _is_preflight(request) or providers.has_credential(headers, request.url, provider):
        return Plan(url, headers)
    key = providers.key_from(environ, provider)
    barrier = _barrier(provider, asked, target, environ, local=local) if key else ""
    if key and not barrier:
        keyed_headers, keyed_url = providers.with_key(headers, url, provider, key)
        return Plan(keyed_url, keyed_headers)
    if target is not None and providers.has_any_credential(headers, request.url):
        return Plan(url, headers)
    wanted = " or ".join(provider.env_keys)
    if barrier:
        return Plan(url, headers, f"{wanted} is not used {barrier}")
    lacks = f"no credential for {provider.name} at hand"
    if providers.has_any_credential(headers, request.url):
        lacks = f"the key that was sent does not look like one of {provider.name}'s, and there is none at hand"
    return Plan(url, headers, f"{lacks}: {_advice(wanted)}")


def _resigned(
    request: Request,
    asked: SplitResult,
    target: SplitResult | None,
    environ: Mapping[str, str],
    now: float,
    local: bool,
) -> Plan | None:
    """The plan for a request to AWS that a made-up key signed, where the environment holds real credentials; None
    where it is not for us to sign."""
    host = (asked.hostname or "").lower()
    if not providers.AWS_HOST.fullmatch(host):
        return None
    from tokentape.forwarding import sigv4  # most never ask AWS

    credentials = sigv4.credentials_from(environ)
    # A bearer token is another way in, and the client's own affair.
    bearer = (header(request.headers, "authorization") or "").lower().startswith("bearer ")
    if credentials is None or bearer or sigv4.is_signed_in_earnest(request.headers):
        return None
    scope = sigv4.scope_of(request.headers, host)
    if scope is None:
        return None
    if barrier := _where_not(asked, target, local=local):
        return Plan(request.url, request.headers, f"AWS_ACCESS_KEY_ID is not used {barrier}")
    if declared := sigv4.signed_in_pieces(request.headers):
        return Plan(request.url, request.headers, _IN_PIECES.format(declared))
    headers = sigv4.signed(request.method, request.url, request.headers, request.body, credentials, scope, now)
    return Plan(request.url, headers)


def _advice(variables: str) -> str:
    return f"set {variables}{OR_YOUR_OWN}" if variables else "send your own key with the request"


def cleaned(headers: Headers) -> Headers:
    """The client's headers less everything that is between the client and us."""
    return without(headers, _NEVER_UPSTREAM)


def _mapped(asked: SplitResult, settings: Settings) -> SplitResult | None:
    targets = dict(settings.upstream)
    named = authority(asked.hostname or "", port_of(asked))
    target = targets.get(named) or targets.get(named.rpartition(":")[0])
    return urlsplit(target) if target else None


def _barrier(
    provider: providers.Provider,
    asked: SplitResult,
    target: SplitResult | None,
    environ: Mapping[str, str],
    *,
    local: bool,
) -> str:
    """Why a key from the environment must not go there; "" if it may."""
    if barrier := _where_not(asked, target, local=local):
        return barrier
    if target is None and provider.endpoint_env:
        own = urlsplit(environ.get(provider.endpoint_env, "")).hostname
        return "" if own and own == asked.hostname else f"for a host that {provider.endpoint_env} does not name"
    return ""


def _where_not(asked: SplitResult, target: SplitResult | None, *, local: bool) -> str:
    """Why no secret of ours must go there, whosever it is; "" if one may."""
    if not local:
        return "for a client that is not on this machine"
    if target is not None:
        fit = target.scheme == "https" or is_loopback(target.hostname or "")
        return "" if fit else "for a target that is neither https nor on this machine"
    return "" if asked.scheme == "https" else "over plain http"


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_preflight(request: Request) -> bool:
    """A CORS preflight: a browser sends it without credentials, so it needs none (WHATWG Fetch, 4.8)."""
    headers = request.headers
    return request.method == "OPTIONS" and bool(
        header(headers, "origin") and header(headers, "access-control-request-method")
    )
