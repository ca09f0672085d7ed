"""``[redact]`` in library.toml: what it has redacted, what it excepts, and what it says of mistakes."""

import json

import pytest

from tokentape.errors import BadSetting
from tokentape.matching.form import form_of
from tokentape.model import Interaction, Request, Response
from tokentape.redaction.redact import redact, redact_request
from tokentape.rules.rules import Rules

JSON = (("Content-Type", "application/json"),)


def rules(text: str) -> Rules:
    """The rules of a file with this text."""
    return Rules.parse(text, "cassettes/library.toml")


def clean(text: str, *, url: str = "https://x.test/", headers=(), asked: object = None, answered: object = None):
    """An interaction as it is written in a library with such a file."""
    request = Request("POST", url, (*JSON, *headers), json.dumps(asked or {}).encode())
    response = Response(200, "OK", JSON, json.dumps(answered or {}).encode())
    return redact(Interaction(request, response), rules(text).search)


def test_names_are_known_places() -> None:
    """A header goes; what goes by the name in a query, JSON or a form gets a placeholder; and it is a taint."""
    text = '[redact]\nnames = ["x-team-token", "pin_code"]\n'
    pin = "7391-Zq4Lm-82Kp"
    done = clean(
        text,
        url="https://x.test/?pin_code=12&a=1",
        headers=(("X-Team-Token", "abc"), ("X-Other", f"it is {pin}")),
        asked={"PinCode": 1, "pin_code": pin, "n": 2},
        answered={"deep": [{"pin-code": "55"}], "said": pin},
    )
    assert done.request.url == "https://x.test/?pin_code=tokentape-redacted-secret-1&a=1"
    assert dict(done.request.headers) == {
        "Content-Type": "application/json",
        "X-Other": "it is tokentape-redacted-secret-2",
    }
    assert json.loads(done.request.body) == {"PinCode": 1, "pin_code": "tokentape-redacted-secret-2", "n": 2}
    assert json.loads(done.response.body) == {
        "deep": [{"pin-code": "tokentape-redacted-secret-3"}],
        "said": "tokentape-redacted-secret-2",
    }


def test_each_text_and_number_of_a_list_that_goes_by_a_name_is_a_secret() -> None:
    """Of a list in a list as well; in JSON, and in JSON that is a text in JSON."""
    text = '[redact]\nnames = ["pins"]\n'
    pins = ["one word", "", 5512, None, ['with a "quote" in it'], "the last, of [all]"]
    inside = json.dumps({"pins": [*pins], "kept": ["words"]})
    for asked, read in (
        ({"pins": pins, "kept": ["words"]}, lambda got: got),
        ({"said": inside}, lambda got: got["said"]),
    ):
        body = clean(text, asked=asked).request.body.decode()
        got = read(json.loads(body))
        kept = [word for word in ("one word", "5512", "quote", "in it", "last", "of [all]") if word in body]
        assert kept == [], body
        assert (json.loads(got) if isinstance(got, str) else got)["kept"] == ["words"]


@pytest.mark.parametrize("number", [7391, -1, 0.5, 1e21, 2.5e-07])
def test_a_number_that_goes_by_a_name_leaves_json(number: float) -> None:
    """Its placeholder is a text, with the quotes that it needs there; and what was taken out stays so."""
    text, value = '[redact]\nnames = ["pin"]\n', {"pin": number, "kept": 1}
    for depth in range(3):
        done = clean(text, asked=value, answered=value)
        for body in (done.request.body, done.response.body):
            got = json.loads(body)
            for _ in range(depth):
                got = json.loads(got["said"])
            assert got == {"pin": "tokentape-redacted-secret-1", "kept": 1}
        assert redact(done, rules(text).search) == done
        value = {"said": json.dumps(value)}


def test_a_text_that_goes_by_a_name_is_a_secret_to_its_end() -> None:
    """Behind a quote in it too, however often it is written in JSON."""
    text, value = '[redact]\nnames = ["pin"]\n', {"pin": 'some "quoted" words \\', "kept": "yes"}
    for _ in range(3):
        body = clean(text, asked=value).request.body.decode()
        assert [word for word in ("some", "quoted", "words") if word in body] == [], body
        assert "yes" in body
        value = {"said": json.dumps(value)}


def test_patterns_find_their_own_anywhere() -> None:
    """Of a pattern with a group the group is the secret."""
    text = """[redact]\npatterns = ["acme_[a-z0-9]{8}", "ticket ([0-9]{6})"]\n"""
    done = clean(text, asked={"p": "use acme_ab12cd34 for ticket 123456"})
    assert json.loads(done.request.body) == {
        "p": "use tokentape-redacted-secret-1 for ticket tokentape-redacted-secret-2"
    }


