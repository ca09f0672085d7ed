"""Make mitmproxy's CA where there is none yet, with mitmproxy's own code, so that all its tools use the same."""

from pathlib import Path

from mitmproxy import certs

from tokentape.errors import LaunchTrouble

_NAME = "mitmproxy"
_KEY_SIZE = 2048  # bits; mitmproxy's own default


def make(folder: Path) -> None:
    """Write a CA's key and certificates into a folder. Raises LaunchTrouble."""
    try:
        certs.CertStore.from_store(folder, _NAME, _KEY_SIZE)
    except OSError as error:
        raise LaunchTrouble(f"{folder}: the CA can't be written: {error.strerror or error}") from error
