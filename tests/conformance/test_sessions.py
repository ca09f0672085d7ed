"""Equal requests recorded several times replay in their order, in each session by itself."""

from ways import FIRST, NEVER, Way, Ways


def bodies(asked: Way, count: int, session: str = "") -> list[bytes]:
    """What the same request is answered with, again and again."""
    talk = asked.talk()
    headers = (("X-Cassette-Name", "again"), ("X-Cassette-Session", session or asked.session))
    return [talk.ask("GET", "/again", headers).body for _ in range(count)]


def test_in_their_order_and_then_the_last(way: Ways) -> None:
    """After the last the last repeats."""
    assert bodies(way(), 5) == [b"one", b"two", b"three", b"three", b"three"]


def test_each_session_has_its_own_position(way: Ways) -> None:
    """However the sessions take turns, and over however many connections."""
    asked = way()
    names = [f"{asked.session}-{letter}" for letter in "ab"]
    heard = [bodies(asked, 1, name)[0] for _ in range(3) for name in names]
    assert heard == [b"one", b"one", b"two", b"two", b"three", b"three"]


def test_a_proxy_user_with_a_session(way: Ways) -> None:
    """The password of the proxy's URL is the session."""
    asked = way()
    for password in ("left", "right"):
        with asked.talk(user="again", password=f"{asked.session}-{password}") as talk:
            assert [talk.ask("GET", "/again").body for _ in range(2)] == [b"one", b"two"]
    with asked.talk(user="again", password=f"{asked.session}-left") as talk:
        assert talk.ask("GET", "/again").body == b"three"


def test_a_path_prefix_with_a_session(way: Ways) -> None:
    """NAME:SESSION in the path."""
    asked = way()
    with asked.talk() as talk:
        heard = [talk.ask("GET", f"/@again:{asked.session}-p/again").body for _ in range(3)]
    assert heard == [b"one", b"two", b"three"]


def test_always_the_first(way: Ways) -> None:
    """With repeat=first each answer is the first."""
    assert bodies(way(*FIRST), 3) == [b"one"] * 3


def test_never_twice(way: Ways) -> None:
    """With repeat=never a recording is used up."""
    asked = way(*NEVER)
    assert bodies(asked, 3) == [b"one", b"two", b"three"]
    refused = asked.ask("/again", "again")
    assert (refused.status, refused.header("x-cassette-error")) == (409, "exhausted")


def test_unnamed_requests_have_positions_too(way: Ways) -> None:
    """A request without a name plays through the cassette that holds it."""
    asked = way()
    assert [asked.ask("/again").body for _ in range(4)] == [b"one", b"two", b"three", b"three"]
