"""The form of a request: what is compared, and nothing else. Equal forms have equal digests.

A pure pipeline: take the request apart (address, the headers that matter, what the body is), apply the rules of the
profile, bring each piece into its canonical text, digest. The request has been redacted structurally before, so that a
key, another key or none make no difference.

The rule: two requests have a digest in common exactly if this module's words say that they are the same.

- The method is compared as it is. URLs are compared by host, path and query in normal form (``address``); the scheme
  only if ``match_on`` says so. Bodies are compared by what they are (``content``).
- No header is compared, unless ``match_on`` says ``header:NAME``; of a header that holds a credential only whether it
  is there.
- A recording stands for more than itself in three cases: multipart that was left out stands for any multipart; an
  Azure recording without ``api-version`` stands for any; and every recording answers a request whose host is unknown.

A recording is indexed under ``recorded_keys``, a request is looked up under ``incoming_keys``, the most exact first.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tokentape.address import Address, Pairs, address_of
from tokentape.facts.places import header_role
from tokentape.facts.providers import canonical_host
from tokentape.matching import canonical
from tokentape.matching.content import ANY_PARTS, Content, NoBody, content_of, digest_of, is_multipart
from tokentape.matching.rewrite import HeaderValues, TakenApart, ignored_headers, rewritten
from tokentape.model import Headers, Request
from tokentape.rules.profile import DEFAULT, Profile

BODY_HASH_DIGITS = 12
API_VERSION = "api-version"
"""The key by which a query says which version of Azure's API is meant."""

_AZURE = canonical_host("resource.openai.azure.com")
_THERE = "(there)"


@dataclass(frozen=True, slots=True)
class Form:
    """A request as it is compared under ``profile``. ``digest`` is that of the body.

    What the profile does not compare is left empty, except for method and address, which explanations like to show.
    """

    method: str
    scheme: str
    host: str
    path: str
    query: Pairs
    headers: HeaderValues
    digest: bytes
    content: Content = field(compare=False, repr=False)
    profile: Profile = field(compare=False, repr=False)
    host_known: bool = True

    @property
    def stands_for_any_version(self) -> bool:
        """Whether this is a request to Azure that says no ``api-version``."""
        return self.host == _AZURE and not _has_version(self.query)


def form_of(
    request: Request, profile: Profile = DEFAULT, *, host_known: bool = True, hits: set[str] | None = None
) -> Form:
    """The form of a (redacted) request. ``host_known=False``: the URL's host is made up and matches any.

    ``hits`` collects the entries of ``library.toml`` that had an effect on this request.
    Raises BadBody for a body that can't be compared.
    """
    content = content_of(request.body, request.headers) if "body" in profile.compared else NoBody()
    headers = _headers(request.headers, profile) if profile.headers else ()
    taken = TakenApart(address_of(request.url), headers, content)
    if profile.rewrites:
        taken = rewritten(taken, profile, hits if hits is not None else set())
    if hits is not None:
        # No header is compared unless match_on says so; to ignore one all the same is no mistake to report.
        hits.update(profile.applied, ignored_headers((name for name, _ in request.headers), profile))
    address: Address = taken.address
    return Form(
        method=request.method,
        scheme=address.scheme,
        host=address.host,
        path=address.path,
        query=address.query,
        headers=taken.headers,
        digest=digest_of(taken.content),
        content=taken.content,
        profile=profile,
        host_known=host_known,
    )


def recorded_keys(form: Form) -> tuple[bytes, ...]:
    """The digests that a recording with this form is found under: one to four of 16 bytes."""
    exact = [_key(form, host, form.digest) for host in (form.host, None)]
    if form.stands_for_any_version:
        exact += [_key(form, host, form.digest, any_version=True) for host in (form.host, None)]
    return tuple(dict.fromkeys(exact))


def incoming_keys(form: Form) -> tuple[bytes, ...]:
    """The digests to look for, the most exact first: one to four of 16 bytes."""
    host = form.host if form.host_known else None
    return tuple(dict.fromkeys(_key(form, host, body, any_version=any_) for body, any_ in _probes(form)))


def body_hash(form: Form) -> str:
    """12 hex digits of a form that was made without rules: the name of an unnamed recording, not a key.

    Raises ValueError for a form of another profile, whose digits would change with the rules.
    """
    if form.profile != DEFAULT:
        raise ValueError("the body hash is made of the form without rules")
    return _key(form, form.host, form.digest).hex()[:BODY_HASH_DIGITS]


def _probes(form: Form) -> Iterator[tuple[bytes, bool]]:
    """(digest of the body, whether a recording of any version will do) for each kind of recording that answers."""
    bodies = (form.digest, ANY_PARTS) if is_multipart(form.content) else (form.digest,)
    for any_version in (False, True) if _has_version(form.query) else (False,):
        for body in bodies:
            yield body, any_version


def _key(form: Form, host: str | None, body: bytes, *, any_version: bool = False) -> bytes:
    """The digest of what is compared. A part that is not has null in its place, which no part has otherwise."""
    compared = form.profile.compared
    query: canonical.Value = [[name, value] for name, value in form.query if not (any_version and name == API_VERSION)]
    headers: canonical.Value = [[name, list(values)] for name, values in form.headers]
    row: canonical.Value = [
        form.method if "method" in compared else None,
        form.scheme if "scheme" in compared else None,
        host if "host" in compared else None,
        form.path if "path" in compared else None,
        ({"any version": query} if any_version else query) if "query" in compared else None,
        headers,
        body.hex() if "body" in compared else None,
    ]
    return canonical.digest_of_ascii("form", canonical.text(row))


def _has_version(query: Pairs) -> bool:
    return any(name == API_VERSION for name, _ in query)


def _headers(headers: Headers, profile: Profile) -> HeaderValues:
    values: dict[str, list[str]] = {}
    for written, value in headers:
        name = written.lower()
        if name in profile.headers:
            values.setdefault(name, []).append(value.strip())
    return tuple(
        (name, (_THERE,) if header_role(name) else tuple(values[name])) for name in profile.headers if name in values
    )
