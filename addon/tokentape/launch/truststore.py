"""Java's trust store, made without Java's tools. Pure."""

import warnings
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from tokentape.launch.java import STORE_PASSWORD


def java_store(texts: Iterable[str]) -> bytes:
    """PEM certificates as a trust store that Java reads (PKCS #12 with Java's mark of trust)."""
    entries = []
    with warnings.catch_warnings():
        # Some roots that everybody trusts are older than today's rules.
        warnings.simplefilter("ignore")
        for number, text in enumerate(texts):
            try:
                certificate = x509.load_pem_x509_certificate(text.encode())
            except ValueError:
                continue  # no other reader of the bundle could use it either
            entries.append(pkcs12.PKCS12Certificate(certificate, f"root-{number}".encode()))
    # One round: what is behind the password is public, and each start of a Java program waits for it.
    locked = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1).build(STORE_PASSWORD.encode())
    return pkcs12.serialize_java_truststore(entries, locked)
