"""What is kept in memory of a recording: enough to find it, to rank it as a near miss, and to know it again.

A mark is made of the redacted request under its cassette's profile. It is plain data, so that it can be kept in a cache
between runs; nothing in it can be turned back into a body.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from hashlib import blake2b, md5
from typing import Any, NamedTuple
from zlib import crc32

from tokentape.address import address_of
from tokentape.formats import missing_body
from tokentape.matching.form import form_of, recorded_keys
from tokentape.matching.sketch import Sketch, sketch
from tokentape.model import Interaction, Request, header
from tokentape.redaction.redact import redact_request
from tokentape.rules.profile import Profile
from tokentape.wire.multipart import boundary_of

WIDTH = 4
# Words of the newest text, the history before it, and what kind of request it is: four bytes each.
_WORDS = 12
FEATURES = (_WORDS + 2) * WIDTH
_SIMULATOR_BOUNDARY = b"--AOAI-API-SIMULATOR-BOUNDARY"
_SKETCHED = tuple(field.name for field in fields(Sketch))


class Mark(NamedTuple):
    """One recording: the digests it answers to, the fields of its sketch, its features and its fingerprint (16 hex).

    ``features`` is of a fixed length (``FEATURES`` bytes), so that those of a whole library can be searched as one
    text. A plain tuple: a library has many, and few are ever looked at.
    """

    keys: tuple[bytes, ...]
    drawn: tuple[Any, ...]
    features: bytes
    fingerprint: str

    @property
    def sketch(self) -> Sketch:
        """The sketch of the recording."""
        return Sketch(*self.drawn)


def mark_of(interaction: Interaction, profile: Profile) -> Mark:
    """The mark of a recording. Raises TokentapeError for a request that has no form."""
    form = form_of(redact_request(interaction.request, profile.search), profile)
    drawn = sketch(form)
    values = tuple(getattr(drawn, name) for name in _SKETCHED)
    absent = missing_body(interaction)
    keys = recorded_keys(form) if absent is None else (_absent_key(interaction.request, absent),)
    return Mark(keys, values, features_of(drawn), fingerprint(interaction))


def features_of(drawn: Sketch) -> bytes:
    """The features of a sketch: what a near recording has in common with a request."""
    words = drawn.words[: _WORDS * WIDTH].ljust(_WORDS * WIDTH, b"\0")
    history = crc32(drawn.messages[:-WIDTH])
    kind = crc32(f"{drawn.method} {drawn.path} {drawn.model}".encode(errors="surrogatepass"))
    return words + history.to_bytes(WIDTH) + kind.to_bytes(WIDTH)


def key_of_absent(request: Request) -> bytes:
    """What a request is looked up under among recordings whose body is not in their file, only its MD5.

    The later Azure OpenAI simulator writes such; it compares method, path and the bytes of the body, in multipart with
    a boundary of its own in place of the request's. ``request`` is as it was sent, not redacted.
    """
    body = request.body
    boundary = boundary_of(header(request.headers, "content-type") or "")
    if boundary:
        body = body.replace(boundary.encode("utf-8", "surrogateescape"), _SIMULATOR_BOUNDARY)
    return _absent_key(request, md5(body, usedforsecurity=False).hexdigest())


def _absent_key(request: Request, body_hash: str) -> bytes:
    text = f"absent {request.method} {address_of(request.url).path} {body_hash.lower()}"
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


def keys_of(request: Request, profile: Profile) -> tuple[bytes, ...]:
    """The digests a recorded request answers to."""
    return recorded_keys(form_of(redact_request(request, profile.search), profile))


def fingerprint(interaction: Interaction) -> str:
    """What tells one recording from another: 16 hex of its request and response."""
    digest = blake2b(digest_size=8)
    request, response = interaction.request, interaction.response
    for part in (request.method, request.url, repr(request.headers), str(response.status), repr(response.headers)):
        digest.update(part.encode(errors="surrogatepass") + b"\0")
    for body in (request.body, response.body):
        digest.update(b"%d:" % len(body))
        digest.update(body)
    return digest.hexdigest()


def without_marked(interactions: tuple[Interaction, ...], fingerprints: Sequence[str]) -> tuple[Interaction, ...]:
    """The interactions less those with the fingerprints."""
    if not fingerprints:
        return interactions
    return tuple(interactions[place] for place in staying(list(map(fingerprint, interactions)), fingerprints))


def staying(there: Sequence[str], going: Sequence[str]) -> list[int]:
    """The places of those fingerprints that stay when some go, each once. Of equal ones the last goes first: they play
    in their order, so the last is the one that is never reached."""
    left = Counter(going)
    stay = []
    for place in reversed(range(len(there))):
        if left[there[place]] > 0:
            left[there[place]] -= 1
        else:
            stay.append(place)
    return stay[::-1]
