"""The way out through a proxy that the environment names: what is recorded goes there, as the program itself would.

The rule: it never leads back to us. A shell may have exported our own address, for the programs that are to be
recorded, before we were started in it.
"""

import base64
from collections.abc import Mapping

from mitmproxy import ctx, http
from mitmproxy.connection import Address
from mitmproxy.proxy.mode_specs import UpstreamMode

from tokentape.forwarding import proxies
from tokentape.forwarding.upstream import is_loopback

_ANY = ("", "0.0.0.0", "::")


class Outward:
    """Leads flows to a proxy, and shows it the login that it wants."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        # Of every proxy that we led to; empty where it wants none.
        self._logins: dict[Address, str] = {}

    def lead(self, flow: http.HTTPFlow, url: str) -> Address | None:
        """Send a flow that is bound for ``url`` through the proxy for it; the proxy's address, or None without one."""
        if not isinstance(flow.client_conn.proxy_mode, UpstreamMode):
            proxy = proxies.proxy_for(url, self._environ)
            if proxy is None or _is_us(proxy):
                self._lead_back(flow)
                return None
            flow.server_conn.via = (proxy.scheme, (proxy.host, proxy.port))
            self._logins[proxy.host, proxy.port] = proxy.login
        # In mode upstream mitmproxy has said where to, and shows the login of its own option.
        return flow.server_conn.via[1] if flow.server_conn.via is not None else None

    def _lead_back(self, flow: http.HTTPFlow) -> None:
        # Flows of plain HTTP on one client connection share it: the proxy of one host must not see the next.
        via = flow.server_conn.via
        if via is not None and via[1] in self._logins:
            flow.server_conn.via = None

    def log_in(self, flow: http.HTTPFlow) -> None:
        """Put the proxy's login into our CONNECT to it."""
        login = self._logins.get(flow.server_conn.address or ("", 0))
        if login:
            encoded = base64.b64encode(login.encode()).decode()
            flow.request.headers["Proxy-Authorization"] = f"Basic {encoded}"


def _is_us(proxy: proxies.Proxy) -> bool:
    """Whether a proxy's address is one that we listen on."""
    for host, port, *_ in ctx.master.addons.get("proxyserver").listen_addrs():
        if port == proxy.port and (proxy.host == host or (is_loopback(proxy.host) and _is_here(host))):
            return True
    return False


def _is_here(host: str) -> bool:
    return host in _ANY or is_loopback(host)
