"""The main job, shown: record two answers of an API through mitmdump, unplug the API, replay them, compare the bytes.

The API is a stand-in of our own (``api.py``) that plays api.openai.com over real TLS, so no network and no key is
needed. What is printed is what happened; the exit code is 1 where a replayed answer differs from the recorded one.
"""

import json
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import children
import starter
from api import OPENAI, new_keys, stand_in
from children import PATIENCE, ROOT

URL = f"https://{OPENAI}/v1/chat/completions"
CASSETTE = "demo"
KEYS = new_keys()


@contextmanager
def mitmdump(folder: Path, *options: str) -> Iterator[str]:
    """mitmdump with our addon, up until the block is left. Yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = [f"confdir={folder}/mitmproxy", *options]
    command = [
        *(find("mitmdump"), "-s", str(ROOT / "addon" / "vcr.py"), "--listen-host", "127.0.0.1", "-p", str(port)),
        *(word for setting in settings for word in ("--set", setting)),
    ]
    log = folder / "mitmdump.log"
    with log.open("ab") as output:
        environ = children.environment(folder)
        process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        wait_until_ready(process, port, folder)
        yield f"http://127.0.0.1:{port}"
    except SystemExit:
        print(f"mitmdump said:\n{log.read_text(errors='replace')}", file=sys.stderr)
        raise
    finally:
        children.end(process)


def find(program: str) -> str:
    """The program that is installed beside the Python that runs this, else the one on PATH."""
    return shutil.which(program, path=str(Path(sys.executable).parent)) or shutil.which(program) or program


def wait_until_ready(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    """The port is open a moment before the certificate is there: wait for both."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if (folder / "mitmproxy" / "mitmproxy-ca-cert.pem").exists() and not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.05)
    raise SystemExit("error: mitmdump did not start")


@dataclass(frozen=True)
class Ask:
    """A question to the API, and how it is named in the story."""

    name: str
    body: Mapping[str, Any]


ASKS = (
    Ask("one JSON answer", starter.CHAT),
    Ask("one streamed answer", {**starter.CHAT, "stream": True}),
)


def ask(question: Ask, proxy: str, folder: Path, key: str = "", cassette: str = CASSETTE) -> bytes:
    """Ask through the proxy, with curl where there is one; the body of the answer."""
    headers = {"Content-Type": "application/json", "X-Cassette-Name": cassette}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    trusted = folder / "mitmproxy" / "mitmproxy-ca-cert.pem"
    data = json.dumps(question.body)
    if shutil.which("curl") is None:
        context = ssl.create_default_context(cafile=str(trusted))
        proxied = urllib.request.ProxyHandler({"https": proxy})
        opener = urllib.request.build_opener(proxied, urllib.request.HTTPSHandler(context=context))
        request = urllib.request.Request(URL, data.encode(), headers)
        with opener.open(request, timeout=PATIENCE) as response:
            answer: bytes = response.read()
        return answer
    command = ["curl", "--silent", "--show-error", "--fail-with-body", "--no-buffer", "--max-time", str(PATIENCE)]
    command += [word for name, value in headers.items() for word in ("--header", f"{name}: {value}")]
    environ = children.environment(folder, HTTPS_PROXY=proxy, CURL_CA_BUNDLE=str(trusted))
    done = subprocess.run([*command, "--data", data, URL], env=environ, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"error: curl failed: {done.stderr.decode().strip()}\n{done.stdout.decode()}")
    return done.stdout


def shown(answer: bytes) -> str:
    """An answer in a line."""
    events = answer.count(b"data: ")
    kind = f"{events} events" if events else "JSON"
    start = answer.decode().replace("\n", " ")[:70]
    return f"{len(answer)} bytes, {kind}: {start}…"


def record(folder: Path) -> list[bytes]:
    """Ask the API with it up, and let the answers be recorded."""
    with stand_in(folder, KEYS) as port:
        upstream = [f"vcr_upstream={OPENAI}=https://127.0.0.1:{port}"]
        upstream.append(f"ssl_verify_upstream_trusted_ca={folder}/api-ca.pem")
        print(f"1. An API that plays {OPENAI} is up on 127.0.0.1:{port}, and mitmdump -s addon/vcr.py records it.")
        with mitmdump(folder, f"vcr_library={folder}/cassettes", "vcr_mode=once", *upstream) as proxy:
            print(f"   $ export HTTPS_PROXY={proxy}\n   $ curl -H 'X-Cassette-Name: {CASSETTE}' {URL} …")
            answers = [ask(question, proxy, folder, KEYS.openai) for question in ASKS]
        for question, answer in zip(ASKS, answers, strict=True):
            print(f"   {question.name}: {shown(answer)}")
    print("\n2. The API is unplugged: nothing listens there any more.")
    return answers


def replay(folder: Path) -> list[bytes]:
    """Ask the same with no API and without the key."""
    print("\n3. The same questions, from the cassette alone and without a key (--set vcr_mode=replay):")
    with mitmdump(folder, f"vcr_library={folder}/cassettes", "vcr_mode=replay") as proxy:
        return [ask(question, proxy, folder) for question in ASKS]


def show_cassette(folder: Path) -> None:
    """The beginning of the file that was recorded."""
    path = folder / "cassettes" / f"{CASSETTE}.yaml"
    lines = path.read_text().splitlines()
    print(f"\n4. The cassette, {CASSETTE}.yaml ({len(lines)} lines), begins:")
    print("\n".join(f"   | {line[:110]}" for line in lines[:24]))


def replay_the_starter(folder: Path) -> bytes:
    """Ask the first question once more; the library that comes with the clone has it too."""
    with mitmdump(folder, f"vcr_library={ROOT}/cassettes", "vcr_mode=replay") as proxy:
        return ask(ASKS[0], proxy, folder, cassette="chat-basic")


def holders_of_the_key(folder: Path) -> list[Path]:
    """The files in which the key stands. There should be none."""
    return [path for path in folder.rglob("*") if path.is_file() and KEYS.openai.encode() in path.read_bytes()]


def main() -> int:
    """Tell the story; the exit code."""
    with tempfile.TemporaryDirectory(prefix="tokentape-demo-") as name:
        folder = Path(name)
        print("tokentape: record, unplug, replay\n")
        recorded = record(folder)
        replayed = replay(folder)
        equal = [first == second for first, second in zip(recorded, replayed, strict=True)]
        for question, same, answer in zip(ASKS, equal, replayed, strict=True):
            print(f"   {question.name}: {'equal, byte for byte' if same else 'DIFFERENT'} ({len(answer)} bytes)")
        show_cassette(folder)
        leaks = holders_of_the_key(folder)
        starter_answer = replay_the_starter(folder)
        print(f"\n5. The key that was sent (sk-proj-…) stands in {len(leaks)} of the files written.")
        print("\n6. The clone has recordings of its own to try things with. cassettes/chat-basic.yaml says the same:")
        print(f"   {shown(starter_answer)}")
        good = all(equal) and not leaks and starter_answer == recorded[0]
    print("\nDone: recorded once, replayed without API and key." if good else "\nThis is not as it should be.")
    return 0 if good else 1


if __name__ == "__main__":
    children.run(main)
