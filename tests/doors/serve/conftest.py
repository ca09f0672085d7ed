"""What the tests of the fast door share."""

from pathlib import Path

import pytest
from mitmproxy.certs import CertStore
from shelf_of_cases import fill


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a CA, and a library."""
    place = tmp_path_factory.mktemp("home")
    CertStore.from_store(place / ".mitmproxy", "mitmproxy", 2048)
    fill(place / "cassettes")
    return place
