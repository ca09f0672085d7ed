"""``SIMULATOR_MODE=record tokentape serve``: what the Azure OpenAI simulator did, from the same variables."""

import shutil
from pathlib import Path

import httpx
import recordings
from open_doors import OpenDoor
from secrets_for_tests import OPENAI_KEY
from talking import DEADLINE, chat
from upstream import Upstream


def test_the_simulators_variables_record_and_then_replay(tmp_path: Path, confdir: Path, upstream: Upstream) -> None:
    """A base URL records into CASSETTE_DIR from what OPENAI_BASE_URL names, and replays without it."""
    home = tmp_path / "home"
    shutil.copytree(confdir, home / ".mitmproxy")
    variables = {"CASSETTE_DIR": str(tmp_path / "theirs"), "OPENAI_BASE_URL": "https://api.openai.com/v1"}
    mapped = (f"--upstream=api.openai.com={upstream.url}", f"--upstream-ca={upstream.ca_file}")

    record = {**variables, "SIMULATOR_MODE": "record", "OPENAI_API_KEY": OPENAI_KEY}
    asked = {"json": chat(), "headers": {"X-Cassette-Name": "chat"}, "trust_env": False, "timeout": DEADLINE}
    with OpenDoor("fast", None, home, *mapped, env=record, mode="") as door:
        url = f"{door.ready().url}/v1/chat/completions"
        first = httpx.post(url, **asked)
        assert first.status_code == 200, first.text
        assert httpx.post(url, **asked).content == first.content
        assert door.close() == 0
    assert "from the environment: SIMULATOR_MODE=record, CASSETTE_DIR=" in door.log
    assert '"recorded": 1' in door.log
    assert len(upstream.requests) == 1
    [kept] = recordings.interactions(tmp_path / "theirs" / "chat.yaml")
    assert kept["request"]["url"] == "https://api.openai.com/v1/chat/completions"
    assert OPENAI_KEY not in (tmp_path / "theirs" / "chat.yaml").read_text()

    replay = {**variables, "SIMULATOR_MODE": "replay"}
    with upstream.unplugged(), OpenDoor("fast", None, home, env=replay, mode="") as again:
        replayed = httpx.post(f"{again.ready().url}/v1/chat/completions", **asked)
        assert (replayed.status_code, replayed.content) == (200, first.content)
        again.says("SIMULATOR_MODE=replay")
        assert again.close() == 0
