"""Which proxy recorded requests are sent through."""

import pytest
from shelves import asked, put

from tokentape.cli.asking import _address
from tokentape.errors import BadSetting

ADDRESSES = [
    ("http://127.0.0.1:9000", ("127.0.0.1", 9000)),
    ("http://127.0.0.1", ("127.0.0.1", 8080)),
    ("localhost:9000", ("localhost", 9000)),
    ("http://name:x@127.0.0.1:9000/", ("127.0.0.1", 9000)),
    ("http://[::1]:9000", ("::1", 9000)),
]


@pytest.mark.parametrize(("url", "address"), ADDRESSES)
def test_the_address_of_a_proxy(url, address):
    """As people write it; a name in it is that of another cassette, and nobody's business here."""
    assert _address(url) == address


WRONG = ["", "http://", "nonsense://x:y", "http://127.0.0.1:99999", "https://127.0.0.1:9000", "http://[broken"]


@pytest.mark.parametrize("url", [*WRONG, "ftp://me:secret-of-mine@host"])
def test_what_is_no_address(url):
    """Said with one that is, and without repeating what may hold a password."""
    with pytest.raises(BadSetting) as caught:
        _address(url)
    assert caught.value.hint == "--proxy http://127.0.0.1:8080"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", WRONG)
def test_send_through_a_bad_url_ended_in_a_traceback(place, run, url):
    """It is typed wrong, and said like all that is."""
    put(place, "chat", asked())
    code, out, err = run("send", "--proxy", url, "chat")
    assert (code, out) == (2, "")
    assert err == "error: --proxy is not the URL of a proxy\n\nhint: --proxy http://127.0.0.1:8080\n"
