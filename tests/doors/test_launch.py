"""What either door is opened with, and what is said where it can't be."""

import re
import socket
from pathlib import Path

import pytest

from tokentape.doors.launch import Launch
from tokentape.doors.mitm.proxy import running
from tokentape.doors.mitm.web import running_in_mitmweb
from tokentape.doors.serve.server import serving
from tokentape.errors import LaunchTrouble
from tokentape.settings import Settings

DOORS = {"mitm": running, "fast": serving, "page": lambda launch: running_in_mitmweb(launch, launch.host, launch.port)}


@pytest.mark.parametrize("door", DOORS)
async def test_a_port_that_is_taken_is_told_in_the_same_words_by_each_door(tmp_path: Path, door: str) -> None:
    """mitmproxy's own words gave advice about flags that our commands do not have."""
    (tmp_path / "cassettes").mkdir()
    settings = Settings(library=str(tmp_path / "cassettes"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(LaunchTrouble, match=re.escape(f"can't listen on 127.0.0.1:{port}: Address")) as caught:
            async with DOORS[door](Launch(settings, port=port, confdir=tmp_path / "ca", environ={})):
                pass
    assert "\n" not in str(caught.value)
    assert caught.value.hint == f"take another --{'web-' * (door == 'page')}port, or 0 for a free one"


@pytest.mark.parametrize("door", ["mitm", "fast"])
async def test_an_address_of_another_machine_is_told_with_what_to_name(tmp_path: Path, door: str) -> None:
    """Nobody listens for somebody else (TEST-NET-1, RFC 5737)."""
    (tmp_path / "cassettes").mkdir()
    settings = Settings(library=str(tmp_path / "cassettes"))
    launch = Launch(settings, host="192.0.2.1", confdir=tmp_path / "ca", environ={})
    with pytest.raises(LaunchTrouble, match=r"can't listen on 192\.0\.2\.1:0: ") as caught:
        async with DOORS[door](launch):
            pass
    assert caught.value.hint == "name an address of this machine: --host 127.0.0.1"
