"""A large text is searched in stretches, and what is found is what a search of the whole finds."""

import base64
import json
import random
import string

import pytest
from memory import memory
from planting import WRITINGS
from secrets_for_tests import SHAPELESS_KEY as KEY

from tokentape.redaction import stretches
from tokentape.redaction.hidden import Search
from tokentape.redaction.taints import Needles
from tokentape.rules.extra import ExtraRedaction

LETTERS = string.ascii_letters + string.digits
_CHANCE = random.Random(5)


@pytest.fixture(autouse=True)
def same_chance() -> None:
    """Each test draws the same, whatever ran before it."""
    _CHANCE.seed(5)


def some(count: int) -> str:
    """Random letters and digits."""
    return "".join(_CHANCE.choices(LETTERS, k=count))


PEM = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(some(64) for _ in range(9)) + "\n-----END PRIVATE KEY-----"
PLANTED = {
    **{f"a taint, {how}": write(KEY) for how, write in WRITINGS.items()},
    "a taint in lines of base64": base64.encodebytes(b"x" * 99 + KEY.encode() + b"y" * 99).decode(),
    "a taint far into a word of base64": base64.b64encode(b"x" * 300 + KEY.encode() + b"y" * 300).decode(),
    "a key by its shape": f"sk-{some(60)}",
    "a JSON web token": f"eyJ{some(90)}.eyJ{some(200)}.{some(40)}",
    "a key in PEM": PEM,
    "the same in JSON": json.dumps(PEM)[1:-1],
    "a named key": f"the api key is: {some(40)}",
    "a bot's token": f"/bot123456789:AA{some(40)}/send",
    "a hook": f"https://hooks.slack.com/services/{some(40)}",
    "a resource": "https://contoso-east.openai.azure.com/",
    "a placeholder": "tokentape-redacted-secret-1",
    "a placeholder in base64": base64.b64encode(b"me:tokentape-redacted-secret-1").decode(),
    "two of them": f"{KEY} and sk-{some(50)}",
}
BEHIND = "abc\n" * 700


@pytest.fixture
def small_stretches(monkeypatch):
    """Stretches of 256 bytes, and what is looked at around them accordingly."""
    monkeypatch.setattr(stretches, "STRETCH", 256)
    monkeypatch.setattr(stretches, "BEFORE", 700)
    monkeypatch.setattr(stretches, "BEHIND", 1500)


def found(search: Search, text: str, *, whole: bool) -> list[object]:
    """What a search finds, in stretches or in the whole."""
    with pytest.MonkeyPatch.context() as patch:
        if whole:
            patch.setattr(stretches, "STRETCH", 1 << 30)
        return list(search.spans(text.encode(), placeholders=True))


@pytest.mark.parametrize("what", PLANTED)
@pytest.mark.usefixtures("small_stretches")
def test_what_stands_at_a_border_is_found_as_in_the_whole(what):
    """Wherever the border is: before it, in it, behind it."""
    search = Search(taints=Needles([KEY]))
    before = some(2600)
    for at in range(2300, 2300 + 256, 11):
        text = f"{before[:at]} {PLANTED[what]} {BEHIND}"
        spans = found(search, text, whole=False)
        assert spans == found(search, text, whole=True)
        assert spans, at


@pytest.mark.usefixtures("small_stretches")
def test_what_is_longer_than_all_that_is_looked_at_is_found_to_its_end():
    """A key in PEM of any length, a word of base64, a taint that is long itself."""
    pem = PEM.replace("\n-----END", "\n" + "\n".join(some(64) for _ in range(80)) + "\n-----END")
    word = base64.b64encode(KEY.encode() + b"y" * 9000).decode()
    long_one = f"{some(40)}-" * 90
    search = Search(taints=Needles([KEY, long_one]))
    for planted in (pem, f"it is {word} there", f"it is {long_one} there"):
        text = f"{some(2300)} {planted} {BEHIND}"
        assert found(search, text, whole=False) == found(search, text, whole=True)


@pytest.mark.usefixtures("small_stretches")
def test_a_secret_far_into_a_word_is_found_though_the_word_begins_some_stretches_earlier():
    """The beginning of the word may stay; the secret does not."""
    text = base64.b64encode(b"x" * 9000 + KEY.encode() + b"y" * 9000).decode()
    (span,) = found(Search(taints=Needles([KEY])), text, whole=False)
    assert span.start <= 12_000 < 12_000 + 4 * len(KEY) // 3 <= span.end


@pytest.mark.usefixtures("small_stretches")
def test_an_expression_of_a_library_is_looked_for_in_the_whole():
    """Nobody but its author knows how long it may be, or what has to stand around it."""
    search = ExtraRedaction(patterns=(r"\Abegin [a-z ,]+ end\Z",)).search()
    text = f"begin {'abc, ' * 1000} end"
    assert [text[span.start : span.end] for span in found(search, text, whole=False)] == [text]


MB = 1_000_000
LARGE = {
    "bytes": lambda: _CHANCE.randbytes(MB),
    "escapes": lambda: rb"a\u0041%41 &amp; and so on " * (MB // 26),
    "identifiers": lambda: b" ".join(b"%032x" % _CHANCE.getrandbits(128) for _ in range(MB // 33)),
}


def test_a_text_full_of_random_words_is_searched_in_a_time_that_grows_with_its_size():
    """Each word is looked at where it stands, and not searched for in the whole."""
    sizes = []

    class Counting(bytes):
        def find(self, *given):
            sizes.append(len(self))
            return super().find(*given)

    Search().spans(Counting(LARGE["identifiers"]()[: MB // 10]))
    assert len(sizes) < 100


@pytest.mark.parametrize("kind", LARGE)
def test_how_much_memory_a_search_takes_does_not_depend_on_the_size_of_the_text(kind, monkeypatch):
    """However many escapes or words it has."""
    for name, size in {"STRETCH": 1 << 16, "BEFORE": 1 << 14, "BEHIND": 1 << 15}.items():
        monkeypatch.setattr(stretches, name, size)
    text, search = LARGE[kind](), Search(taints=Needles([KEY]))
    assert _most(search, text) < 1.3 * _most(search, text[: MB // 3])


def _most(search: Search, text: bytes) -> int:
    """The most memory that a search takes at a time, in bytes."""
    with memory() as taken:
        search.spans(text)
    return taken.most
