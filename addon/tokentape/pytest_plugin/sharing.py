"""One proxy for a whole test run: started when the first test needs it, shared by the workers of pytest-xdist.

The rule: the process that pytest was started as owns the proxy; a worker asks it where the proxy is, over a connection
that only this run's processes know the key of.
"""

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Client, Listener
from typing import Any, Protocol

from tokentape.errors import TokentapeError
from tokentape.proxy import Address, Proxy
from tokentape.proxytalk import ProxyTrouble
from tokentape.reporting.reports import Report

# Workers that ask at once, while the proxy starts. One more than fits, and it would wait for ever: it takes itself for
# connected, the listener has never heard of it, and it is the listener that speaks first.
MOST_WAITING = 1024


class Shared(Protocol):
    """What tests get the proxy from."""

    def address(self) -> Address:
        """Where the proxy is. Raises ProxyTrouble."""

    def close(self) -> Report | None:
        """The end of the run: what it did, if a proxy was needed and is ours to end. Raises ProxyTrouble."""


class Owned:
    """The proxy of this process. ``make`` makes it, and is called once."""

    def __init__(self, make: Callable[[], Proxy]) -> None:
        self._make = make
        self._proxy: Proxy | None = None
        self._trouble: TokentapeError | None = None
        self._turn = threading.Lock()
        self._listener: Listener | None = None

    def address(self) -> Address:
        """Where the proxy is; started by the first who asks. What kept it from starting is told to each."""
        with self._turn:
            if self._trouble is not None:
                raise ProxyTrouble(str(self._trouble), self._trouble.hint)
            if self._proxy is None:
                try:
                    self._proxy = self._make().start()
                except TokentapeError as error:
                    self._trouble = error
                    raise
            return self._proxy

    def close(self) -> Report | None:
        """End the proxy, if there is one."""
        with self._turn:
            proxy, self._proxy = self._proxy, None
        return proxy.close() if proxy is not None else None

    def offer(self) -> dict[str, Any]:
        """What a worker needs to ask for the proxy, as plain data."""
        if self._listener is None:
            self._key = os.urandom(32)
            self._listener = Listener(("127.0.0.1", 0), backlog=MOST_WAITING, authkey=self._key)
            threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()
        host, port = self._listener.address
        return {"host": host, "port": port, "key": self._key.hex()}

    def _serve(self, listener: Listener) -> None:
        while True:
            try:
                connection = listener.accept()
            except Exception:  # somebody without the key, or gone again: the next one may be ours
                continue
            # A worker that has gone meanwhile is no reason to leave the others without an answer.
            with suppress(OSError), connection:
                connection.send(self._told())

    def _told(self) -> dict[str, Any]:
        try:
            return {"details": dict(self.address().details)}
        except TokentapeError as error:
            return {"trouble": str(error), "hint": error.hint}
        except Exception as error:  # told, whatever it is: the worker waits for an answer
            return {"trouble": f"{type(error).__name__}: {error}", "hint": ""}


class Borrowed:
    """The proxy of the process that started this worker."""

    def __init__(self, offer: Mapping[str, Any]) -> None:
        self._offer = offer
        self._address: Address | None = None

    def address(self) -> Address:
        """Where the proxy is."""
        if self._address is None:
            where = (self._offer["host"], self._offer["port"])
            with Client(where, authkey=bytes.fromhex(self._offer["key"])) as connection:
                told = connection.recv()
            if "trouble" in told:
                raise ProxyTrouble(told["trouble"], told["hint"])
            self._address = Address(told["details"])
        return self._address

    def close(self) -> Report | None:
        """Not ours to end."""
        return None
