"""What is worth saying before a proxy is used: its authority ends soon, or the way out is one it can't take."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from tokentape.cli.talk import say
from tokentape.forwarding import proxies
from tokentape.launch.certificates import expiry_warning


def watch(ca_file: Path, environ: Mapping[str, str]) -> None:
    """Warn, on stderr. Raises LaunchTrouble where the authority's certificate can't be read."""
    if warning := expiry_warning(ca_file, datetime.now(UTC)):
        say(warning)
    for name in proxies.unusable(environ):
        kinds = " and ".join(f"{scheme}://" for scheme in proxies.SPOKEN)
        say(f"{name} names a proxy that recording can't go through, so it goes without; {kinds} would do")
