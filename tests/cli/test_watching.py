"""What is worth saying before a proxy is used."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tokentape.cli.watching import watch


def authority(path: Path, good_for: timedelta) -> Path:
    """A certificate that is good for so long from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mitmproxy")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=99), now + good_for)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    path.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize(
    ("days", "said"), [(100, ""), (10, "certificate authority ends on"), (-1, "certificate authority ended on")]
)
def test_an_authority_that_ends_is_said_in_time(days, said, tmp_path, capsys):
    """With the line that mends it; while there is time, nothing."""
    watch(authority(tmp_path / "mitmproxy-ca-cert.pem", timedelta(days=days)), {})
    err = capsys.readouterr().err
    assert said in err
    assert bool(err) is bool(said)
    assert (f"hint: rm {tmp_path}/mitmproxy-ca*" in err) is bool(said)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"HTTPS_PROXY": "http://proxy.corp:3128"}, ""),
        (
            {"HTTPS_PROXY": "socks5://me:secret@proxy.corp"},
            "tokentape: HTTPS_PROXY names a proxy that recording can't go through, so it goes without; "
            "http:// and https:// would do\n",
        ),
    ],
)
def test_a_way_out_that_is_not_taken_is_said(environ, said, tmp_path, capsys):
    """By the variable's name; its login is nobody's business."""
    watch(authority(tmp_path / "ca.pem", timedelta(days=100)), environ)
    assert capsys.readouterr().err == said
