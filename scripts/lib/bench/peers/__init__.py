"""Other people's servers, brought up to do the same work: what a request costs there.

The rule: each does the least that it can: one recording or one rule, no log, nothing recorded. They come from npm, of
the versions in ``package-lock.json``, into a folder that git ignores; where there is no npm, Node or Java, they are
left out, and the table says so.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12

from bench import work
from bench.contenders import Contender, Ground
from bench.work import Ask

HERE = Path(__file__).parent
_MODULES = HERE / "node_modules"
# With a length: the load client reads no chunks.
_HEADERS = {
    **{name: value for name, value in work.ANSWER_HEADERS if name != "Date"},
    "Content-Length": str(len(work.CONSTANT)),
}
_ASK = Ask(work.question_body(work.words(0)), work.CONSTANT)

# Requests before anything is measured: both compile what runs often.
WARM_NODE, WARM_JAVA = 3000, 10_000
_WARM_JAVA_TLS = 20_000

_PASSWORD = "bench"  # Java opens no store without one
MOCKTTP, TALKBACK, WIREMOCK = "mockttp, one rule", "talkback, one tape", "WireMock, one stub"


@cache
def missing() -> str:
    """What is not there to run them; empty where all is. Installs the packages when they are first asked for."""
    for program in ("npm", "node", "java"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    if (_MODULES / ".package-lock.json").exists():
        return ""
    print("installing the peers from npm, once …", file=sys.stderr)
    # Not "ci": the lock leaves out an optional package for other systems, which "ci" takes for a mistake.
    command = ["npm", "install", "--no-save", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"]
    command.append("--fetch-retries=1")  # no long wait for a network that is not there
    done = subprocess.run(command, cwd=HERE, stdout=sys.stderr, check=False)
    return "" if done.returncode == 0 else "npm could not install the peers"


def mockttp(ground: Ground) -> Contender:
    """mockttp with a rule that answers everything with the same, with mitmproxy's CA, so that clients trust it."""
    answer = ground.folder / "answer.json"
    answer.write_text(json.dumps({"headers": _HEADERS, "body": work.CONSTANT.decode()}))
    key = ground.ca_file.with_name("mitmproxy-ca.pem")
    return _node(MOCKTTP, "mockttp.mjs", [str(key), str(answer)])


def talkback(ground: Ground) -> Contender:
    """talkback with one tape."""
    tapes = ground.folder / "tapes"
    tapes.mkdir(exist_ok=True)
    request = {
        "url": work.PATH,
        "method": "POST",
        "headers": {"content-type": "application/json"},
        "body": json.loads(_ASK.body),
    }
    response = {
        "status": 200,
        "headers": {name.lower(): [value] for name, value in _HEADERS.items()},
        "body": work.CONSTANT.decode(),
    }
    meta = {"createdAt": "2026-01-01T00:00:00.000Z", "host": "http://api.openai.com", "reqHumanReadable": True}
    tape = {"meta": {**meta, "resHumanReadable": True, "reqUncompressed": False}, "req": request, "res": response}
    (tapes / "tape.json5").write_text(json.dumps(tape))
    return _node(TALKBACK, "talkback.cjs", [str(tapes)])


def wiremock_proxy(ground: Ground) -> Contender:
    """The same as an HTTPS proxy, with mitmproxy's CA."""
    authority = ground.ca_file.with_name("mitmproxy-ca.pem").read_bytes()
    store = ground.folder / "wiremock.p12"
    key = load_pem_private_key(authority, None)
    store.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"ca",
            key,  # type: ignore[arg-type]  # a CA's key is of a kind that stores take
            x509.load_pem_x509_certificate(authority),
            None,
            BestAvailableEncryption(_PASSWORD.encode()),
        )
    )
    trust = ("--ca-keystore", str(store), "--ca-keystore-password", _PASSWORD, "--ca-keystore-type", "PKCS12")
    return replace(wiremock(ground, "--enable-browser-proxying", *trust), warm=_WARM_JAVA_TLS)


def wiremock(ground: Ground, *more: str) -> Contender:
    """WireMock with one stub that compares the body as JSON."""
    root = ground.folder / "wiremock"
    (root / "mappings").mkdir(parents=True, exist_ok=True)
    stub = {
        "request": {
            "method": "POST",
            "urlPath": work.PATH,
            "bodyPatterns": [{"equalToJson": _ASK.body.decode()}],
        },
        "response": {"status": 200, "headers": _HEADERS, "body": work.CONSTANT.decode()},
    }
    (root / "mappings" / "chat.json").write_text(json.dumps(stub))
    [jar] = (_MODULES / "wiremock" / "build").glob("*.jar")
    options = ("--root-dir", str(root), "--disable-banner", "--no-request-journal", "--use-chunked-encoding", "never")
    start = ("-jar", str(jar), *options, *more, "--port")
    return Contender(WIREMOCK, lambda port: (*start, str(port)), [_ASK], program="java", needs_ca=False, warm=WARM_JAVA)


def _node(name: str, script: str, more: Sequence[str]) -> Contender:
    return Contender(
        name,
        lambda port: (str(HERE / script), str(port), *more),
        [_ASK],
        program="node",
        needs_ca=False,
        warm=WARM_NODE,
    )
