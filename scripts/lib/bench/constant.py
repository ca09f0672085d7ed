"""An addon for ``mitmdump -s`` that answers every request with the same: what replaying can't be faster than.

It is the least that a replaying addon can do, so what it costs is mitmproxy's.
"""

from mitmproxy import http

from bench import work

_HEADERS = dict(work.ANSWER_HEADERS)


def request(flow: http.HTTPFlow) -> None:
    """Answer."""
    flow.response = http.Response.make(200, work.CONSTANT, _HEADERS)
