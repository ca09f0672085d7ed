"""What either door is opened with, and what is said where it can't be."""

import asyncio
import re
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from waiting import comes_true

from tokentape.doors.launch import Launch
from tokentape.doors.mitm.proxy import running
from tokentape.doors.mitm.web import running_in_mitmweb
from tokentape.doors.serve.server import serving
from tokentape.errors import LaunchTrouble
from tokentape.settings import Settings

DOORS = {"mitm": running, "fast": serving, "page": lambda launch: running_in_mitmweb(launch, launch.host, launch.port)}


def launch_in(folder: Path, **more: Any) -> Launch:
    """A start with an empty library and an authority of its own, and nothing in the environment."""
    library = folder / "cassettes"
    library.mkdir()
    return Launch(Settings(library=str(library)), confdir=folder / "ca", environ={}, **more)


@pytest.mark.parametrize("door", DOORS)
async def test_a_port_that_is_taken_is_told_in_the_same_words_by_each_door(tmp_path: Path, door: str) -> None:
    """mitmproxy's own words gave advice about flags that our commands do not have."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(LaunchTrouble, match=re.escape(f"can't listen on 127.0.0.1:{port}: Address")) as caught:
            async with DOORS[door](launch_in(tmp_path, port=port)):
                pass
    assert "\n" not in str(caught.value)
    assert caught.value.hint == f"take another --{'web-' * (door == 'page')}port, or 0 for a free one"


@pytest.mark.parametrize("door", ["mitm", "fast"])
async def test_an_address_of_another_machine_is_told_with_what_to_name(tmp_path: Path, door: str) -> None:
    """Nobody listens for somebody else (TEST-NET-1, RFC 5737)."""
    with pytest.raises(LaunchTrouble, match=r"can't listen on 192\.0\.2\.1:0: ") as caught:
        async with DOORS[door](launch_in(tmp_path, host="192.0.2.1")):
            pass
    assert caught.value.hint == "name an address of this machine: --host 127.0.0.1"


def distrust(port: int) -> None:
    """A client that knows nothing of the CA, and says so."""
    usual_roots = ssl.create_default_context()
    with socket.create_connection(("127.0.0.1", port), 10) as link:
        link.sendall(b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n")
        link.recv(1000)
        with pytest.raises(ssl.SSLCertVerificationError):
            usual_roots.wrap_socket(link, server_hostname="api.example.com")


def distrust_the_proxy(port: int) -> None:
    """A client whose ``HTTPS_PROXY`` begins with https://."""
    with (
        socket.create_connection(("127.0.0.1", port), 10) as link,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(link, server_hostname="localhost")


def hang_up(port: int) -> None:
    """A client that looks at our certificate when the handshake is over, and goes."""
    anything = ssl.create_default_context()
    anything.check_hostname = False
    anything.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 10) as link:
        link.sendall(b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n")
        link.recv(1000)
        anything.wrap_socket(link, server_hostname="api.example.com").close()


@pytest.mark.parametrize("door", ["mitm", "fast"])
async def test_a_client_that_leaves_without_a_word_has_been_here(tmp_path: Path, door: str) -> None:
    """There is nothing to complain of, and whoever wonders why nothing came can tell it from one that never came."""
    async with DOORS[door](launch_in(tmp_path)) as opened:
        assert not opened.visited
        await asyncio.to_thread(hang_up, opened.port)
        await comes_true(lambda: opened.visited, "it has been seen")
        assert not opened.complained


@pytest.mark.parametrize("door", ["mitm", "fast"])
async def test_a_client_that_does_not_trust_us_is_told_of_once(
    tmp_path: Path, door: str, caplog: pytest.LogCaptureFixture
) -> None:
    """By either door, as an error: a command's run shows no less, and would ask whether it knows of the proxy."""
    async with DOORS[door](launch_in(tmp_path)) as opened:
        assert not opened.complained
        for _ in range(2):
            await asyncio.to_thread(distrust, opened.port)
        await comes_true(lambda: opened.complained, "it has complained")
    told = [record.getMessage() for record in caplog.records if "does not trust" in record.getMessage()]
    assert len(told) == 1
    assert told[0].startswith("a client does not trust our certificate for api.example.com\n\nhint: give the client")
    assert str(opened.ca_file) in told[0]


@pytest.mark.parametrize("door", ["mitm", "fast"])
async def test_a_client_that_speaks_tls_to_the_proxy_is_told_how_its_address_begins(
    tmp_path: Path, door: str, caplog: pytest.LogCaptureFixture
) -> None:
    """``HTTPS_PROXY=https://…`` is an easy slip; the log said that the certificate of a host was not trusted."""
    async with DOORS[door](launch_in(tmp_path)) as opened:
        await asyncio.to_thread(distrust_the_proxy, opened.port)
        await comes_true(lambda: opened.complained, "it has complained")
    (told,) = [record.getMessage() for record in caplog.records if "trust" in record.getMessage()]
    assert told.startswith(
        "a client speaks TLS to the proxy itself, and does not trust its certificate\n\nhint: write http://"
    )
