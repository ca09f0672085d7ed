"""Take the pictures of the docs anew: ``.venv/bin/python scripts/lib/pictures.py``. Needs Chromium.

The rule: what they show is real: ``tokentape web`` over the starter library, asked by a client as the readers' are; the
answers are those of the stand-in (``api``), and so is what is recorded here.
"""

import json
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

import children
from api import ANTHROPIC, OPENAI, new_keys, stand_in
from children import PATIENCE, ROOT
from chromium import browser
from starter import ASKS, CHAT, Ask, headers_of

IMAGES = ROOT / "addon" / "docs" / "images"
WIDTH, HEIGHT = 1180, 640
OTHER = {**CHAT, "messages": [{"role": "user", "content": "What does a cassette do?"}]}
NEW = {**CHAT, "messages": [{"role": "user", "content": "And a record?"}]}


@contextmanager
def web(folder: Path, library: Path, *flags: str) -> Iterator[Mapping[str, Any]]:
    """``tokentape web``; yields what its ``--json`` says."""
    command = [sys.executable, "-m", "tokentape", "web", "--json", "--port=0", "--web-port=0"]
    # From the folder of the library, so that what is shown has short names.
    proxy = subprocess.Popen(
        [*command, *flags],
        env=children.environment(folder),
        cwd=library.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield json.loads(children.line_of(proxy))
    finally:
        children.end(proxy)


def ask(said: Mapping[str, Any], one: Ask, headers: Mapping[str, str]) -> None:
    """Ask through the proxy; a refusal is an answer too."""
    trust = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=said["ca"]))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"https": said["url"]}), trust)
    request = urllib.request.Request(one.url, json.dumps(one.body).encode(), dict(headers))
    try:
        opener.open(request, timeout=PATIENCE).read()
    except urllib.error.HTTPError as error:
        error.read()


def rows(page: Page, many: int) -> None:
    """Wait until the page shows so many rows, each with its comment."""
    page.wait_for_function(
        "many => [...document.querySelectorAll('.col-comment')].filter(one => one.textContent.trim()).length >= many",
        arg=many,
    )


def flows(page: Page, folder: Path, library: Path) -> None:
    """The list of flows, and the conversation of a stream beside it."""
    keys = new_keys()
    with stand_in(folder, keys) as port:
        mapped = [f"--upstream={host}=https://127.0.0.1:{port}" for host in (OPENAI, ANTHROPIC)]
        flags = ["--mode=once", "--pace=recorded", f"--upstream-ca={folder}/api-ca.pem", *mapped]
        with web(folder, library, *flags) as said:
            page.goto(said["web"])
            new = Ask("what-is-new", OPENAI, "/v1/chat/completions", {**NEW, "stream": True})
            other = Ask("chat-basic", OPENAI, "/v1/chat/completions", OTHER)
            asked = [*ASKS[:4], new, other, *ASKS[6:]]
            for one in asked:
                ask(said, one, headers_of(one, keys))
            rows(page, len(asked))
            page.get_by_text("what-is-new #0 recorded").first.wait_for()
            page.locator("tr", has_text="chat-streaming #0").first.click()
            page.get_by_text("Response", exact=True).first.click()
            show_end(page, "chunks,")
            take(page, "flows")


def hold(page: Page, folder: Path, library: Path) -> None:
    """A request that waits, and what can be decided about it."""
    keys = new_keys()
    with web(folder, library, "--mode=replay", "--hold") as said:
        page.goto(said["web"])
        first, other = ASKS[0], Ask("chat-basic", OPENAI, "/v1/chat/completions", OTHER)
        ask(said, first, headers_of(first, keys))
        client = threading.Thread(target=ask, args=(said, other, headers_of(other, keys)), daemon=True)
        client.start()
        row = page.locator("tr", has_text="chat-basic held").first
        row.click()
        show_end(page, "What does a cassette do?")
        take(page, "hold")
        page.get_by_text("Resume", exact=True).first.click()
        client.join(PATIENCE)


def report(page: Page, folder: Path, library: Path) -> None:
    """The page that ``tokentape report`` writes."""
    out = folder / "report.html"
    names = ["chat-streaming", "chat-tools", "messages-streaming"]
    command = [sys.executable, "-m", "tokentape", "report", f"--library={library}", f"--out={out}", *names]
    subprocess.run(command, env=children.environment(folder), check=True, timeout=PATIENCE)
    page.goto(out.as_uri())
    page.locator("h2", has_text="chat-streaming").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('#c0').scrollIntoView()")
    take(page, "report")


def show_end(page: Page, words: str) -> None:
    """Scroll the flow's pane down to where the words stand."""
    page.get_by_text(words).last.wait_for()
    page.evaluate("for (const one of document.querySelectorAll('section')) one.scrollTop = one.scrollHeight")


def take(page: Page, name: str) -> None:
    """A picture of what is in view, when it has stopped moving."""
    page.wait_for_load_state("networkidle") if name == "report" else time.sleep(0.5)
    page.screenshot(path=IMAGES / f"{name}.png")


PICTURES: tuple[Callable[[Page, Path, Path], None], ...] = (flows, hold, report)


def main() -> int:
    """Take them all."""
    with browser() as chromium:
        for picture in PICTURES:
            with tempfile.TemporaryDirectory(prefix="tokentape-pictures-") as name:
                folder, library = Path(name), Path(name) / "cassettes"
                shutil.copytree(ROOT / "cassettes", library)
                page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
                picture(page, folder, library)
                page.close()
                print(f"took {picture.__name__}")
    return 0


if __name__ == "__main__":
    children.run(main)
