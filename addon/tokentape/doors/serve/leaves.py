"""TLS for the hosts that clients open tunnels to, with a leaf for each (``signing``).

The rule: a CA that can't be used is found out at the start. What signs is imported when the first host is asked for: a
base URL needs none of it.
"""

import ssl
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from tokentape.doors.launch import CA_FILE, new_authority
from tokentape.errors import LaunchTrouble

if TYPE_CHECKING:
    from tokentape.doors.serve.signing import Signer

KEY_FILE = "mitmproxy-ca.pem"  # the CA's key and certificate

_MOST_HOSTS = 1024


class Leaves:
    """One TLS context per host, made when it is first asked for."""

    def __init__(self, confdir: Path) -> None:
        """Raises LaunchTrouble when the CA can't be used."""
        path = confdir / KEY_FILE
        self.ca_file = confdir / CA_FILE
        """What clients have to trust."""
        asked = []

        def passphrase() -> str:
            asked.append(True)
            return ""

        try:
            self._authority = path.read_bytes()
            # Is the key readable, and is it that of the certificate?
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, password=passphrase)
        except (OSError, ValueError) as error:
            if asked:
                raise LaunchTrouble(f"{path}: the CA's key wants a passphrase", "use --door mitm") from error
            why = f"{path}: the CA can't be read ({type(error).__name__})"
            raise LaunchTrouble(why, new_authority(confdir)) from error
        self._signer: Signer | None = None
        self._contexts: OrderedDict[str, ssl.SSLContext] = OrderedDict()

    def context(self, host: str) -> ssl.SSLContext:
        """The TLS context for a host; a client that asks for another in its hello gets that one's."""
        found = self._contexts.get(host)
        if found is None:
            found = self._contexts[host] = self._made(host)
            if len(self._contexts) > _MOST_HOSTS:
                self._contexts.popitem(last=False)
        else:
            self._contexts.move_to_end(host)
        return found

    def _made(self, host: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        # Most clients of APIs never resume a session, and tickets are a sixth of what a handshake costs.
        context.num_tickets = 0
        context.sni_callback = lambda connection, name, _: self._switch(connection, name, host)
        from tempfile import TemporaryDirectory  # a base URL needs none of this

        # OpenSSL reads files alone; the folder is ours, and gone at once.
        with TemporaryDirectory(prefix="tokentape-") as folder:
            chain = Path(folder) / "leaf.pem"
            chain.write_bytes(self._signing().leaf(host))
            context.load_cert_chain(chain)
        return context

    def _signing(self) -> "Signer":
        if self._signer is None:
            from tokentape.doors.serve.signing import Signer

            self._signer = Signer(self._authority)
        return self._signer

    def _switch(self, connection: "ssl.SSLObject | ssl.SSLSocket", name: str | None, host: str) -> None:
        if name and name.lower() != host:
            connection.context = self.context(name.lower())
