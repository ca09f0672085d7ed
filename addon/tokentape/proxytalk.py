"""What a program says to a proxy process of its own, and hears from it: the command that starts it, its flags, its
control endpoint, its errors. With Python alone.
"""

import http.client
import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tokentape.callers import HEADER, PREFIX
from tokentape.errors import TokentapeError

COMMAND = "TOKENTAPE_COMMAND"
PATIENCE = 60.0  # seconds for an answer of the control endpoint: ending a session waits for the disk

# A setting as Python has it: several values are several flags, a mapping is the flag's NAME=VALUE.
Setting = str | float | Path | Iterable[str] | Mapping[str, str] | None


class ProxyTrouble(TokentapeError):
    """A proxy process that can't start, has died, or does not do what it was asked; in the process's own words."""


def launching_command(environ: Mapping[str, str]) -> list[str]:
    """The words that start ``tokentape``: those of ``TOKENTAPE_COMMAND``; else this Python, if it has what the proxy
    needs; else the ``tokentape`` of another environment on the path. Raises ProxyTrouble."""
    if given := environ.get(COMMAND, ""):
        try:
            return shlex.split(given, posix=os.name != "nt")
        except ValueError as error:
            raise ProxyTrouble(f"{COMMAND} is no command line: {error}", f"export {COMMAND}='tokentape'") from error
    if find_spec("mitmproxy") and find_spec("click"):
        # -P: what lies in the current folder is not to be taken for a module of ours.
        return [sys.executable, "-P", "-m", "tokentape"]
    here = Path(sys.executable).parent
    folders = [folder for folder in environ.get("PATH", "").split(os.pathsep) if folder and Path(folder) != here]
    if found := shutil.which("tokentape", path=os.pathsep.join(folders)):
        return [found]
    raise ProxyTrouble(
        f"{sys.executable} has no mitmproxy, and there is no other tokentape on the path",
        f"pipx install FOLDER_OF_ITS_CLONE\nor say how to start it: export {COMMAND}='/path/to/venv/bin/tokentape'",
    )


def flags(settings: Mapping[str, Setting]) -> Iterator[str]:
    """Settings as flags: ``outcome_header=True`` is ``--outcome-header``, False ``--no-outcome-header``."""
    for name, value in settings.items():
        flag = name.replace("_", "-")
        match value:
            case None:
                continue
            case bool():
                yield f"--{flag}" if value else f"--no-{flag}"
            case str() | int() | float() | Path():
                yield f"--{flag}={value}"
            case Mapping():
                yield from (f"--{flag}={key}={one}" for key, one in value.items())
            case _:
                yield from (f"--{flag}={one}" for one in value)


def ask(port: int, method: str, path: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """Ask the control endpoint of a proxy on this machine. Raises ProxyTrouble for what it refuses, OSError or
    HTTPException where it does not answer."""
    # The environment has no say in this: with http.client no proxy variable leads astray.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        body = json.dumps(dict(fields)) if fields else None
        connection.request(method, PREFIX + quote(path, safe="/?=&"), body, {HEADER: "1"})
        answer = connection.getresponse()
        tree: dict[str, Any] = json.loads(answer.read())
    finally:
        connection.close()
    if answer.status >= 400:
        raise ProxyTrouble(tree["error"]["message"], tree["error"]["hint"])
    return tree


def trouble_in(log: str, otherwise: str) -> ProxyTrouble:
    """The error that a process's last words speak of, as the command line writes one: ``error: …``, ``hint: …``."""
    _, found, told = f"\n{log}".rpartition("\nerror: ")
    if not found:
        last = log.strip().splitlines()[-5:]
        return ProxyTrouble("\n".join([otherwise, *last]), "")
    message, _, hint = told.partition("\n\nhint: ")
    return ProxyTrouble(message.strip(), "\n".join(line.strip() for line in hint.strip().splitlines()))
