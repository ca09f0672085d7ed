"""What mitmdump prints of a flow."""

import gzip

from mitmproxy.test import tflow, tutils

from tokentape.doors.mitm import hush, translate


def test_a_line_about_a_flow_unpacks_no_body(monkeypatch):
    """Its URL is all that is looked at; a key in it is not printed."""
    monkeypatch.setattr(translate, "received", None)
    request = tutils.treq(path=b"/v1/models?key=AIzaSyA1234567890abcdefghijklmnopqrstuv")
    request.headers["Content-Encoding"] = "gzip"
    request.raw_content = gzip.compress(b"\0" * 1000)
    shown = hush._shown(tflow.tflow(req=request))
    assert "AIza" not in shown.request.url
