"""The proxy that the environment names for a URL, as a company's network does. Pure: variables come in as a mapping.

The rules: this machine is reached without a proxy; NO_PROXY excepts hosts, domains, addresses and networks, each with
a port or without; of both cases of a variable the lower one counts, as for curl.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from tokentape.address import port_of
from tokentape.forwarding.upstream import is_loopback

Scheme = Literal["http", "https"]
SPOKEN: tuple[Scheme, ...] = ("http", "https")
"""How we can speak to a proxy; SOCKS is not among them."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy: how it is spoken to (``http`` or ``https``), where it is, and the login it wants ("" for none)."""

    scheme: Scheme
    host: str
    port: int
    login: str = ""


def proxy_for(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy that a request to this URL goes through, or None."""
    where = urlsplit(url)
    host, port = where.hostname or "", port_of(where)
    if is_loopback(host) or is_exception(host, port, environ):
        return None
    return parse(_named(f"{where.scheme}_proxy", environ) or _named("all_proxy", environ))


def parse(text: str) -> Proxy | None:
    """A proxy as a variable has it; None for "", for what is no URL, and for kinds of proxies we can't speak to."""
    try:
        where = urlsplit(text if "://" in text else f"http://{text}")
        port = port_of(where)
    except ValueError:
        return None
    scheme = next((spoken for spoken in SPOKEN if spoken == where.scheme), None)
    if not where.hostname or scheme is None:
        return None
    login = f"{unquote(where.username)}:{unquote(where.password or '')}" if where.username else ""
    return Proxy(scheme, where.hostname, port, login)


def unusable(environ: Mapping[str, str]) -> Iterator[str]:
    """The variables that name a proxy which we can't go through."""
    for name in ("https_proxy", "http_proxy", "all_proxy"):
        given = _named(name, environ)
        # What is left for ALL_PROXY does not matter where the other one says it.
        if given and parse(given) is None and not (name == "all_proxy" and _named("https_proxy", environ)):
            yield name.upper()


def is_exception(host: str, port: int, environ: Mapping[str, str]) -> bool:
    """Does NO_PROXY name this host?"""
    return any(_covers(entry, host.lower(), port) for entry in _named("no_proxy", environ).lower().split(","))


def _covers(entry: str, host: str, port: int) -> bool:
    entry = entry.strip()
    domain, _, only = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
    if not domain or (only and only != str(port)):
        return False
    if domain == "*":
        return True
    network = _network(domain)
    if network is not None:
        address = _network(host)
        return address is not None and address.version == network.version and address[0] in network
    domain = domain.removeprefix("*").removeprefix(".")
    return host == domain or host.endswith(f".{domain}")


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return None


def _named(name: str, environ: Mapping[str, str]) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""
