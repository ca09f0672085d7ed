"""tokentape: a recording forward proxy for LLM APIs, built as a mitmproxy addon.

    from tokentape import Cassette, Proxy

The package's architecture is told on one page in ``addon/README.md``. Importing the package imports nothing heavy:
each room is imported where it is used, and these two need no more than Python itself (``Cassette``: and PyYAML).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokentape.played import Cassette
    from tokentape.proxy import Proxy
    from tokentape.proxytalk import ProxyTrouble

__version__ = "0.1.0"
__all__ = ["Cassette", "Proxy", "ProxyTrouble"]

_ROOMS = {"Cassette": "played", "Proxy": "proxy", "ProxyTrouble": "proxytalk"}


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
