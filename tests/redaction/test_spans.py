"""spans: what is a secret in a body, told by where it stands."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokentape.facts.places import TELLING_ENDS, TELLING_NAMES
from tokentape.redaction.spans import authorization_spans, body_spans

FORM = "application/x-www-form-urlencoded"


def found(body: str, content_type: str = "", members: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """The secrets in a body as (text in the body, role)."""
    data = body.encode()
    return [(data[span.start : span.end].decode(), span.role) for span in body_spans(data, content_type, members or {})]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"access_token":"A"}', [("A", "access-token")]),
        ('{"access_token" : "A", "b": {"refreshToken": "B"}}', [("A", "access-token"), ("B", "refresh-token")]),
        ('[{"password":"a\\"b\\\\"},{"password":"c"}]', [('a\\"b\\\\', "password"), ("c", "password")]),
        ('{\n\t"api_key"\n:\n"A"\n}', [("A", "api-key")]),
        ('{"pass\\u0077ord":"A"}', [("A", "password")]),
        ('{"client_secret":{"value":"ek_1","expires_at":1}}', [("ek_1", "client-secret")]),
        ('{"client_secret":{"expires_at":1,"n":"x","value":"ek_1"}}', [("ek_1", "client-secret")]),
        ('{"Authorization":["Bearer A", "Basic B"]}', [("A", "authorization"), ("B", "authorization")]),
        ('{"headers":{"X-Api-Key":"A","Accept":"b"}}', [("A", "api-key")]),
        ('{"SecretString":"{\\"password\\":\\"A\\"}"}', [('{\\"password\\":\\"A\\"}', "secret")]),
        ('data: {"a":1}\n\ndata: {"access_token":"A"}\n\ndata: [DONE]\n\n', [("A", "access-token")]),
        ('{"a":1}\n{"access_token":"A"}\n', [("A", "access-token")]),
        ('{"access_token":"cut off', [("cut off", "access-token")]),
        ('{"access_token":"cut off\\', [("cut off", "access-token")]),
        ('{"password":""}', []),
        ('{"password":null,"secret":true,"api_key":5}', []),
        ('{"properties":{"password":{"type":"string","description":"a password"}},"required":["password"]}', []),
        ('{"max_tokens":5,"usage":{"prompt_tokens":"8"}}', []),
        ('{"logprobs":{"content":[{"token":"Hi","bytes":[72],"logprob":-0.1}]}}', []),
        ('{"next_page_token":"abc","key":"k","code":"invalid_api_key","type":"api_key"}', []),
        ('{"type":"thinking","thinking":"t","signature":"Eqabc"}', []),
        ('{"content":"say \\"password\\": \\"x\\", please"}', []),
        ('{"arguments":"{\\"password\\": \\"x\\"}"}', []),
        ('["password", "secret"]', []),
        ("password: x", []),
        ("", []),
    ],
)
def test_members_of_json(body: str, expected: list[tuple[str, str]]) -> None:
    """A string is a secret by the name of its member, at any depth; schemas, counts and texts are left alone."""
    assert found(body) == expected


def spellings(flat: str) -> set[str]:
    """The ways in which a name made of telling words gets written."""
    words = ("access", "secret", "client", "refresh", "session", "security", "private", "account", "api")
    first = next((word for word in words if flat.startswith(word) and flat != word), "")
    last = flat[len(first) :]
    snake = f"{first}_{last}".strip("_")
    camel = f"{first}{last.capitalize()}" if first else flat
    return {flat, flat.upper(), snake, snake.upper(), snake.replace("_", "-"), snake.replace("_", "."), camel}


@pytest.mark.parametrize("flat", [*TELLING_ENDS, *TELLING_NAMES])
def test_the_quick_look_misses_no_name(flat: str) -> None:
    """Each telling name is found when it is the only one in a body, in each spelling and white space."""
    for name in spellings(flat):
        for template in ('{"%s":"VALUE"}', '{ "%s" : "VALUE" }', '{"%s"\n:"VALUE"}'):
            assert [text for text, _ in found(template % name)] == ["VALUE"], name


def test_an_endpoint_can_name_more_members() -> None:
    """Names that tell nothing elsewhere count where the endpoint says so."""
    assert found('{"token":"A"}', members={"token": "access-token"}) == [("A", "access-token")]
    assert found('{"Token" : "A"}', members={"token": "access-token"}) == [("A", "access-token")]


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (
            "grant_type=refresh_token&refresh_token=a%2Bb&client_id=c&client_secret=d",
            FORM,
            [("a%2Bb", "refresh-token"), ("d", "client-secret")],
        ),
        ("grant_type=authorization_code&code=a&redirect_uri=b", f"{FORM}; charset=utf-8", [("a", "code")]),
        ("code=a&amount=b", FORM, []),
        ("token=a&token_type_hint=access_token", FORM, [("a", "access-token")]),
        ("Password=a&password=&x=b\r\n", FORM, [("a", "password")]),
        ("a=b&password=c\nd\n", FORM, [("c\nd", "password")]),
        ("access_token=a&scope=&token_type=bearer", "", [("a", "access-token")]),
        ("access_token=a and words", "", []),
        ("access_token=a", "text/plain", []),
    ],
)
def test_fields_of_forms(body: str, content_type: str, expected: list[tuple[str, str]]) -> None:
    """A form is known by its Content-Type, or without one by its looks."""
    assert found(body, content_type) == expected


def test_parts_of_multipart() -> None:
    """A part is a secret by its name, up to the next boundary; a file's name is no part's name."""
    body = (
        '--b\r\nContent-Disposition: form-data; name="api_key"\r\n\r\na\r\nb\r\n'
        '--b\r\nContent-Disposition: form-data; name="file"; filename="password"\r\nContent-Type: a/b\r\n\r\nc\r\n'
        "--b\r\nContent-Disposition: form-data; name=password\r\nX-More: 1\r\n\r\nd\r\n--b--\r\n"
    )
    assert found(body, "multipart/form-data; boundary=b") == [("a\r\nb", "api-key"), ("d", "password")]


def test_elements_of_xml() -> None:
    """The credentials in an answer of AWS STS are found, with and without a namespace."""
    body = (
        '<?xml version="1.0"?>\n<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Credentials>'
        "<AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey> wJa </SecretAccessKey>"
        '<s:SessionToken x="y">IQo=</s:SessionToken><Expiration>2026</Expiration></Credentials></AssumeRoleResponse>'
    )
    assert found(body, "text/xml") == [
        ("ASIA1", "access-key-id"),
        ("wJa", "secret-access-key"),
        ("IQo=", "session-token"),
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"url":"https://b.test/i.png?st=1&sig=a%2Bb%3D&se=2"}', [("a%2Bb%3D", "signature")]),
        ('{"url":"https:\\/\\/b.test\\/i.png?st=1\\u0026sig=a\\u0026se=2"}', [("a", "signature")]),
        ("<a href='https://b.test/?a=1&amp;access_token=b&amp;c=2'>", [("b", "access-token")]),
        ("see ![it](https://b.test/i?sig=abc). More", [("abc", "signature")]),
        ("https://b.test/cb#access_token=a&state=b", [("a", "access-token")]),
        ("https://u:p@b.test/", [("u:p", "user-info")]),
        ("https://TOKEN@b.test/", [("TOKEN", "user-info")]),
        ("https://u:p@ss@b.test/", [("u:p@ss", "user-info")]),
        ("postgres://u:p@b.test/db", [("u:p", "user-info")]),
        ("ssh://git@b.test/r.git", []),
        ("https://b.test/@me?page_token=a&q=sig", []),
        ("https://b.test/?key=a", []),
        ("https://maps.googleapis.com/x?key=a", [("a", "api-key")]),
        ("sig=a&token=b", []),
    ],
)
def test_urls_in_text(body: str, expected: list[tuple[str, str]]) -> None:
    """User info and secret pairs are found in URLs anywhere, as text and as JSON and HTML write them."""
    assert found(body, "text/plain") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Bearer a.b-c", [("a.b-c", "authorization")]),
        ("bearer  a", [("a", "authorization")]),
        ("Basic dTpw", [("dTpw", "authorization")]),
        ("two words", [("two words", "authorization")]),
        ("Bearer", [("Bearer", "authorization")]),
        ("Bearer ", []),
        ("", []),
        (
            "AWS4-HMAC-SHA256 Credential=AKIA1/20260101/us-east-1/s3/aws4_request,SignedHeaders=host;x,Signature=0a",
            [("AKIA1", "access-key-id"), ("0a", "signature")],
        ),
    ],
)
def test_the_scheme_is_no_secret(value: str, expected: list[tuple[str, str]]) -> None:
    """A known scheme stays, any other first word is part of the secret; of SigV4 the scope and header names stay."""
    data = value.encode()
    spans = authorization_spans(data, 0, len(data))
    assert [(data[span.start : span.end].decode(), span.role) for span in spans] == expected


FRAGMENTS = st.sampled_from(
    [
        *('"', '\\"', "\\", "{", "}", "[", "]", ":", ",", " ", "\n", "\r\n", "&", "=", "?", "#", "://", ":\\/\\/"),
        *("https", "@", "<", ">", "/", '"password":"', '"value":"', '"secret":{', '"api_key":[', "sig=", "token="),
        *("password=", "<SecretKey>", "\\u0026", "\\u0070", "data: ", 'name="secret"\r\n\r\n', "--b", "é", "key", "a"),
    ]
)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(FRAGMENTS, max_size=40).map("".join),
    st.sampled_from(["", "application/json", FORM, "multipart/form-data; boundary=b", "text/xml"]),
)
def test_any_text_can_be_searched(body: str, content_type: str) -> None:
    """Whatever a body is, spans come in order, apart, not empty, and within it."""
    data = body.encode()
    position = 0
    for span in body_spans(data, content_type):
        assert position <= span.start < span.end <= len(data)
        position = span.end


LEAVES = st.none() | st.integers() | st.text(max_size=8)
NAMES = st.sampled_from(["a", "password", "properties", "token", "b c"])


def trees(depth: int) -> st.SearchStrategy[object]:
    """JSON values in which a list under a telling name holds no lists (which hold no secrets then)."""
    if depth == 0:
        return LEAVES
    objects = st.dictionaries(NAMES, trees(depth - 1), max_size=3)
    return objects | st.lists(LEAVES, max_size=3) | st.lists(objects, max_size=2)


@settings(deadline=None, max_examples=100)
@given(trees(3), st.booleans())
def test_json_is_read_as_a_parser_reads_it(tree: object, ascii_only: bool) -> None:
    """In any JSON document exactly the strings of telling members are found, by their meaning."""
    expected = []

    def walk(node: object, telling: bool) -> None:
        if isinstance(node, dict):
            for name, value in node.items():
                walk(value, name == "password")
        elif isinstance(node, list):
            for value in node:
                walk(value, telling and isinstance(value, str))
        elif isinstance(node, str) and telling and node:
            expected.append(node)

    walk(tree, False)
    body = json.dumps(tree, ensure_ascii=ascii_only).encode()
    assert [span.value for span in body_spans(body, "application/json") if span.role == "password"] == expected
