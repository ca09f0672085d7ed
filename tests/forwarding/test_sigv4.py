"""Signing again: the same signature as botocore's, and only where the client's own is made up."""

from datetime import UTC, datetime

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as TheirCredentials

from tokentape.forwarding import sigv4, upstream
from tokentape.model import Request, header
from tokentape.redaction.placeholders import dressed
from tokentape.settings import Settings

NOW = 1_700_000_000.0
KEY_ID = "AKIA" + "Q3ERTYU7OPAS5DFG"
SECRET = "wJalr" + "XUtnFEMIK7MDENGbPxRfiCYzq8Lm2Kp9WdRf"
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com"
REQUESTS = {
    "bedrock": ("POST", f"{BEDROCK}/model/anthropic.claude%3A0/converse", b'{"a": 1}', "bedrock"),
    "a path with everything": ("POST", f"{BEDROCK}/a%20b/c~d/e+f/%E2%82%AC", b"", "bedrock"),
    "a query": (
        "GET",
        "https://sts.eu-west-1.amazonaws.com/?Version=2011-06-15&Action=Get%20It&b=&a=2&a=1",
        b"",
        "sts",
    ),
    "a form": ("POST", "https://sts.amazonaws.com/", b"Action=GetCallerIdentity&Version=2011-06-15", "sts"),
    "s3": ("PUT", "https://bucket.s3.us-east-1.amazonaws.com/a%20b/../c//d?x=1", b"content", "s3"),
}


