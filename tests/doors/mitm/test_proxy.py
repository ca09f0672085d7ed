"""mitmproxy as our own commands run it."""

import logging

from tokentape.doors.launch import Launch
from tokentape.doors.mitm.proxy import running
from tokentape.settings import Settings


async def test_after_a_proxy_in_this_process_the_logs_of_others_say_what_they_said(tmp_path) -> None:
    """While it runs mitmproxy tells us its errors only; a test suite or an application that opens one keeps its log."""
    log = logging.getLogger("mitmproxy")
    settings = Settings(library=tmp_path / "cassettes")
    (tmp_path / "cassettes").mkdir()
    before = log.level
    async with running(Launch(settings, confdir=tmp_path / ".mitmproxy", environ={})):
        assert log.level == logging.ERROR
    assert log.level == before != logging.ERROR
