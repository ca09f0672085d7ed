"""Run mitmweb with our defaults: on this machine only, a browser only if asked, the words of each flow in view.

It is mitmproxy's own master with the addon that ``mitmweb -s`` loads, so every option can be changed while it runs.
"""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mitmproxy import options
from mitmproxy.tools.web.master import WebMaster

from tokentape.doors.launch import Launch, cant_listen
from tokentape.doors.mitm.addon import Tokentape
from tokentape.doors.mitm.guard import Guard
from tokentape.doors.mitm.proxy import Running, configure, less_chatty, listening


@asynccontextmanager
async def running_in_mitmweb(
    launch: Launch, web_host: str, web_port: int, *, opened: bool = False
) -> AsyncIterator[Running]:
    """A proxy in mitmweb that listens until the block is left. Raises TokentapeError when it can't start.

    Settings are read from ``launch.environ``, as mitmproxy's own tools do; ``web_port`` 0 takes a free port.
    """
    port = _free(web_host, web_port)
    view = WebMaster(options.Options(), with_termlog=False)
    # It ends the process when an error was logged at the start; we raise ours, with a hint.
    view.addons.remove(view.addons.get("errorcheck"))
    guard = Guard()
    addon = Tokentape(launch.environ, guard=guard)
    view.addons.add(addon, guard)
    view.options.update(web_host=web_host, web_port=port, web_open_browser=opened)
    with less_chatty():
        configure(view, launch)
        if addon.failure is not None:
            raise addon.failure
        async with listening(view, launch, guard) as proxy:
            proxy.page = view.web_url
            yield proxy


def _free(host: str, port: int) -> int:
    """The port, if nothing listens there; for 0 one that is free. Raises LaunchTrouble.

    mitmweb would find out only when the proxy listens already.
    """
    try:
        with socket.create_server((host, port)) as server:
            found: int = server.getsockname()[1]
            return found
    except OSError as error:
        raise cant_listen(host, port, error, "--web-port") from error
