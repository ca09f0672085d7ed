"""AWS Signature Version 4: sign a request again, with the proxy's own credentials in place of a client's made-up ones.

The rule: the time comes in as an argument, and nothing is kept. Only signatures in headers are made; a body that is
signed piece by piece can't be signed again here, and a query that is signed is left alone.

The steps and names are those of AWS's documentation ("Create a signed AWS API request").
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote, urlsplit

from tokentape.facts.providers import BEDROCK_HOST
from tokentape.facts.shapes import ACCESS_KEY_ID, is_real
from tokentape.model import Headers, header, without
from tokentape.redaction.placeholders import is_placeholder

ALGORITHM = "AWS4-HMAC-SHA256"
VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

_SCOPE = re.compile(rf"\s*{ALGORITHM}\s.*?Credential=([^/,\s]+)/\d{{8}}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")
# What is signed, where the request has it, besides the host and every other x-amz- header.
_SIGNED = frozenset({"host", "content-type", "content-md5"})
_OURS = ("authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256")
# What stands in place of the body's digest.
_UNSIGNED = frozenset({"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"})
_IN_PIECES = re.compile(r"STREAMING-[A-Z0-9-]{1,60}")
_EMPTY_STEP = re.compile(r"/\.?(?=/)|/\.$")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signs. ``token`` is that of temporary credentials, or empty."""

    key_id: str
    secret: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signature is good for, besides a day."""

    region: str
    service: str


def credentials_from(environ: Mapping[str, str]) -> Credentials | None:
    """The credentials in an environment, or None."""
    key_id, secret, token = (environ.get(name, "").strip() for name in VARIABLES)
    return Credentials(key_id, secret, token) if key_id and secret else None


def is_signed_in_earnest(headers: Headers) -> bool:
    """Whether a request is signed by a key whose id may be real."""
    found = _SCOPE.match(header(headers, "authorization") or "")
    if found is None:
        return False
    key_id = found[1]
    return ACCESS_KEY_ID.fullmatch(key_id) is not None and is_real(key_id) and not is_placeholder(key_id)


def signed_in_pieces(headers: Headers) -> str:
    """How a request says that each piece of its body is signed by itself; empty if none is."""
    declared = header(headers, "x-amz-content-sha256") or ""
    return declared if declared not in _UNSIGNED and _IN_PIECES.fullmatch(declared) else ""


def scope_of(headers: Headers, host: str) -> Scope | None:
    """Region and service that a request was signed for; of Bedrock the host tells as well. None where nothing does."""
    if found := _SCOPE.match(header(headers, "authorization") or ""):
        return Scope(found[2], found[3])
    bedrock = BEDROCK_HOST.fullmatch(host)
    return Scope(bedrock[1], "bedrock") if bedrock else None


def signed(
    method: str, url: str, headers: Headers, body: bytes, credentials: Credentials, scope: Scope, now: float
) -> Headers:
    """The headers of a request, signed by these credentials at ``now`` (seconds since 1970)."""
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    declared = header(headers, "x-amz-content-sha256")
    payload = declared if declared in _UNSIGNED else sha256(body).hexdigest()
    added = [("X-Amz-Date", stamp)]
    if credentials.token:
        added.append(("X-Amz-Security-Token", credentials.token))
    if declared is not None or scope.service == "s3":
        added.append(("X-Amz-Content-SHA256", payload))
    kept = (*without(headers, _OURS), *added)
    names, lines = _canonical_headers(kept, url)
    request = "\n".join((method, _path(url, scope), _query(url), lines, names, payload))
    day = f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    text = "\n".join((ALGORITHM, stamp, day, sha256(request.encode("utf-8", "surrogateescape")).hexdigest()))
    signature = hmac.digest(_key(credentials.secret, day), text.encode(), sha256).hex()
    told = f"Credential={credentials.key_id}/{day}, SignedHeaders={names}, Signature={signature}"
    return (*kept, ("Authorization", f"{ALGORITHM} {told}"))


def _key(secret: str, day: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for step in day.split("/"):
        key = hmac.digest(key, step.encode(), sha256)
    return key


def _canonical_headers(headers: Headers, url: str) -> tuple[str, str]:
    """The names of what is signed, joined by semicolons, and the lines they make."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        lower = name.lower()
        if lower in _SIGNED or lower.startswith("x-amz-"):
            values.setdefault(lower, []).append(" ".join(value.split()))
    if "host" not in values:
        values["host"] = [urlsplit(url).netloc.rpartition("@")[2]]
    names = sorted(values)
    return ";".join(names), "".join(f"{name}:{','.join(values[name])}\n" for name in names)


def _path(url: str, scope: Scope) -> str:
    """The path, encoded once more than it is sent; S3 takes it as it is."""
    path = urlsplit(url).path or "/"
    return path if scope.service == "s3" else quote(_EMPTY_STEP.sub("", path), safe="/-_.~")


def _query(url: str) -> str:
    pairs = (pair.partition("=") for pair in urlsplit(url).query.split("&") if pair)
    return "&".join(f"{name}={value}" for name, value in sorted((name, value) for name, _, value in pairs))
