"""The door to mitmproxy's insides: what no hook can do is put in place here, if this mitmproxy is one we know.

The rule: only ``stream`` and ``trailers`` touch what mitmproxy does not document; they are tried when the proxy
starts. If they don't fit, the proxy runs without them and says so: a replayed stream comes at once and whole, and an
API that can't be reached is answered by mitmproxy's own page.
"""

import importlib
import logging
from typing import Any, Protocol

from mitmproxy import connection, http

from tokentape.wire.answers import Answer

log = logging.getLogger("tokentape")

_PATCHES = ("tokentape.doors.mitm.stream", "tokentape.doors.mitm.trailers")


class Serving(Protocol):
    """What mitmproxy's layers ask us for."""

    def unreachable(self, flow: http.HTTPFlow, why: str) -> http.Response | None:
        """The answer to a flow whose upstream failed for this reason; None leaves mitmproxy's own."""

    def paced(self, flow: http.HTTPFlow) -> Answer | None:
        """The answer, if this flow's is to be sent by a plan; None sends its response at once."""

    def broken(self, flow: http.HTTPFlow, by_client: bool) -> None:
        """The flow breaks off, and this side began it."""

    def reset(self, client: connection.Client) -> None:
        """Have the end of this connection, which follows, be a reset."""


def install(serving: Serving) -> bool:
    """Put our layers in the place of mitmproxy's. False where they don't fit: then nothing is replaced."""
    misfit = fits()
    if misfit:
        log.warning("this mitmproxy is unknown inside (%s): streams are replayed whole, without pace", misfit)
        return False
    for name in _PATCHES:
        _module(name).install(serving)
    return True


def fits() -> str:
    """What of mitmproxy's insides is not as we know it; empty where all is."""
    for name in _PATCHES:
        try:
            missing = _module(name).missing()
        except (ImportError, AttributeError) as error:
            return str(error)
        if missing:
            return f"{missing} is gone"
    return ""


def _module(name: str) -> Any:
    return importlib.import_module(name)
