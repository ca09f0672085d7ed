"""What was made of a request, kept for when it comes again: test suites and load tests ask the same things many times.

The rule: what is kept is found under a digest of all that it was made of. Left out are headers that never get as far as
being compared: those that redaction takes away whole, our own, and those that differ each time by nature (ids,
telemetry), which would make every request a new one. Where a rule has headers compared all the same, nothing is kept.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import urlsplit

from tokentape.facts import TRACE_HEADERS, is_varying
from tokentape.form import body_hash, form_of, incoming_keys
from tokentape.model import Request
from tokentape.names import OURS, unnamed_cassette
from tokentape.places import header_role
from tokentape.profile import Profile
from tokentape.redact import redact_request

# So many requests are remembered, a few hundred bytes each.
MOST = 8192


@dataclass(slots=True)
class _Made:
    """What is kept of a request: its digests by profile, and the name of its own cassette."""

    keys: dict[Profile, tuple[bytes, ...]] = field(default_factory=dict)
    own_cassette: str = ""


class Known:
    """A request and what is made of it, each when it is first asked for."""

    __slots__ = ("_made", "_redacted", "host_known", "request")

    def __init__(self, request: Request, host_known: bool, made: _Made) -> None:
        self.request = request
        self.host_known = host_known
        self._made = made
        self._redacted: Request | None = None

    @property
    def redacted(self) -> Request:
        """The request less its secrets. Raises RedactionFailed."""
        if self._redacted is None:
            self._redacted = redact_request(self.request)
        return self._redacted

    def keys(self, profile: Profile) -> tuple[bytes, ...]:
        """The digests to look it up under, the most exact first. Raises RedactionFailed, BadBody."""
        found = self._made.keys.get(profile)
        if found is None:
            found = incoming_keys(form_of(self.redacted, profile, host_known=self.host_known))
            if not profile.headers:
                self._made.keys[profile] = found
        return found

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

    def know(self, request: Request, *, host_known: bool = True) -> Known:
        """A request, with what is known of it from earlier."""
        digest = _digest(request, host_known)
        made = self._kept.get(digest)
        if made is None:
            made = self._kept[digest] = _Made()
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(digest)
        return Known(request, host_known, made)


def _digest(request: Request, host_known: bool) -> bytes:
    # A header of a varying kind that holds a URL stays in: redaction looks into URLs and counts what it finds.
    headers = [pair for pair in request.headers if not is_left_out(pair[0]) or "://" in pair[1]]
    # ``repr`` shows where one text ends and the next begins.
    total = blake2b(repr((request.method, request.url, host_known, headers)).encode(), digest_size=16)
    total.update(request.body)
    return total.digest()


@lru_cache(maxsize=1024)
def is_left_out(name: str) -> bool:
    """Whether a header of this name, unless its value holds a URL, makes no other request."""
    lower = name.lower()
    role = header_role(lower)
    return (role is not None and role != "subprotocol") or lower in _LEFT_OUT or is_varying(lower)


_LEFT_OUT = TRACE_HEADERS | {name.lower() for name in OURS}
