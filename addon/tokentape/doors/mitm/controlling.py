"""The control endpoint at door 1: which flows are for it, and under what name they asked.

In ``reverse`` mode mitmproxy writes the API's name into the Host header before any addon sees the request; but the
name a client used is what tells a program from a web page. So it is asked to keep that header, and ``aim`` does what it
would have done for everything that is not for the endpoint.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mitmproxy import ctx, exceptions, http
from mitmproxy.net.http import url
from mitmproxy.proxy.mode_specs import ReverseMode

from tokentape.doors.launch import CA_FILE
from tokentape.doors.mitm import translate
from tokentape.engine import control
from tokentape.engine.engine import Engine
from tokentape.errors import BadSetting
from tokentape.forwarding.upstream import is_loopback
from tokentape.model import header
from tokentape.settings import PREFIX
from tokentape.wire.answers import Answer


def is_for_it(flow: http.HTTPFlow) -> bool:
    """Whether a flow is for the control endpoint."""
    path = flow.request.path
    return control.concerns(flow.request.host, path, base_url=path.startswith("/-/") and is_base_url(flow))


def is_base_url(flow: http.HTTPFlow) -> bool:
    """Whether the client takes us for the API."""
    return isinstance(flow.client_conn.proxy_mode, ReverseMode) or is_to_the_proxy(flow)


def is_to_the_proxy(flow: http.HTTPFlow) -> bool:
    """Whether a plain request names the proxy's own address, as a client does that takes us for the API."""
    ours = flow.client_conn.sockname
    if ours is None or flow.request.port != ours[1] or flow.request.scheme != "http":
        return False
    return flow.request.host == ours[0] or is_loopback(flow.request.host)


async def answer(flow: http.HTTPFlow, engine: Engine, *, own_options: bool, local: bool) -> Answer:
    """The endpoint's answer. ``own_options`` says that the settings are not mitmproxy's to keep."""
    request = translate.request_from(flow.request, engine.settings.max_body)
    if header(request.headers, "host") is None:
        request = replace(request, headers=(*request.headers, ("Host", flow.request.host_header or "")))
    ca_file = Path(ctx.options.confdir).expanduser() / CA_FILE
    return await control.Control(engine, ca_file, None if own_options else _change).answer(request, local=local)


def aim(flow: http.HTTPFlow) -> None:
    """In reverse mode: put the API's name into the Host header."""
    address = flow.server_conn.address
    if isinstance(flow.client_conn.proxy_mode, ReverseMode) and address is not None:
        flow.request.host_header = url.hostport("https" if flow.server_conn.tls else "http", *address[:2])


def _change(values: Mapping[str, str]) -> None:
    """Set options where a person sees them too, in mitmweb for one. Raises BadSetting."""
    try:
        ctx.options.update(**{PREFIX + name: value for name, value in values.items()})
    except exceptions.OptionsError as error:
        raise BadSetting(str(error)) from error
