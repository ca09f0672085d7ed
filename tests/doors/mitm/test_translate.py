"""mitmproxy's messages to ours and back."""

import gzip

import pytest
from mitmproxy import http
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


@pytest.mark.parametrize(
    ("method", "status", "chunked"),
    [("GET", 200, True), ("HEAD", 200, False), ("head", 200, False), ("GET", 204, False), ("GET", 304, False)],
)
def test_an_answer_without_a_length_is_framed_where_its_end_will_be_written(method, status, chunked):
    """Chunks that nobody ends would leave a client waiting."""
    request = tutils.treq(method=method.encode())
    response = tutils.tresp(http_version=b"HTTP/2.0", status_code=status, headers=http.Headers())
    translate.frame(response, request)
    assert ("transfer-encoding" in response.headers) is chunked
