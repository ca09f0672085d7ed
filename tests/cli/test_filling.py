"""Variables in the place of placeholders, in recorded requests that are sent once more."""

import json

import pytest

from tokentape.cli.asking import Line, Unanswered
from tokentape.cli.filling import filled, is_safe, secrets_from, to_be_looked_for
from tokentape.errors import BadSetting
from tokentape.model import Request

NAME = "tokentape-redacted-client-secret-1"
SECRET = 'a"b\\c&d e'  # of the test
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
JSON = (("Content-Type", "application/json"),)


@pytest.mark.parametrize(
    ("headers", "body", "sent"),
    [
        (JSON, b'{"client_secret": "%s"}', json.dumps({"client_secret": SECRET}).encode()),
        (FORM, b"client_secret=%s&x=1", b"client_secret=a%22b%5Cc%26d+e&x=1"),
        ((), b"secret: %s.", b"secret: " + SECRET.encode() + b"."),
        ((), b"\xff\xfe%s", b"\xff\xfe" + SECRET.encode()),
        (JSON, b'{"a":' * 5000 + b"%s", b'{"a":' * 5000 + SECRET.encode()),
    ],
)
def test_a_secret_is_written_as_its_place_writes_it(headers, body, sent):
    """In JSON, in a form, and as it is elsewhere."""
    request = Request("POST", "https://login.example/token", headers, body.replace(b"%s", NAME.encode()))
    assert filled(request, {NAME: SECRET}).body == sent
    assert filled(request, {"tokentape-redacted-client-secret-2": SECRET}) == request


def test_a_secret_in_a_url_and_in_a_header():
    """As they have it; a placeholder in the shape of a key is the same one."""
    request = Request("GET", f"https://h.example/{NAME}?a={NAME}", (("Link", f"<sk-{NAME}>"),))
    made = filled(request, {NAME: "x/y z"})
    assert made.url == "https://h.example/x%2Fy%20z?a=x%2Fy%20z"
    assert made.headers == (("Link", "<x/y z>"),)


def test_the_resource_of_azure_s_endpoint_takes_the_place_of_its_placeholder():
    """Without a word: the variable that allows the key says where it may go."""
    secrets = secrets_from((), {"AZURE_OPENAI_ENDPOINT": "https://mine-eu.openai.azure.com/"})
    request = Request("GET", "https://tokentape-redacted-resource-1.openai.azure.com/openai/models?api-version=1")
    assert filled(request, secrets).url == "https://mine-eu.openai.azure.com/openai/models?api-version=1"
    assert filled(request, secrets_from((), {})) == request


def test_a_resource_is_recorded_as_a_resource_again():
    """Looked for everywhere it would become a secret, and the URL another one."""
    environ = {"AZURE_OPENAI_ENDPOINT": "https://mine-eu.openai.azure.com/", "V": SECRET}
    assert to_be_looked_for(secrets_from([f"{NAME}=V"], environ)) == (SECRET,)


async def test_a_secret_does_not_go_over_plain_http():
    """As no key does; to this machine it may."""
    request = Request("POST", "http://login.example/token", FORM, f"client_secret={NAME}".encode())
    line = Line(None, "again", secrets={NAME: SECRET})
    with pytest.raises(Unanswered, match="not sent: what --secret names does not go over plain http"):
        await line.ask(request)
    assert is_safe("http://127.0.0.1:9/token")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("sk-proj-of-somebody=KEY", "--secret takes a placeholder"),
        (NAME, f"--secret {NAME} names no variable that is set"),
        (f"{NAME}=", "names no variable that is set"),
        (f"{NAME}=sk-proj-of-somebody", "names no variable that is set"),
        (f"{NAME}=EMPTY", "names no variable that is set"),
    ],
)
def test_what_is_typed_wrong_is_not_repeated(given, message):
    """It may be the secret itself."""
    with pytest.raises(BadSetting, match=message) as caught:
        secrets_from([given], {"EMPTY": " ", "KEY": "v"})
    assert "somebody" not in str(caught.value) + caught.value.hint


def test_a_secret_is_for_the_live_api(library, run):
    """A proxy that runs would take it for a text like any other."""
    code, out, err = run("send", "--secret", f"{NAME}=HOME", "chat")
    assert (code, out) == (2, "")
    assert err.startswith("error: --secret is for the live API")
    assert err.endswith(f"hint: tokentape send --secret {NAME}=HOME chat --live\n")