def theirs(method: str, url: str, body: bytes, service: str, token: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What botocore puts into Authorization for the same request at the same time."""
    request = AWSRequest(method=method, url=url, data=body, headers={"Content-Type": "application/json"})
    kind = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    when = datetime.fromtimestamp(NOW, UTC)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: when.replace(tzinfo=None))
    kind(TheirCredentials(KEY_ID, SECRET, token or None), service, "us-east-1").add_auth(request)
    return str(request.headers["Authorization"])


@pytest.mark.parametrize("token", ["", "FwoGZXIvYXdzEXAMPLEtoken=="])
@pytest.mark.parametrize("what", REQUESTS)
def test_the_signature_is_botocore_s(what: str, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For every kind of path, query and body, with temporary credentials and without."""
    method, url, body, service = REQUESTS[what]
    ours = sigv4.signed(
        method,
        url,
        (("Content-Type", "application/json"), ("Accept", "*/*"), ("X-Amz-Date", "old"), ("Authorization", "old")),
        body,
        sigv4.Credentials(KEY_ID, SECRET, token),
        sigv4.Scope("us-east-1", service),
        NOW,
    )
    assert header(ours, "authorization") == theirs(method, url, body, service, token, monkeypatch)
    assert [value for name, value in ours if name == "X-Amz-Date"] == ["20231114T221320Z"]
    assert header(ours, "x-amz-security-token") == (token or None)


def signed_by(key_id: str) -> tuple[tuple[str, str], ...]:
    """The headers of a request that a client signed."""
    scope = f"Credential={key_id}/20240101/eu-west-1/bedrock/aws4_request"
    return (("Authorization", f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host;x-amz-date, Signature={'0a' * 32}"),)


ENVIRON = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
LOCAL = {"bedrock-runtime.us-east-1.amazonaws.com": "http://127.0.0.1:9"}
PLAIN = {"bedrock-runtime.us-east-1.amazonaws.com": "http://10.0.0.1:9"}
# what, url, headers, environ, vcr_upstream, local -> the id that signs in the end, or what stands against it
CASES = [
    ("made up", BEDROCK, signed_by("AKIA" + "X" * 16), ENVIRON, {}, True, KEY_ID),
    ("a placeholder", BEDROCK, signed_by(dressed("access-key-id", 1, KEY_ID)), ENVIRON, {}, True, KEY_ID),
    ("the documents' own", BEDROCK, signed_by("AKIAIOSFODNN7EXAMPLE"), ENVIRON, {}, True, KEY_ID),
    ("not signed at all", BEDROCK, (), ENVIRON, {}, True, KEY_ID),
    ("sent to this machine", BEDROCK, signed_by("test"), ENVIRON, LOCAL, True, KEY_ID),
    ("the client's own", BEDROCK, signed_by("AKIA" + "7OPAS5DFGQ3ERTYU"), ENVIRON, {}, True, "7OPAS5DFGQ3ERTYU"),
    ("nothing to sign with", BEDROCK, signed_by("test"), {}, {}, True, "one of bedrock's, and there is none at hand"),
    ("somebody else's client", BEDROCK, signed_by("test"), ENVIRON, {}, False, "not on this machine"),
    ("to be sent in the open", BEDROCK, signed_by("test"), ENVIRON, PLAIN, True, "neither https nor"),
    ("over plain http", BEDROCK.replace("https", "http"), signed_by("test"), ENVIRON, {}, True, "plain http"),
    (
        "no host of AWS's",
        "https://amazonaws.com.evil.example",
        signed_by("test"),
        ENVIRON,
        {},
        True,
        "Credential=test/",
    ),
]


@pytest.mark.parametrize(("what", "url", "headers", "environ", "mapped", "local", "expected"), CASES)
def test_who_signs_in_the_end(what, url, headers, environ, mapped, local, expected) -> None:
    """The proxy's credentials go to AWS alone, for clients on this machine, in place of made-up ones."""
    settings = Settings(upstream=tuple(mapped.items()))
    plan = upstream.plan(Request("POST", f"{url}/x", headers, b"{}"), settings, environ, local=local, now=NOW)
    assert expected in plan.obstacle + (header(plan.headers, "authorization") or "")
    assert (expected == KEY_ID) == (KEY_ID in str(plan.headers))
    assert SECRET not in str(plan)


S3 = "https://bucket.s3.us-east-1.amazonaws.com/o"
PIECES = ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"]


@pytest.mark.parametrize("declared", PIECES)
def test_what_a_made_up_key_signed_piece_by_piece_was_sent_as_it_was(declared: str) -> None:
    """Each piece of such a body carries a signature of its own, so AWS refuses it: that is told before it is sent."""
    headers = (*signed_by("test"), ("x-amz-content-sha256", declared))
    request = Request("PUT", S3, headers, b"x")
    plan = upstream.plan(request, Settings(), ENVIRON, local=True, now=NOW)
    assert plan.headers == headers
    assert declared in plan.obstacle
    assert "the whole" in plan.obstacle


@pytest.mark.parametrize(("key_id", "environ"), [("AKIA" + "7OPAS5DFGQ3ERTYU", ENVIRON), ("test", {})])
def test_what_is_signed_piece_by_piece_and_not_for_us_to_sign_is_left_alone(key_id: str, environ: dict) -> None:
    """The client's own signature is good; and who has nothing to sign with sends what there is."""
    headers = (*signed_by(key_id), ("x-amz-content-sha256", PIECES[0]))
    plan = upstream.plan(Request("PUT", S3, headers, b"x"), Settings(), environ, local=True, now=NOW)
    assert (plan.headers, plan.obstacle) == (headers, "")


def test_a_body_with_a_checksum_behind_it_was_not_signed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As boto3 sends what it puts into S3: in pieces, none of which is signed. The signature is botocore's."""
    declared = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    body = b"1\r\nx\r\n0\r\nx-amz-checksum-crc32:jNzRVQ==\r\n\r\n"
    pieces = {"X-Amz-Trailer": "x-amz-checksum-crc32", "X-Amz-Decoded-Content-Length": "1"}
    request = AWSRequest(method="PUT", url=S3, data=body, headers={"Content-Type": "text/plain", **pieces})
    request.context["checksum"] = {"request_algorithm": {"in": "trailer"}}
    when = datetime.fromtimestamp(NOW, UTC)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: when.replace(tzinfo=None))
    botocore.auth.S3SigV4Auth(TheirCredentials(KEY_ID, SECRET), "s3", "us-east-1").add_auth(request)
    assert request.headers["X-Amz-Content-SHA256"] == declared
    scope = ("Authorization", signed_by("test")[0][1].replace("/eu-west-1/bedrock/", "/us-east-1/s3/"))
    sent = (("Content-Type", "text/plain"), *pieces.items(), ("X-Amz-Content-SHA256", declared), scope)
    plan = upstream.plan(Request("PUT", S3, sent, body), Settings(), ENVIRON, local=True, now=NOW)
    assert plan.obstacle == ""
    assert header(plan.headers, "authorization") == request.headers["Authorization"]
