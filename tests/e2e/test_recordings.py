"""Every real recording answers its own request: however it is named, however its JSON is written, on every way in."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import recordings
from recordings import Recording
from running import Mitmdump, Starter
from talking import browser
from upstream import Upstream

OPENAI = "reverse:https://api.openai.com"
AZURE = "reverse:https://my-res.openai.azure.com"


@dataclass(frozen=True)
class Ask:
    """A way to ask for a recording: how a client is made, the URL it asks, and the headers it adds."""

    proxy: Callable[[Mitmdump, Recording], str | None]
    url: Callable[[Mitmdump, Recording], str]
    headers: Callable[[Recording], dict[str, str]]


def as_recorded(_proxy: Mitmdump, recording: Recording) -> str:
    """The URL of the recording itself."""
    return recording.url


def at_base_url(proxy: Mitmdump, recording: Recording) -> str:
    """The same path on the port that stands for the API's host."""
    return proxy.url_of(AZURE if recording.name.startswith("azure") else OPENAI) + recording.path


def below_its_name(proxy: Mitmdump, recording: Recording) -> str:
    """The same path on that port, behind ``/@NAME``."""
    split = urlsplit(at_base_url(proxy, recording))
    return f"{split.scheme}://{split.netloc}/@{recording.name}{recording.path}"


def named(recording: Recording) -> dict[str, str]:
    """The header that names the cassette."""
    return {"X-Cassette-Name": recording.name}


def no_headers(_recording: Recording) -> dict[str, str]:
    """Nothing."""
    return {}


ASKS = {
    "proxy, by header": Ask(lambda proxy, _: proxy.proxy(), as_recorded, named),
    "proxy, by proxy user": Ask(lambda proxy, recording: proxy.proxy(recording.name), as_recorded, no_headers),
    "proxy, unnamed": Ask(lambda proxy, _: proxy.proxy(), as_recorded, no_headers),
    "base URL, by header": Ask(lambda _p, _r: None, at_base_url, named),
    "base URL, by path": Ask(lambda _p, _r: None, below_its_name, no_headers),
    "base URL, unnamed": Ask(lambda _p, _r: None, at_base_url, no_headers),
}
BODIES: dict[str, Callable[[str], str]] = {"as recorded": str, "shuffled": recordings.shuffled}


@pytest.fixture(scope="module")
def proxy(mitmdump_for_module: Starter, the_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Mitmdump:
    """A proxy in replay mode over a copy of the recordings, without any upstream."""
    library = tmp_path_factory.mktemp("recordings") / "cassettes"
    if not recordings.FOLDER.is_dir():
        pytest.skip("the real recordings are not there")
    shutil.copytree(recordings.FOLDER, library)
    the_upstream.forget()
    return mitmdump_for_module(library, modes=("regular", OPENAI, AZURE), vcr_mode="replay")


@pytest.fixture(scope="module")
def clients(ca_file: Path) -> Iterator[Callable[[str | None], httpx.Client]]:
    """One client per proxy URL, kept for the module: a connection each would cost more than the tests."""

    made: dict[str | None, httpx.Client] = {}

    def client(proxy_url: str | None) -> httpx.Client:
        if proxy_url not in made:
            made[proxy_url] = browser(proxy_url, ca_file)
        return made[proxy_url]

    yield client
    for one in made.values():
        one.close()


def request_of(recording: Recording, rewrite: Callable[[str], str], url: str, headers: dict[str, str]) -> httpx.Request:
    """The recorded request as a client would send it again; the speech file where its body was left out."""
    if recording.is_multipart:
        form = {"model": "gpt-4o-mini-transcribe", "response_format": "json"}
        files = {"file": ("sunrise_fact.wav", recordings.SPEECH.read_bytes(), "audio/wav")}
        return httpx.Request(recording.method, url, headers=headers, data=form, files=files)
    body = rewrite(recording.body).encode()
    headers = {"Content-Type": recording.content_type, **headers}
    return httpx.Request(recording.method, url, headers=headers, content=body)


def check_answer(answer: httpx.Response, recording: Recording) -> None:
    """Status, body and headers are those of the recording."""
    assert answer.content == recording.answer
    assert answer.status_code == recording.status
    assert recordings.comparable(answer.headers) == recordings.comparable(recording.headers)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("way", ASKS)
@pytest.mark.parametrize("recording", recordings.all_of_them())
def test_recording_replays(
    recording: Recording, way: str, body: str, proxy: Mitmdump, clients: Callable[[str | None], httpx.Client]
) -> None:
    """A recording answers its own request with the recorded status, headers and bytes."""
    ask = ASKS[way]
    request = request_of(recording, BODIES[body], ask.url(proxy, recording), ask.headers(recording))
    check_answer(clients(ask.proxy(proxy, recording)).send(request), recording)


@pytest.mark.parametrize("query", ["", "?api-version=2024-12-01-preview"])
@pytest.mark.parametrize("name", ["azure-chat-basic", ""])
@pytest.mark.parametrize("host", ["my-res.openai.azure.com", "other.cognitiveservices.azure.com"])
def test_azure_recording_replays_under_any_resource_host(
    host: str, name: str, query: str, proxy: Mitmdump, clients: Callable[[str | None], httpx.Client]
) -> None:
    """What was recorded under a scrubbed resource name answers the user's own resource, whatever its API version."""
    recording = recordings.one("azure-chat-basic")
    url = f"https://{host}{recording.path}{query}"
    headers = {"X-Cassette-Name": name} if name else {}
    answer = clients(proxy.proxy()).send(request_of(recording, str, url, headers))
    check_answer(answer, recording)


def test_nothing_was_asked_upstream(proxy: Mitmdump, the_upstream: Upstream) -> None:
    """After all of the above no connection has left the proxy."""
    assert proxy.runs
    assert the_upstream.connections == 0
