"""The test bed: one upstream, one certificate authority, and mitmdumps on demand.

The rule: the upstream and the authority live as long as the run, a mitmdump as long as the test or the module that
started it, and each test finds the upstream plugged in and its counts at nothing.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from commands import CommandLine
from mitmproxy.certs import CertStore
from outer_proxy import OuterProxy
from running import ADDON, Starter, clean_environment
from talking import Clients, browser
from upstream import Upstream


@pytest.fixture(scope="session")
def confdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mitmproxy's folder with a certificate authority that is made once."""
    place = tmp_path_factory.mktemp("confdir")
    CertStore.from_store(place, "mitmproxy", 2048)
    return place


@pytest.fixture(scope="session")
def ca_file(confdir: Path) -> Path:
    """The certificate that a client of any of the proxies trusts."""
    return confdir / "mitmproxy-ca-cert.pem"


@pytest.fixture(scope="session")
def the_upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """The upstream itself, for fixtures that outlive a test."""
    upstream = Upstream(tmp_path_factory.mktemp("upstream"))
    upstream.start()
    yield upstream
    upstream.close()


@pytest.fixture
def upstream(the_upstream: Upstream) -> Upstream:
    """The witness, its counts at nothing."""
    the_upstream.forget()
    return the_upstream


@pytest.fixture
def outer(upstream: Upstream) -> Iterator[OuterProxy]:
    """A proxy that is there already, and leads every host to the upstream."""
    proxy = OuterProxy(upstream.port, upstream.plain_port)
    yield proxy
    proxy.close()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """An empty library."""
    place = tmp_path / "cassettes"
    place.mkdir()
    return place


@pytest.fixture
def tokentape(tmp_path: Path, confdir: Path, upstream: Upstream) -> CommandLine:
    """The command, in a folder of its own."""
    return CommandLine(tmp_path, confdir, upstream)


@pytest.fixture
def workplace(tmp_path: Path, confdir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """For a proxy that is started from Python: an empty folder to work in, nothing of the developer's shell, and a home
    with the authority in it."""
    for name, value in clean_environment(tmp_path / "home", PYTHONPATH=str(ADDON)).items():
        monkeypatch.setenv(name, value)
    for name in [name for name in os.environ if name == "CI" or name.startswith("TOKENTAPE_")]:
        monkeypatch.delenv(name)
    (tmp_path / "home" / ".mitmproxy").symlink_to(confdir)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def mitmdump(tmp_path: Path, confdir: Path, the_upstream: Upstream) -> Iterator[Starter]:
    """Start mitmdumps that end with the test."""
    starter = Starter(tmp_path, confdir, the_upstream)
    yield starter
    starter.stop_all()


@pytest.fixture(scope="module")
def mitmdump_for_module(
    tmp_path_factory: pytest.TempPathFactory, confdir: Path, the_upstream: Upstream
) -> Iterator[Starter]:
    """Start mitmdumps that end with the module."""
    starter = Starter(tmp_path_factory.mktemp("module"), confdir, the_upstream)
    yield starter
    starter.stop_all()


@pytest.fixture
def client(ca_file: Path) -> Iterator[Clients]:
    """Make httpx clients: ``client(proxy_url)``, ``client(base_url=...)``, ``client(proxy_url, http2=True)``."""
    made: list[httpx.Client] = []

    def make(proxy: str | None = None, *, http2: bool = False, base_url: str = "") -> httpx.Client:
        one = browser(proxy, ca_file, http2=http2, base_url=base_url)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()
