"""The control endpoint over a real proxy: through it, inside a tunnel, on a base URL; and what a web page gets."""

import shutil
from pathlib import Path

import httpx
import processes
import pytest
import recordings
from console import fenced
from running import ROOT, Mitmdump, Starter
from talking import CHAT, SOME_KEY, Clients, chat, refusal
from upstream import Upstream

REVERSE = "reverse:https://api.openai.com"
MEANT = {"X-Tokentape": "1"}


@pytest.fixture
def proxy(mitmdump: Starter, library: Path) -> Mitmdump:
    """A proxy with a base URL besides."""
    return mitmdump(library, modes=("regular", REVERSE))


def ways(proxy: Mitmdump, client: Clients) -> dict[str, tuple[httpx.Client, str]]:
    """A client and the address of the endpoint, for each way there is."""
    return {
        "through the proxy": (client(proxy.proxy()), "http://tokentape.test"),
        "through the proxy, with a name": (client(proxy.proxy("chat", "s9")), "http://tokentape.test"),
        "inside a tunnel": (client(proxy.proxy()), "https://tokentape.test"),
        "inside a tunnel, HTTP/2": (client(proxy.proxy(), http2=True), "https://tokentape.test"),
        "base URL of the proxy itself": (client(), f"{proxy.url}/-/tokentape"),
        "base URL in reverse mode": (client(), f"{proxy.url_of(REVERSE)}/-/tokentape"),
    }


def test_it_answers_every_way(proxy: Mitmdump, client: Clients, upstream: Upstream) -> None:
    """The same answers on each, and no connection to anywhere."""
    for way, (talk, address) in ways(proxy, client).items():
        assert talk.get(f"{address}/health").json()["status"] == "ok", way
        assert talk.get(f"{address}/ca.pem").text == proxy.ca_file.read_text(), way
        assert talk.post(f"{address}/sessions", json={"id": "s1"}, headers=MEANT).status_code == 201, way
        assert talk.delete(f"{address}/sessions/s1", headers=MEANT).json()["replayed"] == 0, way
        assert talk.post(f"{address}/sessions", json={"id": "s1"}).status_code == 403, way
    assert upstream.connections == 0


def test_a_page_that_calls_itself_something_else_is_refused(
    proxy: Mitmdump, client: Clients, upstream: Upstream
) -> None:
    """DNS rebinding: the browser believes that 127.0.0.1 is evil.example, and says so in Host."""
    for url in (proxy.url, proxy.url_of(REVERSE)):
        for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
            answer = client().get(f"{url}/-/tokentape/state", headers=headers)
            assert answer.status_code >= 400, answer.text
            assert "report" not in answer.text
    assert upstream.connections == 0


def test_the_upstream_still_gets_its_own_name_in_reverse_mode(
    proxy: Mitmdump, client: Clients, upstream: Upstream
) -> None:
    """The Host header that a client sends us is about us."""
    client().post(f"{proxy.url_of(REVERSE)}/v1/chat/completions", json=chat(), headers=SOME_KEY)
    (seen,) = upstream.requests
    assert (seen.header("host") or "").startswith("127.0.0.1:")


def test_settings_of_mitmproxy_change_with_it(proxy: Mitmdump, client: Clients, upstream: Upstream) -> None:
    """The option is set where mitmproxy keeps it; what is no value of it changes nothing."""
    talk = client(proxy.proxy("none"))
    changed = talk.patch("http://tokentape.test/settings", json={"mode": "replay"}, headers=MEANT)
    assert changed.json()["mode"] == "replay"
    refusal(talk.post(CHAT, json=chat(), headers=SOME_KEY), "no-cassette")
    wrong = talk.patch("http://tokentape.test/settings", json={"mode": "replya"}, headers=MEANT)
    assert wrong.status_code == 400
    assert "did you mean mode: replay" in wrong.json()["error"]["hint"]
    assert upstream.connections == 0


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl")
def test_the_document_s_commands_work(proxy: Mitmdump, upstream: Upstream) -> None:
    """Those of docs/sessions.md, on a port of ours."""
    (block,) = fenced((ROOT / "addon/docs/sessions.md").read_text(), "sh")
    done = processes.run(["bash", "-ec", block.replace("8080", str(proxy.port))])
    assert done.returncode == 0, done.stderr
    said = done.stdout
    assert said.count('"form": 1') == 2
    assert '"mode": "replay"' in said
    assert "error" not in said


def test_sessions_by_password_header_and_path_have_their_own_positions(
    mitmdump: Starter, library: Path, client: Clients, upstream: Upstream
) -> None:
    """Each begins with the first of two equal recordings, whatever the others have played."""
    asked = {"url": CHAT, "method": "POST", "body": '{"n": 1}'}
    recordings.write(library / "two.yaml", (asked, {"body": "first"}), (asked, {"body": "second"}))
    proxy = mitmdump(library, modes=("regular", REVERSE), vcr_mode="replay")
    path = f"{proxy.url_of(REVERSE)}/@two:s3/v1/chat/completions"
    sessions = {
        "password": (client(proxy.proxy("two", "s1")), CHAT, {}),
        "header": (client(proxy.proxy("two")), CHAT, {"X-Cassette-Session": "s2"}),
        "path": (client(), path, {}),
        "the proxy's own": (client(proxy.proxy("two")), CHAT, {}),
    }
    for expected in ("first", "second", "second"):
        for name, (talk, url, headers) in sessions.items():
            assert talk.post(url, json={"n": 1}, headers=headers).text == expected, name
    state = client(proxy.proxy()).get("http://tokentape.test/state").json()
    assert sorted(one["session"] for one in state["open"]) == ["", "s1", "s2", "s3"]
    assert [one["replayed"] for one in state["report"]["cassettes"]] == [12]
