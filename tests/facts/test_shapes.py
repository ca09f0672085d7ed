"""Keys that stand in no known place: which texts are taken for one, and which are not."""

import base64
import random
import re
import string
from re import _parser as sre  # type: ignore[attr-defined]

import pytest
from steps import walk

from tokentape.facts.shapes import SHAPES, is_random, may_hold_key
from tokentape.redaction.hidden import RESOURCE, STANDARD, Search
from tokentape.redaction.taints import Needles

CHANCE = random.Random(7)


@pytest.fixture(autouse=True)
def same_chance() -> None:
    """Each test draws the same, whatever ran before it."""
    CHANCE.seed(7)


def some(count: int, letters: str = string.ascii_letters + string.digits) -> str:
    """Random characters, with a digit and a capital among them."""
    return "Z7" + "".join(CHANCE.choices(letters, k=count - 2))


HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + "234567"
# Put together here, so that the file holds nothing that a scanner takes for a key.
KEYS = {
    "OpenAI": "sk-" + "proj-" + some(48),
    "OpenAI, old": "sk-" + some(48),
    "Anthropic": "sk-" + "ant-api03-" + some(80),
    "OpenRouter": "sk-" + "or-v1-" + some(64, HEX),
    "OpenAI's organization": "org-" + some(24),
    "OpenAI's project": "proj" + "_" + some(24),
    "Google": "AI" + "za" + some(35),
    "Google OAuth": "ya" + "29." + some(60),
    "AWS": "AK" + "IA" + "Q3ERTYU7OPAS5DFG",
    "AWS, temporary": "AS" + "IA" + "Q3ERTYU7OPAS5DFG",
    "GitHub": "gh" + "p_" + some(36),
    "GitHub, fine-grained": "github" + "_pat_" + some(70),
    "Slack": "xo" + "xb-" + f"{some(11, string.digits)}-{some(24)}",
    "Hugging Face": "hf" + "_" + some(34),
    "Groq": "gs" + "k_" + some(52),
    "Stripe": "sk" + "_live_" + some(24),
    "npm": "np" + "m_" + some(36),
    "a JWT": ".".join(("eyJhbGciOiJSUzI1NiJ9", "eyJleHAiOjE3MDAwMDAwMDB9", some(40))),
}
AROUND = ("{}", '"{}"', "my key is {}.", "https://x.test/{}/y", "a={}&b=c", "<key>{}</key>", "Bearer {}", "x\\n{}\\n")


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("issuer", KEYS)
def test_a_key_is_told_by_its_shape(issuer: str, around: str) -> None:
    """Wherever it stands in a text; and it is all of it, not more."""
    text = around.format(KEYS[issuer])
    (span,) = STANDARD.spans(text.encode())
    assert text[span.start : span.end] == KEYS[issuer].removesuffix(".")


def example_of(parsed) -> str:
    """The plainest text that an expression fits."""
    made = ""
    for kind, what in parsed:
        match str(kind):
            case "LITERAL":
                made += chr(what)
            case "IN":
                (first, value), *_ = what
                made += chr(value[0] if str(first) == "RANGE" else value)
            case "MAX_REPEAT":
                made += example_of(what[2]) * what[0]
            case "BRANCH":
                made += example_of(what[1][0])
            case "SUBPATTERN":
                made += example_of(what[3])
    return made


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.pattern[:12])
def test_every_shape_is_in_the_quick_question_too(shape) -> None:
    """The table has a second, cheaper form; what it forgets would never be found."""
    text = example_of(sre.parse(shape.pattern)).encode()
    assert re.fullmatch(shape.pattern.encode(), text)
    assert may_hold_key(text)
    assert may_hold_key(b"x." + text)
    assert may_hold_key(b"n" + text)


NO_KEYS = [
    "chatcmpl-AbC123dEf456GhI789jKl012",
    "call_AbC123dEf456GhI789jKl012",
    "toolu_01A09q90qw90lq917835lq9",
    "msg_013Zva2CMHLNnjNjtJKrGqhD",
    "gpt-4o-mini-2024-07-18",
    "req_0123456789abcdef0123456789abcdef",
    "550e8400-e29b-41d4-a716-446655440000",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "sk-test-1234567890abcdefABCDEF",
    "sk-your-api-key-here-1234567890",
    "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "AKIA" + "IOSFODNN7EXAMPLE",
    '{"prompt_tokens": 12345678901234567890, "total_tokens": 3}',
    '{"next_page_token": "CAUQAAxY7zLm2Kp9WdRf5vQz"}',
    '{"nextPageToken": "CAUQAAxY7zLm2Kp9WdRf5vQz"}',
    '{"token": "Hello", "logprob": -0.0001234567890123}',
    "the secret of a good text is patience, and the password of the day is swordfish",
    "task-management-and-risk-assessment-2024",
    "https://example.com/disk-usage-of-the-whole-filesystem-0123456789",
    "tokentape-redacted-secret-1 sk-proj-tokentape-redacted-api-key-12 ASIATOKENTAPE0000001",
]