def test_personal_data_keeps_its_kind_and_its_relations() -> None:
    """The same address has the same number, another one another; and the form does not depend on whose it is."""
    text = '[redact.personal]\nemail = true\nphone = true\nemployee = "E[0-9]{6}"\n'
    done = clean(text, asked={"p": "ann@corp.example, bo@corp.example, ann@corp.example; +49 30 1234567; E123456"})
    assert json.loads(done.request.body)["p"] == (
        "tokentape-redacted-email-1, tokentape-redacted-email-2, tokentape-redacted-email-1; "
        "tokentape-redacted-phone-1; tokentape-redacted-employee-1"
    )
    search = rules(text).search
    other = Request("POST", "https://x.test/", JSON, b'{"p": "cy@x.example"}')
    same = Request("POST", "https://x.test/", JSON, b'{"p": "tokentape-redacted-email-1"}')
    assert form_of(redact_request(other, search)) == form_of(redact_request(same, search))


def test_an_exception_with_its_reason() -> None:
    """What it fits as a whole is no secret, in known places and elsewhere; a credential header goes all the same."""
    text = """[[redact.allow]]\nmatch = "sk-docs-[a-zA-Z0-9]{30}"\nbecause = "stands in the vendor's public pages"\n"""
    key = "sk-docs-" + "Ab1Cd2Ef3G" * 3
    done = clean(text, headers=(("Authorization", f"Bearer {key}"),), asked={"p": f"use {key}", "api_key": key})
    assert json.loads(done.request.body) == {"p": f"use {key}", "api_key": key}
    assert "Authorization" not in dict(done.request.headers)


MISTAKES = [
    ('[redact]\nname = ["x"]\n', "line 2: [redact], `name`: there is no such key", "did you mean `names`?"),
    ('[redact]\npatterns = ["("]\n', "'a pattern' is no regular expression", ""),
    ('[redact]\npatterns = ["a*"]\n', "fits an empty text", "use +"),
    ('[redact]\nenv = ["sk-secret"]\n', "no name of a variable", "ACME_KEY"),
    ("[redact.personal]\nemial = true\n", "line 2: [redact.personal], `emial`: is no kind that is known here", "email"),
    ("[redact.personal]\nemployee = 3\n", "must be true or an expression", "E[0-9]{6}"),
    ('[[redact.allow]]\nmatch = "x+"\n', "`because`: is missing", "because ="),
    ('[[redact.allow]]\nmatch = "x+"\nbecause = "ok"\n', "[[redact.allow]] 1, `because`: says too little", "because ="),
    ('[[redact.allow]]\nbecause = "it is public"\n', "`match`: is missing", "because ="),
]


@pytest.mark.parametrize(("text", "problem", "hint"), MISTAKES)
def test_a_mistake_stops_the_start(text: str, problem: str, hint: str) -> None:
    """With its line, and without repeating what may be a secret."""
    with pytest.raises(BadSetting) as caught:
        rules(text)
    assert problem in str(caught.value)
    assert hint in caught.value.hint
    assert "sk-secret" not in str(caught.value) + caught.value.hint


def test_a_name_is_a_name_with_either_line() -> None:
    """``x_team_token`` is the header ``X-Team-Token``, and a field of multipart."""
    text = '[redact]\nnames = ["x_team_token"]\n'
    body = b'--B\r\nContent-Disposition: form-data; name="x_team_token"\r\n\r\nplain words\r\n--B--\r\n'
    multipart = (("Content-Type", "multipart/form-data; boundary=B"), ("X-Team-Token", "abc"))
    done = redact(Interaction(Request("POST", "https://x.test/", multipart, body), Response(200)), rules(text).search)
    assert "X-Team-Token" not in dict(done.request.headers)
    assert b"plain words" not in done.request.body


def test_what_is_allowed_is_no_leak() -> None:
    """Neither is it found in a text that is only looked at, nor does its expression meet another's."""
    key = "sk-" + "Zq7Lm82KpXv" * 3
    allow = "[[redact.allow]]\nmatch = '{}'\nbecause = \"stands in the public documentation\"\n"
    found = rules(allow.format("(?i)" + key.lower()) + allow.format(r"(a)\\1")).search.spans(f"key: {key}".encode())
    assert found == []


def test_a_table_of_the_wrong_kind_is_named_whole() -> None:
    """The hint can be pasted."""
    with pytest.raises(BadSetting) as raised:
        rules("[redact]\nallow = 1\n")
    assert "[[redact.allow]]" in raised.value.hint
