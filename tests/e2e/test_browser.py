"""A page in a browser that calls an API of another origin: the browser asks first (CORS), and both are on the tape."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import recordings
from commands import CommandLine
from running import Starter
from secrets_for_tests import OPENAI_KEY
from talking import BEARER, CHAT, Clients, chat
from upstream import Upstream
from waiting import until

import chromium

ORIGIN = {"Origin": "https://app.example"}
ASKS = {
    **ORIGIN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


def as_a_browser(client: httpx.Client) -> tuple[httpx.Response, httpx.Response]:
    """The two requests that a browser sends for one fetch(): the first has no key and no name."""
    first = client.options(CHAT, headers=ASKS)
    return first, client.post(CHAT, json=chat(), headers={**ORIGIN, **BEARER})


@pytest.mark.parametrize("name", ["page", pytest.param("", marks=pytest.mark.slow)], ids=["named", "unnamed"])
def test_a_preflight_is_recorded_and_replayed(
    name: str, mitmdump: Starter, library: Path, client: Clients, upstream: Upstream
) -> None:
    """It needs no key, and its leave is as the API gave it; in a named cassette it stands beside its request."""
    proxy = mitmdump(library)
    recorded = as_a_browser(client(proxy.proxy(name)))
    assert [answer.status_code for answer in recorded] == [204, 200]
    assert len(upstream.requests) == 2
    until(lambda: list(library.rglob("*.yaml")), "the cassettes are published")
    proxy.restart(vcr_mode="replay")
    with upstream.unplugged():
        replayed = as_a_browser(client(proxy.proxy(name)))
    for before, after in zip(recorded, replayed, strict=True):
        assert after.status_code == before.status_code
        assert after.headers["access-control-allow-origin"] == "*"
        assert after.content == before.content
    assert replayed[0].headers["access-control-allow-headers"] == "authorization, content-type"
    if name:
        methods = [one["request"]["method"] for one in recordings.interactions(library / "page.yaml")]
        assert methods == ["OPTIONS", "POST"]


PAGE = f"""<!doctype html><p>waiting</p><script>
const body = JSON.stringify({json.dumps(chat())});
const headers = {{"Content-Type": "application/json", "Authorization": "Bearer {OPENAI_KEY}"}};
fetch("{CHAT}", {{method: "POST", headers, body}})
  .then((answer) => answer.json())
  .then((answer) => document.querySelector("p").textContent = `said ${{answer.id}}`)
  .catch((error) => document.querySelector("p").textContent = `failed ${{error}}`);
</script>"""


@pytest.fixture
def page() -> Iterator[str]:
    """The URL of that page, on a server of its own."""

    class Serving(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Serving)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_a_real_browser(page: str, tokentape: CommandLine, tmp_path: Path, upstream: Upstream) -> None:
    """Chromium takes the proxy from the environment; only its trust has a store of its own, passed over here."""
    browser = chromium.path()
    if browser is None:
        pytest.skip("no chromium on this machine")
    flags = [*chromium.FLAGS, "--headless", "--ignore-certificate-errors"]
    flags += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=20000", "--dump-dom"]
    recorded = tokentape.record([browser, *flags, page], "--cassette=page")
    assert "<p>said chatcmpl-" in recorded.out, recorded.out + recorded.err
    asked = [(seen.method, seen.path) for seen in upstream.requests if "completions" in seen.path]
    assert asked == [("OPTIONS", "/v1/chat/completions"), ("POST", "/v1/chat/completions")]
    with upstream.unplugged():
        replayed = tokentape.replay([browser, *flags, page], "--cassette=page")
    assert replayed.out == recorded.out, replayed.err
