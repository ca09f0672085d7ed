"""Names of cassettes: which are allowed, which place wins, what a path prefix says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentape import names
from tokentape.errors import BadName

GOOD = ["chat", "chat-basic", "a/b/c", "A.b_c-1", "v1.2/x", "x" * 200, "1", "_", "a..b"]
BAD = [
    "",
    ".",
    "..",
    "../evil",
    "/etc/passwd",
    "a/../../b",
    "a//b",
    "a/",
    "/a",
    ".hidden",
    "a/.b",
    "unnamed",
    "unnamed/x",
    "UnNamed/x",
    "x" * 201,
    "x" * 10_000,
    "a b",
    "a\nb",
    "a\x00b",
    "naïve",
    "a\\b",
    "C:a",
    "a%2fb",
    "~",
    "-\x1b[2J",
]


@pytest.mark.parametrize("name", GOOD)
def test_good_names_stay_as_they_are(name):
    """A name within the grammar is taken as it stands."""
    assert names.parse_name(name) == name


@pytest.mark.parametrize("name", BAD)
def test_bad_names_are_refused(name):
    """What is outside of the grammar raises, with the rule as the hint and nothing a terminal acts on."""
    with pytest.raises(BadName) as raised:
        names.parse_name(name)
    assert raised.value.hint
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 120


@pytest.mark.parametrize(
    ("given_name", "name"),
    [("chat.yaml", "chat"), ("chat.json", "chat"), ("chat.yaml.json", "chat.yaml"), ("a/b.yaml", "a/b")],
)
def test_one_ending_is_dropped(given_name, name):
    """``.yaml`` or ``.json`` at the end is dropped, once."""
    assert names.parse_name(given_name) == name


@given(st.text())
def test_a_name_that_passes_stays_below_the_library(text):
    """Whatever the text, an accepted name is relative, has no dot parts, and nothing a file system reads as more."""
    try:
        name = names.parse_name(text)
    except BadName:
        return
    assert name.isascii()
    assert not name.startswith("/")
    assert all(part and not part.startswith(".") for part in name.split("/"))


@pytest.mark.parametrize("session", ["s1", "a.b_c-1", "x" * 200])
def test_a_session_is_one_part_of_a_name(session):
    """It stays as it is."""
    assert names.parse_session(session) == session


@pytest.mark.parametrize("session", ["", "a/b", ".hidden", "a b", "naïve", "x" * 201, "a\x1b[2J"])
def test_a_bad_session_is_refused(session):
    """With what one is, and nothing a terminal acts on."""
    with pytest.raises(BadName, match=r"^bad session id ") as raised:
        names.parse_session(session)
    assert raised.value.hint == "a session id is one part of a cassette name"
    assert str(raised.value).isprintable()


PRECEDENCE = [
    # headers, proxy user, prefix, option, cassette
    (["h"], "u", "p", "o", "h"),
    ([], "u", "p", "o", "u"),
    ([], "", "p", "o", "p"),
    ([], "", "", "o", "o"),
    ([], "", "", "", None),
    ([""], "u", "p", "o", "u"),
    (["h", "h"], "", "", "", "h"),
]


@pytest.mark.parametrize(("headers", "user", "prefix", "option", "cassette"), PRECEDENCE)
def test_the_first_place_that_names_one_wins(headers, user, prefix, option, cassette):
    """Header before proxy user before path prefix before option; an empty name is no name."""
    assert names.resolve(headers, user, prefix, option).cassette == cassette


def test_two_different_values_of_the_header_are_a_bad_name():
    """Two values that differ can't both be meant."""
    with pytest.raises(BadName, match="2 different"):
        names.resolve(["a", "b"], "", "", "")


SESSIONS = [
    ([], "x", "", ""),
    ([], "s1", "", "s1"),
    (["h"], "s1", "n:p", "h"),
    ([], "", "n:p", "p"),
    ([], "x", "n:p", "p"),
]


@pytest.mark.parametrize(("headers", "password", "prefix", "session"), SESSIONS)
def test_the_session_comes_from_header_password_or_prefix(headers, password, prefix, session):
    """The password ``x`` of a proxy URL stands for no session."""
    asked = names.resolve([], "n", prefix, "", sessions=headers, proxy_password=password)
    assert asked.session == session


SPELLINGS = [
    ("X-Cassette-Name", None),
    ("x-cassette-session", None),
    ("X-Cassete-Name", "X-Cassette-Name"),
    ("X-Casette-Name", "X-Cassette-Name"),
    ("x-cassette-nme", "X-Cassette-Name"),
    ("X-Cassette-Sesion", "X-Cassette-Session"),
    ("X-Csrf-Token", None),
    ("X-Client-Name", None),
    ("Content-Type", None),
]


@pytest.mark.parametrize(("header", "meant"), SPELLINGS)
def test_a_misspelled_header_is_told(header, meant):
    """Taken in silence it would leave the request without a name, and travel upstream."""
    if meant is None:
        names.check_spelling([header])
        return
    with pytest.raises(BadName) as raised:
        names.check_spelling([header])
    assert raised.value.hint == f"did you mean {meant}?"


PREFIXES = [
    ("/@chat/v1/models", ("chat", "/v1/models")),
    ("/@chat", ("chat", "/")),
    ("/@chat?x=1", ("chat", "/?x=1")),
    ("/@group%2Fchat/v1", ("group/chat", "/v1")),
    ("/@chat:s1/v1", ("chat:s1", "/v1")),
    ("/v1/@chat", ("", "/v1/@chat")),
    ("/@/v1", ("", "/@/v1")),
    ("/@..%2Fevil/v1", ("../evil", "/v1")),
]


@pytest.mark.parametrize(("path", "split"), PREFIXES)
def test_a_path_prefix_is_split_off(path, split):
    """``/@NAME`` at the start of a path is a name, percent-decoded; elsewhere it is a path."""
    assert names.split_prefix(path) == split


def test_the_name_of_an_unnamed_recording_is_readable():
    """Host and words of the path, then the digest."""
    name = names.unnamed_cassette("API.openai.com", "/v1/chat/completions", "0123456789ab")
    assert name == "unnamed/api.openai.com/v1-chat-completions-0123456789ab"


@given(st.text(), st.text())
def test_an_unnamed_recording_never_leaves_its_folder(host, path):
    """Any host and path give a relative path of three parts without dots in front."""
    parts = names.unnamed_cassette(host, path, "0" * 12).split("/")
    assert len(parts) == 3
    assert all(part.isascii() and not part.startswith(".") for part in parts)
