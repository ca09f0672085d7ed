"""A request as a door received it: its body decoded where that can be, and the login that a proxy's URL carries."""

import gzip

import pytest

from tokentape.wire.encoding import BodyTooLarge
from tokentape.wire.received import credentials, received

URL = "https://api.example.com/v1"
PLAIN = b"one and one and one and one"


def came(body, *headers, limit=None):
    """A request as it came."""
    return received("POST", URL, (("accept", "*/*"), *headers), body, "HTTP/1.1", limit)


def test_a_coded_body_is_decoded_and_loses_its_header():
    """So it is compared, and kept, as what it says; whatever the header's case."""
    request = came(gzip.compress(PLAIN), ("Content-Encoding", "gzip"))
    assert (request.body, request.headers) == (PLAIN, (("accept", "*/*"),))
    assert (request.method, request.url, request.proto) == ("POST", URL, "HTTP/1.1")


@pytest.mark.parametrize(
    ("body", "coding"),
    [(PLAIN, "gzip"), (gzip.compress(PLAIN)[:-4], "gzip"), (PLAIN, "aes128gcm"), (b"", "gzip")],
    ids=["damaged", "cut short", "unknown", "empty"],
)
def test_a_body_that_can_t_be_decoded_stays_the_bytes_it_is(body, coding):
    """With the header that says what they are meant to be."""
    request = came(body, ("content-encoding", coding))
    assert (request.body, request.headers[1:]) == (body, (("content-encoding", coding),))


def test_a_body_that_is_too_large_decoded_is_refused():
    """Beyond the limit, and not at it; without one nothing is."""
    coded = gzip.compress(PLAIN), ("content-encoding", "gzip")
    assert came(*coded, limit=len(PLAIN)).body == came(*coded).body == PLAIN
    with pytest.raises(BodyTooLarge):
        came(*coded, limit=len(PLAIN) - 1)


LOGINS = [
    ("Basic YTpi", ("a", "b")),
    ("basic  YTpi ", ("a", "b")),
    ("Basic YTpiOmM=", ("a", "b:c")),
    ("Basic YQ==", ("a", "")),
    ("Basic Og==", ("", "")),
    ("Basic w6k6w7w=", ("é", "ü")),
    ("Bearer YTpi", None),
    ("Basic ?", None),
    ("Basic /w==", None),
    ("Basic é", None),
    ("", None),
]


@pytest.mark.parametrize(("value", "login"), LOGINS)
def test_a_login_is_read_or_there_is_none(value, login):
    """Letters beyond ASCII were no base64 that the reader expected, and an exception."""
    assert credentials(value) == login
