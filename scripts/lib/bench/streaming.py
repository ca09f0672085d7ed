"""An addon for ``mitmdump -s`` that streams every answer through: what recording a stream is measured against."""

from mitmproxy import http


def responseheaders(flow: http.HTTPFlow) -> None:
    """Chunks go on as they come."""
    if flow.response is not None:
        flow.response.stream = True
