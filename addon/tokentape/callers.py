"""Who may ask the control endpoint: programs on this machine, and never a web page. Pure.

A page can make a browser send a request here, under a name of its own that leads to 127.0.0.1 (DNS rebinding) or from
another origin. So the rules are: the host that was asked for is ours or loopback; a request that a page of another
origin sent is refused; what changes something needs a header that a page can't send without a preflight; and preflights
are refused like anything else, for there is no CORS.
"""

from urllib.parse import SplitResult, urlsplit

from tokentape.errors import TokentapeError
from tokentape.forwarding.upstream import is_loopback
from tokentape.model import Request, header, header_values

HOST = "tokentape.test"
PREFIX = "/-/tokentape"
HEADER = "X-Tokentape"


def concerns(host: str, path: str, *, base_url: bool) -> bool:
    """Whether a request is for the endpoint: to its host through the proxy, or below its path on a base URL.

    ``host`` is where the request is to go, ``base_url`` says that the client spoke to us as if we were the API.
    """
    if host.lower().rstrip(".") == HOST:
        return True
    return base_url and (path.startswith((f"{PREFIX}/", f"{PREFIX}?")) or path == PREFIX)


class Wrong(TokentapeError):
    """A request that the endpoint does not take; ``status`` is the answer's."""

    def __init__(self, status: int, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.status = status


def check_caller(request: Request, where: SplitResult, *, local: bool) -> None:
    """Raises Wrong for a caller on another machine, and for what a web page can make a browser send."""
    if not local:
        raise Wrong(403, "the control endpoint answers on this machine only", "ask from where the proxy runs")
    host = header(request.headers, "host") or where.netloc
    if not _is_ours(host):
        raise Wrong(403, f"{shown(host)} is no name of this proxy", f"ask http://{HOST}/, or 127.0.0.1 on a base URL")
    for origin in header_values(request.headers, "origin"):
        if origin.partition("://")[2].lower() != host.lower():
            raise Wrong(403, "the control endpoint does not answer web pages", "ask from a program")
    if header(request.headers, "sec-fetch-site") in ("cross-site", "same-site"):
        raise Wrong(403, "the control endpoint does not answer web pages", "ask from a program")


def _is_ours(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name.rstrip(".") == HOST or is_loopback(name)


def check_intent(request: Request) -> None:
    """Raises Wrong for a change without the header that a page can't send without a preflight, which we refuse."""
    if request.method not in ("GET", "HEAD") and header(request.headers, HEADER) != "1":
        raise Wrong(403, f"what changes something needs the header {HEADER}: 1", f"curl -H '{HEADER}: 1' …")


def shown(text: str) -> str:
    """A text of the caller's as an error shows it: one short line."""
    return ascii(text if len(text) <= 60 else text[:57] + "...")
