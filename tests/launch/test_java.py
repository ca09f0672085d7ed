"""What a Java program is given."""

import shlex

import certifi
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from tokentape.launch.java import STORE_PASSWORD, options
from tokentape.launch.truststore import java_store


def properties(**given: object) -> dict[str, str]:
    """The options, read as Java does: words, quoted where there is a space."""
    wanted = {"proxy_url": "http://127.0.0.1:4321", "exceptions": ("localhost",), "trust_store": ""} | given
    words = shlex.split(options(**wanted))
    return dict(word.removeprefix("-D").split("=", 1) for word in words)


def test_both_schemes_go_through_the_proxy():
    """Java has a property for each, and one for the exceptions of both."""
    made = properties(exceptions=("localhost", "127.0.0.1", "::1", ".corp", "api.corp:443"))
    for scheme in ("http", "https"):
        assert made[f"{scheme}.proxyHost"] == "127.0.0.1"
        assert made[f"{scheme}.proxyPort"] == "4321"
    assert made["http.nonProxyHosts"] == "localhost|127.0.0.1|[::1]|*.corp|api.corp"
    assert not [name for name in made if "trustStore" in name]


@pytest.mark.parametrize("place", ["/cache/ca.p12", "/a cache/ca.p12"])
def test_the_trust_store_is_named_with_its_format(place):
    """A path with a space in it is one word."""
    made = properties(trust_store=place)
    assert made["javax.net.ssl.trustStore"] == place
    assert made["javax.net.ssl.trustStoreType"] == "PKCS12"
    assert made["javax.net.ssl.trustStorePassword"] == STORE_PASSWORD


def test_the_store_holds_the_certificates_and_what_is_none_is_left_out():
    """Each once, with Java's mark of trust; a block that nobody can read does no harm."""
    own = trustme.CA().cert_pem.bytes().decode()
    with open(certifi.where()) as file:
        root = file.read().partition("-----BEGIN CERTIFICATE-----")[2].partition("-----END")[0]
    texts = [own, f"-----BEGIN CERTIFICATE-----{root}-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nx\n"]
    content = java_store(texts)
    loaded = pkcs12.load_pkcs12(content, STORE_PASSWORD.encode())
    assert [one.certificate for one in loaded.additional_certs] == [
        x509.load_pem_x509_certificate(text.encode()) for text in texts[:2]
    ]
