"""A command in a real terminal: what a key press does to it."""

import os
import pty
import signal
import subprocess
import sys

import pytest

# Exits with the number of SIGINTs that had come by the time SIGTERM did, plus 40.
COUNT = """
import os, signal, sys
watched = {signal.SIGINT, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, watched)
print("ready", os.isatty(0), flush=True)
assert signal.sigwait(watched) == signal.SIGINT
print("first", flush=True)
assert signal.sigwait({signal.SIGTERM}) == signal.SIGTERM
sys.exit(41 + (signal.SIGINT in signal.sigpending()))
"""
AROUND = f"""
import asyncio, os, sys
os.login_tty(int(sys.argv[1]))
from tokentape.launch.command import run_command
sys.exit(asyncio.run(run_command([sys.executable, "-c", {COUNT!r}], os.environ)))
"""


def read_until(terminal: int, word: bytes) -> bytes:
    """What the terminal shows, up to a word."""
    seen = b""
    while word not in seen:
        seen += os.read(terminal, 1000)
    return seen


@pytest.mark.skipif(not hasattr(os, "login_tty"), reason="terminals are of Unix")
def test_ctrl_c_reaches_the_command_once():
    """The terminal sends it to the whole foreground group, so passing it on would make two of it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", AROUND, str(theirs)], pass_fds=[theirs])
    try:
        os.close(theirs)
        assert b"ready True" in read_until(ours, b"ready True")
        os.write(ours, b"\x03")
        read_until(ours, b"first")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 41
    finally:
        process.kill()
        process.wait()
        os.close(ours)
