"""The file of trusted roots."""

import stat
from datetime import timedelta
from pathlib import Path

import certifi
import pytest
import trustme
from cryptography import x509

from tokentape.errors import LaunchTrouble
from tokentape.launch.certificates import (
    bundle,
    ca_bundle,
    expiry_warning,
    trusted_roots,
    upstream_roots,
    usual_roots,
)

KEY = "-----BEGIN PRIVATE KEY-----\nMIIsecret\n-----END PRIVATE KEY-----\n"


@pytest.fixture(scope="module")
def own() -> str:
    """The proxy's certificate, PEM."""
    return trustme.CA().cert_pem.bytes().decode()


def certificate(name: str) -> str:
    """A made-up certificate block."""
    return f"-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], ""),
        ([certificate("a")], certificate("a") + "\n"),
        (["# comment\n" + certificate("a"), KEY + certificate("b")], certificate("a") + "\n" + certificate("b") + "\n"),
        ([certificate("a"), certificate("a").replace("\n", "\r\n")], certificate("a") + "\n"),
        (["no certificate at all"], ""),
        (["-----BEGIN CERTIFICATE-----\nbroken off\n" + KEY + certificate("b")], certificate("b") + "\n"),
    ],
)
def test_a_bundle_holds_each_certificate_once_and_nothing_else(texts, expected):
    """Comments, keys and repeats are dropped; line ends are made equal."""
    assert bundle(texts) == expected


def test_the_file_holds_the_usual_roots_what_the_user_had_and_ours(tmp_path, own):
    """A program behind the proxy trusts what it did before, and the proxy."""
    theirs = tmp_path / "corporate.pem"
    theirs.write_text(certificate("corporate") + "\n" + KEY)
    ours = tmp_path / "mitmproxy-ca-cert.pem"
    ours.write_text(own)
    environ = {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "SSL_CERT_FILE": str(theirs),
        "CURL_CA_BUNDLE": "/nowhere.pem",
    }
    path = ca_bundle(ours, environ)
    text = path.read_text()
    assert path.parent == tmp_path / "cache" / "tokentape"
    assert Path(certifi.where()).read_text().count("BEGIN CERTIFICATE") < text.count("BEGIN CERTIFICATE")
    assert certificate("corporate") in text
    assert own.strip() in text
    assert "PRIVATE" not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_the_same_roots_are_the_same_file(tmp_path, own):
    """A second run finds the first one's file; another certificate gets a file of its own."""
    ours = tmp_path / "ca.pem"
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    ours.write_text(own)
    first = ca_bundle(ours, environ)
    assert ca_bundle(ours, environ) == first
    ours.write_text(certificate("renewed"))
    assert ca_bundle(ours, environ) != first
    assert own.strip() in first.read_text()


def test_a_home_that_is_no_folder_does_not_matter(tmp_path, own):
    """Where the cache can't be written to, a temporary folder takes the file."""
    ours = tmp_path / "ca.pem"
    ours.write_text(own)
    path = ca_bundle(ours, {"HOME": str(ours)})
    assert own.strip() in path.read_text()
    path.unlink()
    path.parent.rmdir()


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_missing_certificate_is_an_error(tmp_path, content):
    """Without the proxy's own certificate there is no point in starting."""
    ours = tmp_path / "ca.pem"
    if content is not None:
        ours.write_text(content)
    with pytest.raises(LaunchTrouble, match=r"ca\.pem"):
        ca_bundle(ours, {"XDG_CACHE_HOME": str(tmp_path)})


def test_the_usual_roots_name_each_file_once():
    """certifi's file comes first, and a variable that names it again adds nothing."""
    roots = usual_roots({"SSL_CERT_FILE": certifi.where(), "REQUESTS_CA_BUNDLE": ""})
    assert roots[0] == Path(certifi.where())
    assert len(set(roots)) == len(roots)


def test_java_has_a_store_beside_the_file(tmp_path, own):
    """Both hold the same roots; the second run makes neither anew."""
    ours = tmp_path / "ca.pem"
    ours.write_text(own)
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    roots = trusted_roots(ours, environ)
    assert roots.java == roots.pem.with_suffix(".p12")
    assert len(roots.java.read_bytes()) > 100_000
    made = roots.java.stat().st_mtime_ns
    assert trusted_roots(ours, environ) == roots
    assert roots.java.stat().st_mtime_ns == made


def test_apis_are_checked_against_the_usual_roots_and_those_that_are_named(tmp_path, own):
    """A flag and the environment add to the usual roots; without either the proxy's default stays."""
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    assert upstream_roots(None, environ) is None
    given = tmp_path / "given.pem"
    given.write_text(own)
    for path in (upstream_roots(given, environ), upstream_roots(None, environ | {"SSL_CERT_FILE": str(given)})):
        assert path is not None
        text = path.read_text()
        assert own.strip() in text
        assert text.count("BEGIN CERTIFICATE") > Path(certifi.where()).read_text().count("BEGIN CERTIFICATE")
    given.write_text("nothing")
    with pytest.raises(LaunchTrouble, match=r"given\.pem: there is no certificate in it"):
        upstream_roots(given, environ)


def test_an_authority_that_ends_is_told_in_time(tmp_path, own):
    """A month before its end, and after it, with the line that mends it."""
    ours = tmp_path / "mitmproxy-ca-cert.pem"
    ours.write_text(own)
    end = x509.load_pem_x509_certificate(own.encode()).not_valid_after_utc
    assert expiry_warning(ours, end - timedelta(days=31)) == ""
    soon = expiry_warning(ours, end - timedelta(days=29))
    assert f"ends on {end:%Y-%m-%d}" in soon
    assert f"rm {tmp_path}/mitmproxy-ca*" in soon
    assert f"ended on {end:%Y-%m-%d}" in expiry_warning(ours, end)
    ours.write_text("no certificate")
    with pytest.raises(LaunchTrouble, match="can't be read"):
        expiry_warning(ours, end)
