"""The texts that stand where secrets stood.

    tokentape-redacted-access-token-1         the second different access token of an interaction is -2
    sk-proj-tokentape-redacted-api-key-1      a known prefix stays
    eyJ...eyJ...tokentape-redacted-id-token-1 a JWT stays one that parses, and expires in 2100
    ASIATOKENTAPE0000001                      an AWS key id keeps its kind and length

Rules kept here: a placeholder follows from role and ordinal, never from the secret (but for a prefix that everybody's
keys have); it says what it is; it needs no escape in JSON, XML, URLs and headers.
"""

import re
from base64 import urlsafe_b64encode

from tokentape.facts.shapes import ACCESS_KEY_ID

_MARK = "tokentape-redacted"


def _segment(json_text: str) -> str:
    return urlsafe_b64encode(json_text.encode()).decode().rstrip("=")


# RFC 7519. 4102444800 is the first second of 2100, 946684800 that of 2000: valid whenever the recording is replayed.
_JWT_HEAD = ".".join(
    (
        _segment('{"alg":"RS256","typ":"JWT"}'),
        _segment('{"iss":"tokentape","sub":"redacted","aud":"redacted","iat":946684800,"exp":4102444800}'),
    )
)
_JWT = re.compile(r"eyJ[\w-]*\.eyJ[\w-]*\.[\w-]*", re.ASCII)
# Prefixes that providers give to all keys of a kind, so that people and scanners can tell them.
_PREFIX = re.compile(
    r"(?:sk-ant-[a-z]+\d\d-|sk-or-v1-|sk-proj-|sk-svcacct-|sk-admin-|sk-|sess-|ek_|rk_|xai-|gsk_|hf_|pplx-|fw_|nvapi-"
    r"|csk-|ya29\.|AIza|gh[oprsu]_|github_pat_|glpat-|xox[abprs]-|org-|proj_|AWS4)"
)

_PLAIN = rf"{_MARK}-[a-z-]+-\d+"
_SHAPED = rf"(?:{re.escape(_JWT_HEAD)}\.|{_PREFIX.pattern})?({_PLAIN})-{{0,3}}|A[A-Z]{{3}}TOKENTAPE(\d{{7}})"
_PLACEHOLDER = re.compile(_SHAPED, re.ASCII)
ANYWHERE = re.compile(_SHAPED.encode())
"""A placeholder inside of a text, in any shape; ``role_in`` says of which role."""
SIGNS = (f"{_MARK}-".encode(), b"TOKENTAPE0")
"""One of these is in every text that holds a placeholder."""


def placeholder(role: str, ordinal: int) -> str:
    """The plain placeholder: what a request holds, where nobody parses the value."""
    return f"{_MARK}-{role}-{ordinal}"


def dressed(role: str, ordinal: int, like: str) -> str:
    """The placeholder in the shape of the value it replaces: what a response holds, for a client that parses it."""
    plain = placeholder(role, ordinal)
    if _JWT.fullmatch(like):
        # Whole groups of four: a strict base64 decoder refuses a last group with stray bits.
        return f"{_JWT_HEAD}.{plain}{'-' * (-len(plain) % 4)}"
    if role == "access-key-id" and (match := ACCESS_KEY_ID.fullmatch(like)):
        return f"{match[1]}TOKENTAPE{ordinal:07d}"
    prefix = _PREFIX.match(like)
    return f"{prefix[0] if prefix else ''}{plain}"


def is_placeholder(text: str) -> bool:
    """Whether the whole text is one of our placeholders, in any shape."""
    return _PLACEHOLDER.fullmatch(text) is not None


def role_in(found: re.Match[bytes]) -> str:
    """The role of a placeholder that ``ANYWHERE`` found."""
    if found[1] is None:
        return "access-key-id"
    return found[1].decode()[len(_MARK) + 1 :].rpartition("-")[0]


def identity(value: str) -> str:
    """What makes two values one: a placeholder is the same in every shape, anything else is itself."""
    match = _PLACEHOLDER.fullmatch(value)
    if match is None:
        return value
    return match[1] or placeholder("access-key-id", int(match[2]))
