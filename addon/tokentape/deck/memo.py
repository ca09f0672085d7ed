"""What was made of a request, kept for when it comes again: test suites and load tests ask the same things many times.

The rule: what is kept is found under a digest of all that it was made of. Left out are headers that never get as far as
being compared: our own, and those that differ each time by nature (ids, telemetry), which would make every request a
new one. A credential is not compared either, but it is looked for in the rest of the request. Where a rule has headers
compared all the same, nothing is kept.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import urlsplit

from tokentape.deck.marks import key_of_absent
from tokentape.facts.places import header_role
from tokentape.facts.providers import TRACE_HEADERS, is_varying
from tokentape.matching.form import body_hash, form_of, incoming_keys
from tokentape.model import Request
from tokentape.names import OURS, unnamed_cassette
from tokentape.redaction.hidden import STANDARD, Search
from tokentape.redaction.redact import Cleaned, cleaned, redact_request
from tokentape.rules.profile import Profile

# So many requests are remembered, a few hundred bytes each.
MOST = 8192


type Learn = Callable[[Iterable[str]], object]


def _learn_nothing(_values: Iterable[str]) -> None:
    pass


@dataclass(slots=True)
class _Made:
    """What is kept of a request: its digests by profile, and the name of its own cassette."""

    keys: dict[Profile, tuple[bytes, ...]] = field(default_factory=dict)
    own_cassette: str = ""


class Known:
    """A request and what is made of it, each when it is first asked for."""

    __slots__ = ("_absent_key", "_cleaned", "_learn", "_made", "_search", "host_known", "request")

    def __init__(self, request: Request, host_known: bool, search: Search, made: _Made, learn: Learn) -> None:
        self.request = request
        self.host_known = host_known
        self._search = search
        self._made = made
        self._learn = learn
        self._cleaned: Cleaned | None = None
        self._absent_key = b""

    @property
    def redacted(self) -> Request:
        """The request less its secrets. Raises RedactionFailed."""
        return self._look().request

    def keys(self, profile: Profile) -> tuple[bytes, ...]:
        """The digests to look it up under, the most exact first. Raises RedactionFailed, BadBody."""
        found = self._made.keys.get(profile)
        if found is None:
            found = tuple(dict.fromkeys(key for request in self._readings() for key in self._keys_of(request, profile)))
            if not profile.headers:
                self._made.keys[profile] = found
        return found

    def _keys_of(self, request: Request, profile: Profile) -> tuple[bytes, ...]:
        return incoming_keys(form_of(request, profile, host_known=self.host_known))

    def _look(self) -> Cleaned:
        if self._cleaned is None:
            self._cleaned = cleaned(self.request, self._search)
            self._learn(self._cleaned.values)
        return self._cleaned

    def _readings(self) -> Iterator[Request]:
        """The request as a recording may hold it, the likeliest first.

        A key at an odd place was redacted when it was recorded; but the recording may have been made by hand, with the
        key in it. And who replays without a key may have a word like ``unused`` in both places.
        """
        look = self._look()
        yield look.request
        if look.hidden:
            yield redact_request(self.request, replace(self._search, blind=True))
        odd = [word for word in look.plain if word in look.request.url or word.encode() in look.request.body]
        if odd:
            yield redact_request(self.request, replace(self._search, words=tuple(odd)))

    def absent_key(self) -> bytes:
        """What it is looked up under among recordings whose body is not in their file."""
        if not self._absent_key:
            self._absent_key = key_of_absent(self.request)
        return self._absent_key

    def own_cassette(self) -> str:
        """The cassette it would be recorded to without a name. Raises RedactionFailed, BadBody."""
        if not self._made.own_cassette:
            where = urlsplit(self.redacted.url)
            digest = body_hash(form_of(self.redacted))
            self._made.own_cassette = unnamed_cassette(where.hostname or "", where.path, digest)
        return self._made.own_cassette


class Memo:
    """The requests that came last."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, _Made] = OrderedDict()

    def know(
        self,
        request: Request,
        search: Search = STANDARD,
        *,
        host_known: bool = True,
        version: int = 0,
        learn: Learn = _learn_nothing,
    ) -> Known:
        """A request, with what is known of it from earlier. ``version`` changes with what the search looks for;
        ``learn`` is told the credentials of one that is new."""
        digest = _digest(request, host_known, version)
        made = self._kept.get(digest)
        if made is None:
            made = self._kept[digest] = _Made()
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(digest)
        return Known(request, host_known, search, made, learn)


def _digest(request: Request, host_known: bool, version: int) -> bytes:
    # A header of a varying kind that holds a URL stays in: redaction looks into URLs and counts what it finds.
    headers = [pair for pair in request.headers if not is_left_out(pair[0]) or "://" in pair[1]]
    # Of a credential it is its values, which are looked for in the rest.
    keys = [_lasting(value) for name, value in request.headers if _is_credential(name)]
    # ``repr`` shows where one text ends and the next begins.
    total = blake2b(repr((request.method, request.url, host_known, version, headers, keys)).encode(), digest_size=16)
    total.update(request.body)
    return total.digest()


@lru_cache(maxsize=1024)
def is_left_out(name: str) -> bool:
    """Whether a header of this name, unless its value holds a URL, makes no other request."""
    lower = name.lower()
    role = header_role(lower)
    return (role is not None and role != "subprotocol") or lower in _LEFT_OUT or is_varying(lower)


@lru_cache(maxsize=1024)
def _is_credential(name: str) -> bool:
    return name.lower() != "proxy-authorization" and header_role(name) not in (None, "subprotocol")


def _lasting(value: str) -> str:
    """A credential less what is new with each request: of AWS's signature version 4 all but the key's id."""
    return value.partition("/")[0] if value.startswith("AWS4-") else value


_LEFT_OUT = TRACE_HEADERS | {name.lower() for name in OURS}