@pytest.mark.parametrize("text", NO_KEYS)
def test_what_is_no_key_is_left_alone(text: str) -> None:
    """Ids, digests, names of models, made-up keys, placeholders, prose."""
    assert STANDARD.spans(text.encode()) == []


@pytest.mark.parametrize("slash", ["/", "\\/"])
@pytest.mark.parametrize("issuer", ["Google", "AWS", "OpenAI, old"])
def test_a_picture_in_base64_stays_a_picture(issuer: str, slash: str) -> None:
    """Among millions of random letters the beginning of every key turns up: no letter of it may change."""
    encoded = base64.b64encode(CHANCE.randbytes(3000)).decode()
    picture = f"{encoded}/{KEYS[issuer]}+{encoded}".replace("/", slash)
    assert STANDARD.spans(f'{{"url": "data:image/png;base64,{picture}"}}'.encode()) == []


@pytest.mark.parametrize("words", ["tell+me+more+about+2+tapes", "Prices/2024/Q3/Report_Final/Cats", "one-two-3"])
def test_a_key_in_a_long_form_or_path_is_none_the_less_one(words: str) -> None:
    """Prose has the letters of base64 too, and other words; and beside a picture a key is a key."""
    key = KEYS["Google"]
    long = "+".join(f"{words}{number}" for number in range(60))
    encoded = base64.b64encode(CHANCE.randbytes(3000)).decode()
    for text in (f"{long}+{key}+{long}", f"{long}/{key}/{long}", f"{encoded}/{key}", f"{long}+{key}+{encoded}"):
        assert [text[span.start : span.end] for span in STANDARD.spans(text.encode())] == [key], text[:80]


NAMED = [
    'api_key = "{}"',
    "API-KEY: {}",
    '{{"x": "password: {}"}}',
    "export SECRET_KEY={}",
    "token={}",
    '"{{\\"auth_token\\": \\"{}\\"}}"',
    "the access key is {}",
]


@pytest.mark.parametrize("text", NAMED)
def test_a_random_word_beside_a_telling_name(text: str) -> None:
    """Whatever it looks like; a word that somebody wrote is none."""
    secret = "9f2Kd8" + "Lm3QpXz7Wv5RtBn"
    (span,) = STANDARD.spans(text.format(secret).encode())
    assert span.value == secret
    assert STANDARD.spans(text.format("some-words-that-are-long-enough").encode()) == []


def test_private_keys_in_their_frame() -> None:
    """What stands between the two lines goes, in a file and in JSON; a public key stays."""
    begin, end = "-----BEGIN RSA " + "PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
    for break_ in ("\n", "\\n"):
        inner = break_.join(("", some(64), some(64), some(12) + "==", ""))
        (span,) = STANDARD.spans(f'"{begin}{inner}{end}"'.encode())
        assert span.value == inner
    public = f"-----BEGIN PUBLIC KEY-----\n{some(64)}\n-----END PUBLIC KEY-----"
    assert STANDARD.spans(public.encode()) == []


def test_secrets_in_paths() -> None:
    """Chat hooks and bots."""
    hook = "T0AB1CD2E/B0FG3HI4J/" + some(24)
    (span,) = STANDARD.spans(f"https://hooks.slack.com/services/{hook}".encode())
    assert span.value == hook
    bot = "123456789" + ":AA" + some(33)
    assert [span.value for span in STANDARD.spans(f"https://api.telegram.org/bot{bot}/getMe".encode())] == [bot]


def test_an_azure_resource_says_whose_it_is() -> None:
    """Its name goes from URLs and texts alike; those of examples stay."""
    (span,) = STANDARD.spans(b'{"u": "https://contoso-east.openai.azure.com/openai"}')
    assert (span.role, span.value) == (RESOURCE, "contoso-east")
    assert STANDARD.spans(b"https://resource-name.cognitiveservices.azure.com/") == []


def test_it_stays_cheap_however_many_taints_there_are() -> None:
    """Finding takes as many steps with a thousand taints as with one: what a text is sampled for is looked up."""
    secrets = [some(40) for _ in range(1000)]
    text = f"{' '.join(some(30) for _ in range(200))} x{secrets[0]}y".encode()
    taken = []
    for count in (1, 1000):
        needles = Needles(secrets[:count])
        with walk() as walked:
            found = list(needles.find(text, text.split()))
        assert [one.needle.value for one in found] == [secrets[0].encode()]
        taken.append(walked.steps)
    assert taken[1] == taken[0]


@pytest.mark.parametrize(
    ("word", "random_"), [(some(32, HEX), True), (some(24), True), ("a" * 30, False), ("9" * 30, False)]
)
def test_what_is_random(word: str, random_: bool) -> None:
    """Hex and letters that chance made, and what it did not."""
    assert is_random(word) == random_


def test_a_search_of_nothing_is_nothing() -> None:
    """No text, no finding; an empty search finds what has a shape alone."""
    assert STANDARD.spans(b"") == []
    assert Search(shapes=False).spans(KEYS["OpenAI"].encode()) == []
