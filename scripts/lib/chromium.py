"""A Chromium that is there, driven by Playwright: for the browser tests and for the pictures of the README.

The rule: no browser is downloaded. Debian's is used (``apt-get install chromium``), or one that ``CHROMIUM`` names.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

# It is started anew each time, as root too, and has nothing to say to anybody but the page.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def path() -> str | None:
    """Where Chromium is; None where there is none."""
    named = os.environ.get("CHROMIUM")
    candidates = (named,) if named else ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in candidates if (found := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless browser, until the block is left. Raises SystemExit where there is none."""
    executable = path()
    if executable is None:
        raise SystemExit("error: there is no Chromium\n\nhint: apt-get install chromium, or set CHROMIUM=PATH")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        try:
            yield started
        finally:
            started.close()
