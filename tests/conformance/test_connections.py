"""HTTP/1.1 itself: connections that are kept, used in advance, or closed."""

from shelf_of_cases import JSON, QUESTION
from ways import Ways

CHAT = "/v1/chat/completions"


def test_a_connection_is_kept(way: Ways) -> None:
    """Many requests on one connection, streams and refusals among them."""
    asked = way()
    with asked.talk() as talk:
        for _ in range(3):
            assert talk.ask("GET", "/v1/models", asked.headers("chat")).body == b"models"
            assert talk.ask("POST", CHAT, asked.headers("chat", *JSON), QUESTION).status == 200
            assert talk.ask("GET", "/nowhere", asked.headers("chat")).status == 409
            assert talk.ask("GET", "/sse", asked.headers("streams")).end == "whole"
            assert talk.ask("HEAD", "/head", asked.headers("odd")).status == 200
            assert talk.ask("GET", "/none", asked.headers("odd")).status == 204


def test_requests_in_advance(way: Ways) -> None:
    """Pipelined requests are answered in their order."""
    asked = way()
    paths = ["/again", "/again", "/again", "/again"]
    with asked.talk() as talk:
        talk.send(b"".join(talk.request("GET", path, asked.headers("again")) for path in paths))
        assert [talk.hear().body for _ in paths] == [b"one", b"two", b"three", b"three"]


def test_a_request_in_single_bytes(way: Ways) -> None:
    """However a request is cut, it is one request."""
    asked = way()
    with asked.talk() as talk:
        for byte in talk.request("POST", CHAT, asked.headers("chat", *JSON), QUESTION):
            talk.send(bytes([byte]))
        assert talk.hear().body == b'{"answer": "Hi!"}'


def test_close_is_said_and_done(way: Ways) -> None:
    """A client that asks for the end of the connection gets it."""
    asked = way()
    with asked.talk() as talk:
        assert talk.ask("GET", "/v1/models", asked.headers("chat", ("Connection", "close"))).body == b"models"
        assert talk.hear().end == "closed"


def test_an_old_client(way: Ways) -> None:
    """HTTP/1.0 gets its answer, and the end of the connection."""
    asked = way()
    with asked.talk() as talk:
        assert talk.ask("GET", "/v1/models", asked.headers("chat"), version="1.0").body == b"models"
        assert talk.hear().end == "closed"


def test_a_client_that_asks_before_it_sends(way: Ways) -> None:
    """``Expect: 100-continue`` is answered before the body comes (RFC 9110, 10.1.1)."""
    asked = way()
    headers = asked.headers("chat", *JSON, ("Expect", "100-continue"), ("Content-Length", str(len(QUESTION))))
    with asked.talk() as talk:
        talk.send(talk.request("POST", CHAT, headers))
        assert talk.interim().startswith("HTTP/1.1 100")
        talk.send(QUESTION)
        assert talk.hear().body == b'{"answer": "Hi!"}'
