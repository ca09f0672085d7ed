"""placeholders: they say what they are, follow from role and ordinal, and parse like what they replace."""

import base64
import json
import re

import pytest

from tokentape.redaction.placeholders import dressed, identity, is_placeholder, placeholder

# Put together here, so that the file holds nothing that a scanner takes for a key.
JWT = ".".join(("eyJhbGciOiJSUzI1NiJ9", "eyJzdWIiOiJtZSIsImV4cCI6MX0", "c2VjcmV0"))
KEY_ID = "Q3ERTYU7OPAS5DFG"
SHAPES = [
    ("access-token", "opaque-text", "tokentape-redacted-access-token-7"),
    ("api-key", "sk-proj-abcdef", "sk-proj-tokentape-redacted-api-key-7"),
    ("api-key", "sk-ant-api03-abcdef", "sk-ant-api03-tokentape-redacted-api-key-7"),
    ("access-token", "ya29.abcdef", "ya29.tokentape-redacted-access-token-7"),
    ("access-token", "gho_abcdef", "gho_tokentape-redacted-access-token-7"),
    ("access-key-id", f"AKIA{KEY_ID}", "AKIATOKENTAPE0000007"),
    ("access-key-id", f"ASIA{KEY_ID}", "ASIATOKENTAPE0000007"),
    ("access-key-id", "something", "tokentape-redacted-access-key-id-7"),
]


@pytest.mark.parametrize(("role", "secret", "expected"), SHAPES)
def test_a_placeholder_keeps_the_shape(role: str, secret: str, expected: str) -> None:
    """A prefix that every key of a kind has stays; nothing else of the secret does."""
    assert dressed(role, 7, secret) == expected


@pytest.mark.parametrize("ordinal", [1, 12, 123, 1234, 12345])
@pytest.mark.parametrize("role", ["access-token", "id-token", "cookie"])
def test_a_jwt_stays_a_jwt(role: str, ordinal: int) -> None:
    """Its three parts are strict base64url, the first two JSON; it is valid from 2000 to 2100; its end can be read."""
    text = dressed(role, ordinal, JWT)
    head, claims, signature = text.split(".")
    assert json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["typ"] == "JWT"
    told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert (told["iat"], told["exp"], told["sub"]) == (946684800, 4102444800, "redacted")
    assert len(signature) % 4 == 0
    assert base64.urlsafe_b64encode(base64.urlsafe_b64decode(signature)).decode() == signature
    assert signature.startswith(placeholder(role, ordinal))


def test_an_encrypted_token_is_no_jwt() -> None:
    """A token of five parts holds nothing that a client could read, so it needs no shape."""
    assert dressed("access-token", 1, f"{JWT}.YWJj.ZGVm") == placeholder("access-token", 1)


@pytest.mark.parametrize(("role", "secret"), [*(row[:2] for row in SHAPES), ("id-token", JWT)])
def test_a_placeholder_is_known_in_every_shape(role: str, secret: str) -> None:
    """In each shape it is a placeholder, is the same one, and stays as it is when dressed again."""
    text = dressed(role, 7, secret)
    assert is_placeholder(text)
    assert not is_placeholder(secret)
    assert identity(text) == placeholder(role, 7)
    assert dressed(role, 7, text) == text
    assert re.fullmatch(r"[\w.-]+", text, re.ASCII)


@pytest.mark.parametrize(
    "text",
    [
        *("", "tokentape-redacted-", "tokentape-redacted-x-", "a tokentape-redacted-x-1", "tokentape-redacted-x-1 b"),
        *("AKIATOKENTAPE", "secret-tokentape-redacted-x-1", "redacted", "eyJ.eyJ.tokentape-redacted-x-1"),
    ],
)
def test_only_a_whole_placeholder_is_one(text: str) -> None:
    """A text that only has a placeholder in it, or half of one, is itself."""
    assert not is_placeholder(text)
    assert identity(text) == text
