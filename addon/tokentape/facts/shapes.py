"""What secrets look like that stand in no known place: the shapes of keys, as a table.

The rule: a shape is in the table if its keys can be told from everything else by a prefix (or a frame) that the issuer
documents or that public rule sets of secret scanners agree on; what only looks random needs a telling name beside it.
Data and small questions about a value; where in a text a shape stands is found out elsewhere.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass

from tokentape.facts.providers import is_dummy


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys of one issuer: ``pattern`` is the source of an expression for bytes, without anchors."""

    name: str
    pattern: str


SHAPES: tuple[Shape, ...] = (
    # LLM APIs. sk- is also Anthropic's (sk-ant-), OpenRouter's (sk-or-) and DeepSeek's.
    Shape("OpenAI-like key", r"sk-[A-Za-z0-9_-]{20,}"),
    Shape("OpenAI session key", r"sess-[A-Za-z0-9]{32,}"),
    Shape("OpenAI realtime key", r"ek_[A-Za-z0-9]{28,}"),
    Shape("OpenAI organization id", r"org-[A-Za-z0-9]{20,}"),
    Shape("OpenAI project id", r"proj_[A-Za-z0-9]{20,}"),
    Shape("Google API key", r"AIza[A-Za-z0-9_-]{30,}"),
    Shape("Google API key", r"AQ\.[A-Za-z0-9_-]{30,}"),
    Shape("Google access token", r"ya29\.[A-Za-z0-9_.-]{20,}(?<!\.)"),
    Shape("Google refresh token", r"1//0[A-Za-z0-9_-]{30,}"),
    Shape("Google client secret", r"GOCSPX-[A-Za-z0-9_-]{24,}"),
    Shape("Groq key", r"gsk_[A-Za-z0-9]{30,}"),
    Shape("xAI key", r"xai-[A-Za-z0-9]{40,}"),
    Shape("Perplexity key", r"pplx-[A-Za-z0-9]{30,}"),
    Shape("Hugging Face token", r"(?:hf|api_org)_[A-Za-z0-9]{30,}"),
    Shape("NVIDIA key", r"nvapi-[A-Za-z0-9_-]{40,}"),
    Shape("Cerebras key", r"csk-[A-Za-z0-9]{30,}"),
    Shape("Replicate token", r"r8_[A-Za-z0-9]{30,}"),
    Shape("Together key", r"tgp_v1_[A-Za-z0-9_-]{30,}"),
    # Clouds.
    Shape("AWS access key id", r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    Shape("AWS Bedrock key", r"(?:bedrock-api-key-[A-Za-z0-9+/_-]{20,}|ABSK[A-Za-z0-9+/]{80,})={0,2}"),
    Shape("DigitalOcean token", r"do[opr]_v1_[a-f0-9]{64}"),
    Shape("Databricks token", r"dapi[a-f0-9]{32}"),
    Shape("HashiCorp Vault token", r"hv[sb]\.[A-Za-z0-9_-]{24,}"),
    # Code, chat, mail, money.
    Shape("GitHub token", r"gh[oprsu]_[A-Za-z0-9]{36,}"),
    Shape("GitHub token", r"github_pat_[A-Za-z0-9_]{50,}"),
    Shape("GitLab token", r"gl(?:pat|ptt|rt|dt)-[A-Za-z0-9_-]{20,}"),
    Shape("npm token", r"npm_[A-Za-z0-9]{36}"),
    Shape("PyPI token", r"pypi-AgE[A-Za-z0-9_-]{50,}"),
    Shape("Slack token", r"xox[abeoprs]-[A-Za-z0-9-]{20,}"),
    Shape("Slack app token", r"xapp-[0-9]-[A-Za-z0-9-]{20,}"),
    Shape("SendGrid key", r"SG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}"),
    Shape("Stripe key", r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{20,}"),
    Shape("Shopify token", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    Shape("Notion token", r"ntn_[A-Za-z0-9]{40,}"),
    Shape("Linear key", r"lin_api_[A-Za-z0-9]{32,}"),
    # Anybody's.
    Shape("JSON web token", r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
)

# Not inside of a word: a base64 text of some length holds every short prefix somewhere. The letter of an escape, as in
# a line break in JSON, is no part of one.
KEYS = re.compile(rb"(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf]))(?:%s)" % "|".join(shape.pattern for shape in SHAPES).encode())

# What a key begins with.
_STARTS = (
    r"(?:sk-|sess-|ek_|org-|proj_|AIza|AQ\.|ya29\.|1//0|GOCSPX|gsk_|xai-|pplx-|hf_|api_org|nvapi|csk-|r8_|tgp_|A[KSBC][ICA]A"
    r"|bedrock-|ABSK|do[opr]_|dapi|hv[sb]\.|gh[oprsu]_|github_|gl[prd]|npm_|pypi-|xox|xapp-|SG\.|[rs]k_|shp[acps]|ntn_|lin_"
    r"|eyJ)"
)
_AT_START = re.compile(rb"[nrtbf]?" + _STARTS.encode())
_BEHIND_MARK = re.compile(rb"[^A-Za-z0-9](?:%s)" % _STARTS.encode())


def may_hold_key(word: bytes) -> bool:
    """Whether ``KEYS`` may find something in a word that was cut out of a text: a cheap question first."""
    return _AT_START.match(word) is not None or _BEHIND_MARK.search(word) is not None


# So much on either side of a find tells whether it stands in the midst of a text in base64: prose in a form, or a path,
# has 4 to 4.5 bits a character, base64 has 5.7 at this length.
_SIDE = 192
_ENCODED = re.compile(rb"[A-Za-z0-9+/_\\-]{%d}" % _SIDE)
_ENCODED_BITS = 5.0


def in_base64(data: bytes, start: int, end: int) -> bool:
    """Whether a find of ``KEYS`` stands in the midst of a text in base64, a picture for instance: among some millions
    of random letters every short beginning of a key turns up behind a mark."""
    if data[max(0, start - 1) : start] not in (b"+", b"/", b"-", b"_"):
        return False
    sides = (data[max(0, start - _SIDE) : start], data[end : end + _SIDE])
    return all(_ENCODED.fullmatch(side) and bits(side.decode()) >= _ENCODED_BITS for side in sides)


# Chat hooks and bots have their secret in the path. Each begins with what is searched for fast; before a bot's token
# stands its number.
IN_PATHS = (
    re.compile(rb"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9_/+-]{30,})"),
    re.compile(rb"discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/[0-9]+/([A-Za-z0-9_-]{40,})"),
)
BOT_TOKEN = re.compile(rb":AA[A-Za-z0-9_-]{32,}")
BOT_NUMBER = re.compile(rb"(?<![A-Za-z0-9])(?:bot)?([0-9]{8,10})\Z")

# A private key in PEM's frame: the frame stays, what is in it goes. In JSON its lines end in \n as two characters.
PEM = re.compile(
    rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----((?:[A-Za-z0-9+/=:,. \r\n]|-(?!-)|\\+[rn/])++)"
)
PEM_START = b"-----BEGIN "

# A name that tells, a few characters that lead from a name to its value, and a word. Which word, is_random says.
# A token alone tells only as a whole name: page_token and nextPageToken are how one reads on in a list.
NAMED = re.compile(
    rb"(?:(?i:api[ _-]?key|access[ _-]?key|secret(?:[ _-]?key)?|private[ _-]?key|passw(?:or)?d|passphrase|credentials?"
    rb"|bearer|(?:api|auth|access|refresh|session|secret|bot|id)[_-]?token)|(?<![A-Za-z0-9_-])(?i:token))"
    rb"(?:\\*[\"'`*])?\s{0,3}(?:(?::=|=>|[:=])\s{0,3}|\s+is:?\s+|\s)(?:\\*[\"'`])?([A-Za-z0-9_.~+/=-]{20,})"
)
# The least of such a name, in lower case.
_NAMES = (b"key", b"token", b"secret", b"passw", b"passphrase", b"credential", b"bearer")


def may_name_a_key(text: bytes) -> bool:
    """Whether a text may hold a name of ``NAMED``: a cheap question first."""
    lower = text.lower()
    return any(name in lower for name in _NAMES)


# An Azure resource says whose it is: its name is all of the host but the service's domain. Names made up for examples
# stay, and with them the alias that the recordings of the Envoy AI Gateway hold.
AZURE_RESOURCE = re.compile(
    rb"(?<![A-Za-z0-9._-])([A-Za-z0-9][A-Za-z0-9-]{1,62})"
    rb"(?=\.(?:openai|cognitiveservices|services\.ai)\.azure\.(?:com|us|cn)(?![A-Za-z0-9-]))"
)
AZURE_DOMAIN = b".azure.c", b".azure.us"
_NOBODYS = frozenset({"resource-name", "resource", "my-resource", "your-resource", "your-resource-name", "example"})


def is_nobodys(resource: str) -> bool:
    """Whether an Azure resource's name is one of those that examples are written with."""
    return resource.lower() in _NOBODYS


# AWS identifiers begin with four letters that tell their kind (IAM reference, "Unique identifiers").
ACCESS_KEY_ID = re.compile(r"(A(?:KIA|SIA|ROA|IDA|BIA|CCA))[A-Z0-9]{12,}")


def is_real(key: str) -> bool:
    """Whether a text of a key's shape may be a key: neither made up nor one from documents."""
    return not is_dummy(key) and not key.endswith("EXAMPLE")


def is_random(word: str) -> bool:
    """Whether a word is one that chance made: at least 20 characters of several kinds, hardly any twice.

    3.3 bits a character is what a hundred random hex digits never fall below at this length, and what paths, model
    names and identifiers made of words seldom reach together with the other two.
    """
    # The cheap questions first: most words of this length are paths and names, without a digit.
    if len(word) < 20 or sum(map(str.isdigit, word)) < 3 or word.isdigit():
        return False
    return bits(word) >= 3.3 and not _MADE_OF_WORDS.search(word) and is_real(word)


# Three letters or more, a mark, three letters or more: somebody wrote that.
_MADE_OF_WORDS = re.compile(r"(?:[A-Za-z]{3,}[-_./]){2}[A-Za-z]{3,}|https?:|\.(?:com|org|json|py|html?)\b")


def bits(word: str) -> float:
    """Shannon's entropy of a word's characters, in bits a character."""
    size = len(word)
    return -sum(count / size * math.log2(count / size) for count in Counter(word).values())
