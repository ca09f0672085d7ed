"""Certificates for hosts: whoever trusts mitmproxy's CA trusts them, whatever kind of name the host has."""

import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from mitmproxy.certs import CertStore

from tokentape.doors.launch import CA_FILE
from tokentape.doors.mitm import authority
from tokentape.doors.serve import leaves
from tokentape.doors.serve.leaves import KEY_FILE, Leaves
from tokentape.errors import LaunchTrouble


@pytest.fixture(scope="module")
def confdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CA, made as ``tokentape serve`` makes it."""
    place = tmp_path_factory.mktemp("confdir")
    authority.make(place)
    return place


def shake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> x509.Certificate:
    """A handshake without a network; the certificate that the client has accepted."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    for _ in range(10):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    shown = ours.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown)


@pytest.fixture
def client(confdir: Path) -> ssl.SSLContext:
    """A client that trusts the CA and nothing else, as strictly as Python can."""
    context = ssl.create_default_context(cafile=str(confdir / "mitmproxy-ca-cert.pem"))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


HOSTS = ["api.openai.com", "127.0.0.1", "::1", "a-host", f"{'x' * 63}.{'y' * 30}.example", "my_res.example"]


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_is_trusted_under_its_own_name(host: str, confdir: Path, client: ssl.SSLContext) -> None:
    """Names, addresses, and names too long for a common name; of P-256, and for a year."""
    leaf = shake(Leaves(confdir).context(host), client, host)
    assert isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days <= 398


def test_a_client_may_ask_for_another_name(confdir: Path, client: ssl.SSLContext) -> None:
    """Who opened a tunnel to an address says in the hello which host is meant."""
    leaf = shake(Leaves(confdir).context("203.0.113.7"), client, "api.openai.com")
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["api.openai.com"]


def test_a_context_is_made_once(confdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the oldest goes when there are too many."""
    monkeypatch.setattr(leaves, "_MOST_HOSTS", 2)
    made = Leaves(confdir)
    first = made.context("a.example")
    assert made.context("a.example") is first
    made.context("b.example")
    made.context("c.example")
    assert made.context("a.example") is not first


def test_mitmproxy_takes_the_same_authority(confdir: Path) -> None:
    """What we made is what it would have made; it makes no other."""
    before = (confdir / KEY_FILE).read_bytes()
    CertStore.from_store(confdir, "mitmproxy", 2048)
    assert (confdir / KEY_FILE).read_bytes() == before


def test_what_signs_is_not_imported_for_a_base_url(confdir: Path) -> None:
    """It takes as long as a fourth of the start."""
    told = "import sys; from pathlib import Path; from tokentape.doors.serve.leaves import Leaves\n"
    told += "Leaves(Path(sys.argv[1])); print('cryptography' in sys.modules)"
    command = [sys.executable, "-c", told, str(confdir)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "False\n"


def of_another(confdir: Path) -> bytes:
    """A key that is not that of the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    plain = serialization.NoEncryption()
    other = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return other + (confdir / CA_FILE).read_bytes()


@pytest.mark.parametrize("content", [None, b"", b"nonsense", of_another])
def test_a_ca_that_can_not_be_read(
    content: Callable[[Path], bytes] | bytes | None, confdir: Path, tmp_path: Path
) -> None:
    """The file is named, and nothing of what stands in it."""
    if callable(content):
        content = content(confdir)
    if content is not None:
        (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(LaunchTrouble, match=r"mitmproxy-ca\.pem: the CA can't be read") as caught:
        Leaves(tmp_path)
    assert caught.value.hint == f"rm {tmp_path}/mitmproxy-ca*"


def test_a_ca_with_a_passphrase_is_for_the_other_door(confdir: Path, tmp_path: Path) -> None:
    """mitmproxy can be told it."""
    lock = serialization.BestAvailableEncryption(b"of the test")
    locked = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock
    )
    (tmp_path / KEY_FILE).write_bytes(locked + (confdir / CA_FILE).read_bytes())
    with pytest.raises(LaunchTrouble, match="wants a passphrase") as caught:
        Leaves(tmp_path)
    assert caught.value.hint == "use --door mitm"
