"""The processes that the scripts start: what they see of the world, how long they are waited for, and their end.

The rule: nothing of the user's takes part, no key, no setting, no proxy, and nothing is left in the user's folders;
nothing is waited for without a limit, and no process stays behind, after Ctrl-C neither.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[2]
SOURCES = (ROOT / "addon", ROOT / "scripts" / "lib")
PATIENCE = 60.0  # seconds, for what takes one or two on a busy machine
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH")


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a child sees: where programs are, a home of its own, and what is said here besides."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    own = {"HOME": home, "XDG_STATE_HOME": home / "state", "XDG_CACHE_HOME": home / ".cache"}
    files = {name: str(place) for name, place in own.items()}
    return {**kept, **files, "PYTHONPATH": os.pathsep.join(map(str, SOURCES)), "PYTHONUNBUFFERED": "1", **more}


def line_of(child: "subprocess.Popen[str]") -> str:
    """The next line that a child says. Raises SystemExit when it ended, or said nothing for too long."""
    assert child.stdout is not None
    impatient = threading.Timer(PATIENCE, child.kill)
    impatient.start()
    try:
        line = child.stdout.readline()
    finally:
        impatient.cancel()
    if not line:
        raise SystemExit(f"error: {_shown(child)} ended, or said nothing for {PATIENCE:g} seconds")
    return line


def end(child: "subprocess.Popen[Any]") -> None:
    """End a child, by force if it takes too long."""
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def run(main: Callable[[], int]) -> NoReturn:
    """Exit as ``main`` says. Ctrl-C needs no traceback."""
    try:
        code = main()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def _shown(child: "subprocess.Popen[Any]") -> str:
    return " ".join(map(str, child.args)) if isinstance(child.args, list | tuple) else str(child.args)
