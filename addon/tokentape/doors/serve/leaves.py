"""Certificates for the hosts that clients open tunnels to, signed by mitmproxy's own CA.

Whoever trusts that CA for the other door is done. Leaves are of P-256: a new TLS connection costs half of what it does
with RSA. One key serves all of them, and is gone with the process.
"""

import datetime
import ipaddress
import ssl
import tempfile
from collections import OrderedDict
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tokentape.doors.launch import CA_FILE, new_authority
from tokentape.errors import LaunchTrouble

KEY_FILE = "mitmproxy-ca.pem"  # the CA's key and certificate

# Clients have clocks of their own, and Apple's refuse a leaf that is valid for longer than 398 days.
_BEFORE = datetime.timedelta(days=2)
_AFTER = datetime.timedelta(days=365)
_MOST_HOSTS = 1024
_LONGEST_COMMON_NAME = 64  # RFC 5280, A.1


class Leaves:
    """One TLS context per host, made when it is first asked for."""

    def __init__(self, confdir: Path) -> None:
        """Raises LaunchTrouble when the CA can't be used."""
        path = confdir / KEY_FILE
        self.ca_file = confdir / CA_FILE
        """What clients have to trust."""
        try:
            text = path.read_bytes()
            self._ca_key = serialization.load_pem_private_key(text, None)
            self._ca = x509.load_pem_x509_certificate(text)
        except TypeError as error:
            raise LaunchTrouble(f"{path}: the CA's key wants a passphrase", "use --door mitm") from error
        except (OSError, ValueError) as error:
            why = f"{path}: the CA can't be read ({type(error).__name__})"
            raise LaunchTrouble(why, new_authority(confdir)) from error
        self._key = ec.generate_private_key(ec.SECP256R1())
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
        leaf = self._certificate(host).public_bytes(serialization.Encoding.PEM)
        key = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        # OpenSSL reads files alone; the folder is ours, and gone at once.
        with tempfile.TemporaryDirectory(prefix="tokentape-") as folder:
            chain = Path(folder) / "leaf.pem"
            chain.write_bytes(key + leaf)
            context.load_cert_chain(chain)
        return context

    def _switch(self, connection: "ssl.SSLObject | ssl.SSLSocket", name: str | None, host: str) -> None:
        if name and name.lower() != host:
            connection.context = self.context(name.lower())

    def _certificate(self, host: str) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        common = [x509.NameAttribute(NameOID.COMMON_NAME, host)] if len(host) <= _LONGEST_COMMON_NAME else []
        public = self._key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name(common))
            .issuer_name(self._ca.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BEFORE)
            .not_valid_after(now + _AFTER)
            .add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=not common)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_issuer(self._ca), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self._ca_key, hashes.SHA256())  # type: ignore[arg-type]  # a CA's key can sign
        )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host.encode("idna").decode() if not host.isascii() else host)


def _issuer(ca: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """How the CA is named in what it signs: as it names itself, where it does."""
    try:
        named = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key())  # type: ignore[arg-type]  # likewise
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(named)
