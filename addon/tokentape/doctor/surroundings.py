"""What can be told about a set-up without running anything: the authority, the way out, keys, the library.

The rule: a key is told by its variable's name alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tokentape.doors.launch import new_authority
from tokentape.errors import LaunchTrouble
from tokentape.facts import providers
from tokentape.forwarding import proxies
from tokentape.launch.certificates import expiry_warning
from tokentape.launch.environment import covers_provider
from tokentape.library import listing
from tokentape.matching.showing import many


@dataclass(frozen=True, slots=True)
class Told:
    """One thing about the set-up: what it is, how it is, and, where something is wrong, the line that mends it."""

    what: str
    how: str
    hint: str = ""
    is_error: bool = False


def tell(ca_file: Path, library: Path, environ: Mapping[str, str], now: datetime) -> Iterator[Told]:
    """All that there is to tell."""
    yield _authority(ca_file, now)
    yield from _way_out(environ)
    yield _keys(environ)
    yield _library(library)


def _authority(ca_file: Path, now: datetime) -> Told:
    try:
        warning = expiry_warning(ca_file, now)
    except LaunchTrouble as error:
        return Told("authority", str(error), error.hint, is_error=True)
    if warning:
        return Told("authority", warning.splitlines()[0], new_authority(ca_file.parent), is_error=True)
    return Told("authority", str(ca_file))


def _way_out(environ: Mapping[str, str]) -> Iterator[Told]:
    """How recording reaches the API."""
    unusable = list(proxies.unusable(environ))
    proxy = proxies.proxy_for("https://api.openai.com/", environ)
    if unusable:
        how = f"{' and '.join(unusable)} can't be gone through"
        yield Told("way out", how, "export HTTPS_PROXY=http://HOST:PORT", is_error=True)
    elif proxy is not None:
        yield Told("way out", f"through the proxy {proxy.host}:{proxy.port}")
    else:
        yield Told("way out", "direct")
    excepted = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    covering = [entry.strip() for entry in excepted.split(",") if entry.strip() and covers_provider(entry.strip())]
    if covering:
        yield Told("NO_PROXY", f"{', '.join(covering)} would lead an API past the tape; our commands leave it out")


def _keys(environ: Mapping[str, str]) -> Told:
    names = [name for provider in providers.PROVIDERS for name in provider.env_keys if environ.get(name)]
    return Told("keys", ", ".join(dict.fromkeys(names)) or "none in the environment; replay needs none")


def _library(library: Path) -> Told:
    if not library.is_dir():
        return Told("library", f"{library} is not there; recording makes it")
    count = sum(1 for _ in listing.cassettes(library))
    return Told("library", f"{library}, {many(count, 'cassette')}")
