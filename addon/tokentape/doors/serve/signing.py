"""A leaf for a host, signed by mitmproxy's own CA.

Whoever trusts that CA for the other door is done. Leaves are of P-256: a new TLS connection costs half of what it does
with RSA. One key serves all of them, and is gone with the process.
"""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Clients have clocks of their own, and Apple's refuse a leaf that is valid for longer than 398 days.
_BEFORE = datetime.timedelta(days=2)
_AFTER = datetime.timedelta(days=365)
_LONGEST_COMMON_NAME = 64  # RFC 5280, A.1


class Signer:
    """The CA, and the key of all leaves."""

    def __init__(self, authority: bytes) -> None:
        """``authority`` are the CA's key and certificate, as PEM; that they belong together was looked at before."""
        # To test the primes of an RSA key takes as long as to import all of this; it is the user's own.
        self._ca_key = serialization.load_pem_private_key(authority, None, unsafe_skip_rsa_key_validation=True)
        self._ca = x509.load_pem_x509_certificate(authority)
        self._key = ec.generate_private_key(ec.SECP256R1())

    def leaf(self, host: str) -> bytes:
        """The key and a certificate for a host, as PEM."""
        key = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return key + self._certificate(host).public_bytes(serialization.Encoding.PEM)

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
