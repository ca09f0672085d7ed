"""Why nothing came through the proxy: what can be found out about a command that has run.

The rule: a reason is given only where there is a sign of it; without one a question is asked, not an answer made up.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tokentape.forwarding import proxies
from tokentape.forwarding.upstream import is_loopback
from tokentape.launch.environment import LOOPBACK, no_proxy

_PATIENCE = 10  # seconds for a Python to start
_HAS_AIOHTTP = "import importlib.util, sys; sys.exit(importlib.util.find_spec('aiohttp') is None)"
# Variables in which SDKs are told where the API is.
_BASE_URLS = ("_BASE_URL", "_API_BASE", "_ENDPOINT", "_HOST")


def why_nothing_came(argv: Sequence[str], environ: Mapping[str, str], *, visited: bool = False) -> str:
    """What to say to the person who ran this command. ``visited``: a client opened a tunnel, and asked nothing."""
    if visited:
        return (
            "a client came to the proxy and left without a request; it may not trust the proxy's certificate\n"
            "  hint: tokentape doctor   (shows what each client here needs)"
        )
    reasons = [*_local_apis(environ), *_exceptions(environ), *_aiohttp(argv, environ)]
    return "\n".join(reasons) or "does the command read HTTPS_PROXY? tokentape doctor shows which clients here do"


def _local_apis(environ: Mapping[str, str]) -> Iterator[str]:
    """An API on this machine is reached without a proxy."""
    for name, value in sorted(environ.items()):
        api = proxies.parse(value) if name.endswith(_BASE_URLS) and "://" in value else None
        if api is not None and is_loopback(api.host):
            yield (
                f"{name} is on this machine, and what is there is reached past the proxy\n"
                f"  hint: tokentape proxy --listen reverse:{api.scheme}://{api.host}:{api.port}"
                f"   (and that proxy's address in {name})"
            )


def _exceptions(environ: Mapping[str, str]) -> Iterator[str]:
    """Hosts that the user's own NO_PROXY names."""
    named = [entry for entry in no_proxy(environ) if entry not in LOOPBACK]
    if named:
        yield (
            f"NO_PROXY leads past the proxy for {', '.join(named)}\n"
            "  hint: if the API is one of them: NO_PROXY= tokentape ..."
        )


def _aiohttp(argv: Sequence[str], environ: Mapping[str, str]) -> Iterator[str]:
    """aiohttp looks at no proxy variable unless it is told to."""
    python = interpreter(argv[0], environ)
    if python and _succeeds([python, "-c", _HAS_AIOHTTP], environ):
        yield (
            f"aiohttp is installed for {argv[0]}, and reads HTTPS_PROXY only if it is told to\n"
            "  hint: aiohttp.ClientSession(trust_env=True)"
        )


def interpreter(command: str, environ: Mapping[str, str]) -> str:
    """The Python that a command is, or that its first line names; "" for every other command."""
    path = shutil.which(command, path=environ.get("PATH", os.defpath))
    if path is None:
        return ""
    if Path(command).name.startswith("python"):
        return path
    try:
        with Path(path).open("rb") as file:
            first = file.readline(1024)
    except OSError:  # a program may be there to be run, and not to be read
        return ""
    words = first.removeprefix(b"#!").decode(errors="replace").split() if first.startswith(b"#!") else []
    return next((word for word in words if Path(word).name.startswith("python")), "")


def _succeeds(argv: Sequence[str], environ: Mapping[str, str]) -> bool:
    try:
        done = subprocess.run(argv, env=dict(environ), capture_output=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
