"""What can be told about a set-up without running anything."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from tokentape.doctor.surroundings import Told, tell

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory) -> Path:
    """A certificate authority's certificate."""
    path = tmp_path_factory.mktemp("ca") / "mitmproxy-ca-cert.pem"
    trustme.CA().cert_pem.write_to_path(path)
    return path


def told(ca_file: Path, library: Path, environ: dict[str, str], now: datetime = NOW) -> dict[str, Told]:
    """All that is told, by what it is about."""
    return {one.what: one for one in tell(ca_file, library, environ, now)}


def test_a_set_up_without_trouble(ca_file, tmp_path):
    """Authority, way out, keys and library, and no hint."""
    (tmp_path / "a.yaml").write_text("")
    seen = told(ca_file, tmp_path, {})
    assert seen["authority"].how == str(ca_file)
    assert seen["way out"].how == "direct"
    assert seen["library"].how == f"{tmp_path}, 1 cassette"
    assert "NO_PROXY" not in seen
    assert not [one for one in seen.values() if one.hint or one.is_error]


def test_an_authority_that_ends_is_an_error_with_the_line_that_mends_it(ca_file, tmp_path):
    """Before no client trusts it any more."""
    end = x509.load_pem_x509_certificate(ca_file.read_bytes()).not_valid_after_utc
    seen = told(ca_file, tmp_path, {}, end - timedelta(days=1))["authority"]
    assert seen.is_error
    assert "ends on" in seen.how
    assert seen.hint == f"rm {ca_file.parent}/mitmproxy-ca*"


def test_an_authority_that_can_not_be_read_is_an_error(tmp_path):
    """There is nothing to trust then."""
    (tmp_path / "ca.pem").write_text("nothing")
    seen = told(tmp_path / "ca.pem", tmp_path, {})["authority"]
    assert seen.is_error
    assert "can't be read" in seen.how
    assert seen.hint == f"rm {tmp_path}/mitmproxy-ca*"


@pytest.mark.parametrize(
    ("environ", "how", "error"),
    [
        ({"HTTPS_PROXY": "http://me:secret@proxy.corp:3128"}, "through the proxy proxy.corp:3128", False),
        ({"HTTPS_PROXY": "socks5://proxy.corp"}, "HTTPS_PROXY can't be gone through", True),
    ],
)
def test_the_way_out(environ, how, error, ca_file, tmp_path):
    """Through a proxy, without its login; one that can't be used is an error."""
    seen = told(ca_file, tmp_path, environ)["way out"]
    assert (seen.how, seen.is_error) == (how, error)


def test_exceptions_that_cover_an_api_are_told(ca_file, tmp_path):
    """They matter to whoever sets up a proxy by hand."""
    assert "openai.com would lead" in told(ca_file, tmp_path, {"NO_PROXY": "a.corp, openai.com"})["NO_PROXY"].how


def test_keys_are_told_by_name(ca_file, tmp_path):
    """Never by value."""
    seen = told(ca_file, tmp_path, {"OPENAI_API_KEY": "sk-secret", "ANTHROPIC_API_KEY": ""})["keys"]
    assert seen.how == "OPENAI_API_KEY"
    assert "secret" not in repr(seen)


def test_a_library_that_is_not_there_is_no_error(ca_file, tmp_path):
    """It comes with the first recording."""
    assert told(ca_file, tmp_path / "none", {})["library"] == Told(
        "library", f"{tmp_path / 'none'} is not there; recording makes it"
    )
