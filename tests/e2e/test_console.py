"""mitmproxy's console, on a terminal of its own: markers in the list, the conversation, commands, nothing hostile."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from processes import end_of
from running import ROOT, SCRIPT, beside_python, clean_environment, free_ports
from talking import CHAT, Clients, chat, refusal
from waiting import ENOUGH, until

ROWS, COLUMNS = 40, 140
# What a terminal obeys, beside moving and painting: titles, clipboards, answers.
_OBEYED = re.compile(rb"\x1b\][^\x07\x1b]*|\x1b\[[0-9;]*[nc]|\x1bP")
HOSTILE = "\x1b]0;pwned\x07 \x1b[2J\x1b[6n \u202eevil"


class Console:
    """``mitmproxy -s addon/vcr.py`` on a pseudo-terminal; ``seen`` is all it has written."""

    def __init__(self, place: Path, confdir: Path, library: Path) -> None:
        (self.port,) = free_ports(1)
        self._leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        options = {
            "confdir": confdir,
            "listen_host": "127.0.0.1",
            "listen_port": self.port,
            "vcr_library": library,
            "vcr_mode": "replay",
            "vcr_hold": "true",
        }
        settings = [f"--set={name}={value}" for name, value in options.items()]
        self.process = subprocess.Popen(
            [beside_python("mitmproxy"), "-s", str(SCRIPT), *settings],
            env=clean_environment(place / "home", TERM="xterm-256color", LANG="C.UTF-8"),
            cwd=place,
            stdin=follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
        )
        os.close(follower)
        self.seen = b""
        self._done = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while not self._done.is_set():
            if select.select([self._leader], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self._leader, 65536)
                except OSError:
                    return

    def shows(self, words: str) -> None:
        """Wait until these words were on the screen."""
        until(lambda: words.encode() in self.seen, f"the console shows {words!r}", said=lambda: repr(self.seen))

    def type(self, keys: str) -> None:
        """Type keys, as fast as a person who knows them."""
        for key in keys:
            os.write(self._leader, key.encode())
            time.sleep(0.01)

    def stop(self) -> None:
        """End it, whatever it does."""
        self.process.terminate()
        try:
            end_of(self.process, "mitmproxy", lambda: self.seen.decode(errors="replace"))
        finally:
            self._done.set()
            self._reader.join()
            os.close(self._leader)


@pytest.fixture
def console(tmp_path: Path, confdir: Path) -> Iterator[Console]:
    """A console over the recordings that come along."""
    one = Console(tmp_path, confdir, ROOT / "cassettes")
    try:
        one.shows("Flows")
        yield one
    finally:
        one.stop()


def test_the_console_shows_holds_and_obeys_nobody(console: Console, client: Clients) -> None:
    """A held flow is marked; ``:vcr.decide`` decides; why it was refused stands above its body; nothing is obeyed."""
    with ThreadPoolExecutor(1) as pool, client(f"http://chat-basic:x@127.0.0.1:{console.port}") as one:
        answer = pool.submit(one.post, CHAT, json=chat(HOSTILE))
        console.shows("⌛")
        console.type(":vcr.decide refuse\r")
        refusal(answer.result(ENOUGH), "out-of-date")
        console.shows("❌")
    console.type("\r")
    console.shows("no recording in")
    console.shows("Conversation")
    assert b"pwned" not in b"".join(_OBEYED.findall(console.seen))
    assert "\u202e".encode() not in console.seen
