"""Secrets planted at random in talks with an API: where they may stand, how they may be written, how they are cut.

The rule: nothing in here asks the code under test how a secret may look; what counts as a leak is worked out anew.
"""

import base64
import gzip
import html
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from hypothesis import assume
from hypothesis import strategies as st

from tokentape.facts.providers import is_dummy

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
# What keys are made of, what tokens are made of, and what people take for passwords.
ALPHABETS = (LETTERS, LETTERS + "-_", LETTERS + "+/=", LETTERS + "!$%&*/:?@#^~\"'<>\\+=.,;-_")


@st.composite
def secrets(draw: st.DrawFn) -> str:
    """A random secret of 16 to 64 characters, with letters of both kinds and digits; no word, no example."""
    middle = draw(st.text(draw(st.sampled_from(ALPHABETS)), min_size=8, max_size=56))
    mixed = draw(st.permutations("Kq7Zx3Vw"))
    # Hypothesis knows the words of our source; one of them tells that a key is made up.
    assume(len(set(middle)) > len(middle) // 2 and not is_dummy(f"K7{middle}"))
    return "".join(mixed) + middle.strip() + "9Rj"


def pair_of(secret: str, other: str) -> tuple[str, str]:
    """Two secrets that do not hold each other."""
    return secret, other if other not in secret and secret not in other else other[::-1] + "T5"


# --- how a secret may be written, so that a client or a server could read it again

Writing = Callable[[str], str]


def _base64(before: str, behind: str, *, url_safe: bool = False, padded: bool = True) -> Writing:
    def write(secret: str) -> str:
        encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
        text = encode((before + secret + behind).encode()).decode()
        return text if padded else text.rstrip("=")

    return write


WRITINGS: dict[str, Writing] = {
    "plain": lambda secret: secret,
    "within a word": lambda secret: f"prefix{secret}suffix",
    "base64": _base64("", ""),
    "base64, one before": _base64("x", "yz"),
    "base64, two before": _base64("me", ""),
    "base64, user and password": _base64("client:", ""),
    "base64, in JSON": _base64('{"id": 1, "key": "', '", "scope": "all"}'),
    "base64 for URLs": _base64("user:", "?", url_safe=True, padded=False),
    "hex": lambda secret: secret.encode().hex(),
    "HEX": lambda secret: secret.encode().hex().upper(),
    "URL": lambda secret: quote(secret, safe=""),
    "URL twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "JSON string": lambda secret: json.dumps(secret)[1:-1],
    "JSON in JSON": lambda secret: json.dumps(json.dumps({"k": secret}))[1:-1],
    "JSON with slashes escaped": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "JSON, each letter escaped": lambda secret: "".join(f"\\u{ord(letter):04x}" for letter in secret),
    "HTML": html.escape,
}


def leaks(secret: str) -> set[bytes]:
    """What must not stand in any file or message: the secret, and what of its encodings never changes."""
    plain = secret.encode()
    found = {plain, plain.hex().encode(), plain.hex().upper().encode(), quote(secret, safe="").encode()}
    found |= {json.dumps(secret)[1:-1].encode(), quote(quote(secret, safe=""), safe="").encode()}
    found |= {json.dumps(json.dumps(secret)[1:-1])[1:-1].encode(), html.escape(secret).encode()}
    found.add(json.dumps(secret)[1:-1].replace("/", "\\/").encode())
    found.add("".join(f"\\u{ord(letter):04x}" for letter in secret).encode())
    for before in range(3):
        whole = (len(plain) - (3 - before) % 3) // 3 * 3
        start = (3 - before) % 3
        core = plain[start : start + whole]
        found |= {base64.b64encode(core), base64.urlsafe_b64encode(core)}
    return found


# --- where it may stand


@dataclass(frozen=True)
class Said:
    """A message of a talk: what is around the secret in it. ``{}`` in a text is where a written secret goes."""

    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    url: str = "https://api.example.com/v1/things"


def _json_text(written: str) -> str:
    """A written secret as the content of a JSON string, escaped where it is not JSON already."""
    return json.dumps(written)[1:-1]


REQUESTS: dict[str, Callable[[str], Said]] = {
    "a prompt": lambda w: Said(body=f'{{"messages": [{{"role": "user", "content": "it is {_json_text(w)} ok?"}}]}}'),
    "a member": lambda w: Said(body=f'{{"a": [1, {{"note": "{_json_text(w)}"}}], "b": null}}'),
    "a name": lambda w: Said(body=f'{{"{_json_text(w)}": true}}'),
    "plain text": lambda w: Said(body=f"some text {w} and more"),
    "a path": lambda w: Said(url=f"https://api.example.com/bot/{quote(w, safe='')}/send"),
    "a query": lambda w: Said(url=f"https://api.example.com/v1/things?page=1&note={quote(w, safe='')}&x=2"),
    "a header": lambda w: Said((("X-Note", w),), '{"a": 1}'),
    "a form": lambda w: Said(
        (("Content-Type", "application/x-www-form-urlencoded"),), f"note={quote(w, safe='')}&page=1"
    ),
    "multipart": lambda w: Said(
        (("Content-Type", "multipart/form-data; boundary=XX"),),
        f'--XX\r\nContent-Disposition: form-data; name="note"\r\n\r\n{w}\r\n--XX--\r\n',
    ),
}
RESPONSES: dict[str, Callable[[str], Said]] = {
    "JSON": lambda w: Said((("Content-Type", "application/json"),), f'{{"echo": "{_json_text(w)}", "n": 1}}'),
    "text": lambda w: Said((("Content-Type", "text/plain"),), f"you said {w}, did you not?"),
    "a header": lambda w: Said((("X-Echo", w),), "{}"),
    "events": lambda w: Said(
        (("Content-Type", "text/event-stream"),),
        f'data: {{"n": 1}}\n\ndata: {{"delta": "{_json_text(w)}"}}\n\ndata: [DONE]\n\n',
    ),
    "HTML": lambda w: Said((("Content-Type", "text/html"),), f"<p class=x>{html.escape(w)}</p>"),
    "binary": lambda w: Said((("Content-Type", "application/octet-stream"),), f"\x00\x01{w}\x02"),
}
# Where a key stands that everybody knows to be one.
KNOWN: dict[str, Callable[[str], tuple[tuple[str, str], ...]]] = {
    "bearer": lambda s: (("Authorization", f"Bearer {s}"),),
    "x-api-key": lambda s: (("x-api-key", s),),
    "basic": lambda s: (("Authorization", f"Basic {base64.b64encode(f'me:{s}'.encode()).decode()}"),),
}


@dataclass(frozen=True)
class Planted:
    """An exchange of a talk: where the secret stands in it, how it is written there, and how the answer is cut."""

    asks: str
    asks_as: str
    answers: str
    answers_as: str
    known: str
    cuts: tuple[int, ...]
    zipped: bool

    def request(self, secret: str) -> Said:
        """What is asked, with this secret."""
        return REQUESTS[self.asks](WRITINGS[self.asks_as](secret))

    def response(self, secret: str) -> Said:
        """What is answered."""
        return RESPONSES[self.answers](WRITINGS[self.answers_as](secret))

    def pieces(self, secret: str) -> Iterator[bytes]:
        """The answer's body as it comes."""
        body = self.response(secret).body.encode()
        data = gzip.compress(body, mtime=0) if self.zipped else body
        borders = sorted({cut % (len(data) + 1) for cut in self.cuts} | {len(data)} - {0})
        start = 0
        for border in borders:
            if border > start:
                yield data[start:border]
                start = border


plantings = st.builds(
    Planted,
    st.sampled_from(sorted(REQUESTS)),
    st.sampled_from(sorted(WRITINGS)),
    st.sampled_from(sorted(RESPONSES)),
    st.sampled_from(sorted(WRITINGS)),
    st.sampled_from(sorted(KNOWN)),
    st.lists(st.integers(1, 400), max_size=5).map(tuple),
    st.booleans(),
)
