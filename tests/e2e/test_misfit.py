"""A mitmproxy that has changed inside: streams come whole, with a warning, and nothing else is different."""

from pathlib import Path

import httpx
import pytest
import yaml
from kinds import KINDS
from running import SCRIPT, Starter
from talking import FILES, Clients
from waiting import until
from wiretap import VERSIONS, hear, sizes

# As if mitmproxy had lost a name that we build on.
MISFIT = f"""
import runpy, sys
sys.path.insert(0, {str(SCRIPT.parent)!r})
from tokentape.doors.mitm import stream
stream.missing = lambda: "send_response"
addons = runpy.run_path({str(SCRIPT)!r})["addons"]
"""


def test_streams_come_whole(mitmdump: Starter, library: Path, tmp_path: Path) -> None:
    """Recorded and replayed: the bytes are equal, the pieces are not, and the log says so at the start."""
    script = tmp_path / "misfit.py"
    script.write_text(MISFIT)
    proxy = mitmdump(library, script=script)
    assert "send_response is gone" in proxy.says("this mitmproxy is unknown inside.*")
    for version in VERSIONS:
        hear(proxy, version, ["/kind/usual"])
        until((library / f"usual-{version[5]}.yaml").exists, "the stream is saved")
        again = hear(proxy, version, ["/kind/usual"])[0]
        assert (again.status, bytes(again.body), again.broken) == (200, KINDS["usual"].body, False)
        assert sizes(again) == [len(again.body)]


def test_what_would_be_reset_or_hang_is_killed(
    mitmdump: Starter, library: Path, tmp_path: Path, client: Clients
) -> None:
    """No answer at all is the nearest there is to either, and it is no answer."""
    script = tmp_path / "misfit.py"
    script.write_text(MISFIT)
    entry = {"request": {"url": f"{FILES}/a", "method": "GET"}, "response": {"body": "hello", "code": 200}}
    (library / "a.yaml").write_text(yaml.safe_dump({"version": 2, "interactions": [entry]}))
    proxy = mitmdump(library, script=script, vcr_mode="replay")
    for http2 in (False, True):
        web = client(proxy.proxy("a"), http2=http2)
        assert web.get(f"{FILES}/a").text == "hello"
        for fault in ("reset", "timeout"):
            with pytest.raises(httpx.RemoteProtocolError):
                web.get(f"{FILES}/a", headers={"X-Cassette-Fault": fault})
        assert web.get(f"{FILES}/a").text == "hello"


def test_an_addon_that_changes_the_body_has_its_way(mitmdump: Starter, library: Path, tmp_path: Path) -> None:
    """What another addon makes of a replayed stream is what is sent."""
    script = tmp_path / "changing.py"
    script.write_text(
        "import runpy, sys\n"
        f"sys.path.insert(0, {str(SCRIPT.parent)!r})\n"
        f'addons = runpy.run_path({str(SCRIPT)!r})["addons"]\n'
        "def response(flow):\n"
        '    if flow.is_replay and b"DONE" in flow.response.raw_content:\n'
        '        flow.response.raw_content = flow.response.raw_content.replace(b"DONE", b"OVER!")\n'
    )
    proxy = mitmdump(library, script=script)
    for version in VERSIONS:
        hear(proxy, version, ["/kind/usual"])
        until((library / f"usual-{version[5]}.yaml").exists, "the stream is saved")
        again = hear(proxy, version, ["/kind/usual"])[0]
        assert (bytes(again.body), again.broken) == (KINDS["usual"].body.replace(b"DONE", b"OVER!"), False)
