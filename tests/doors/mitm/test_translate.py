"""mitmproxy's messages to ours and back."""

import gzip

from mitmproxy.test import tutils

from tokentape.doors.mitm import translate


def test_a_small_body_that_becomes_a_large_one_stays_coded():
    """A gzip bomb is compared as the bytes it is."""
    bomb = gzip.compress(b"\0" * 1_000_000)
    request = tutils.treq(content=b"")
    request.headers["Content-Encoding"] = "gzip"
    request.raw_content = bomb
    assert translate.request_from(request, 100_000).body == bomb
    assert len(translate.request_from(request, 1_000_000).body) == 1_000_000
