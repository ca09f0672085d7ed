"""The files of trusted roots for a program behind the proxy: what it trusted before, and the proxy's own.

Variables such as ``SSL_CERT_FILE`` replace the usual roots instead of adding to them, so a file has to hold all. The
rule kept here: only certificates are copied, never a key that may stand in the same file.
"""

import os
import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import certifi

from tokentape.doors.launch import new_authority
from tokentape.errors import LaunchTrouble
from tokentape.launch.environment import TRUST

_SOON = timedelta(days=30)
_READABLE_BY_ALL = 0o644
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


def bundle(texts: Iterable[str]) -> str:
    """The certificates of some PEM texts, each once, in order; all else in them is dropped."""
    found = (match for text in texts for match in _CERTIFICATE.findall(text.replace("\r\n", "\n")))
    return "\n".join([*dict.fromkeys(found), ""])


def usual_roots(environ: Mapping[str, str]) -> list[Path]:
    """The files of roots that a program would look at without us: certifi's, the system's, those in variables."""
    system = ssl.get_default_verify_paths().openssl_cafile
    named = [environ.get(trust.variable, "") for trust in TRUST]
    return [Path(path) for path in dict.fromkeys([certifi.where(), system, *named]) if path]


@dataclass(frozen=True, slots=True)
class Roots:
    """Two files that hold the same trusted roots: PEM for most programs, PKCS #12 for Java."""

    pem: Path
    java: Path


def trusted_roots(ca_file: Path, environ: Mapping[str, str]) -> Roots:
    """Write the usual roots and the certificate of ``ca_file`` to files in the user's cache. Raises LaunchTrouble."""
    pem = ca_bundle(ca_file, environ)
    # The name of the first says what both hold.
    store = pem.with_suffix(".p12")
    if not store.is_file():
        from tokentape.launch import truststore  # it brings much along, and the file is there the next time

        try:
            _write(store, truststore.java_store(_CERTIFICATE.findall(pem.read_text())))
        except OSError as error:
            hint = "export XDG_CACHE_HOME=FOLDER"
            raise LaunchTrouble(f"{store}: can't be written ({error.strerror})", hint) from error
    return Roots(pem, store)


def ca_bundle(ca_file: Path, environ: Mapping[str, str]) -> Path:
    """Write the usual roots and the certificate of ``ca_file`` to a file in the user's cache; the file's path.

    Its name says what it holds, so several runs at once share it and none changes another's. Raises LaunchTrouble.
    """
    try:
        own = bundle([ca_file.read_text()])
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(ca_file, error) from error
    if not own.strip():
        raise LaunchTrouble(f"{ca_file}: there is no certificate in it", new_authority(ca_file.parent))
    return _kept(bundle([*_texts(usual_roots(environ)), own]), environ)


def upstream_roots(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The roots that APIs are checked against: the usual ones, those that the environment names, as it does behind a
    company's proxy, and those in ``given``. None where that is the proxy's own default. Raises LaunchTrouble."""
    if given is not None and not bundle(_texts([given])).strip():
        raise LaunchTrouble(f"{given}: there is no certificate in it", "--upstream-ca takes a PEM file")
    if given is None and not any(environ.get(trust.variable) for trust in TRUST):
        return None
    return _kept(bundle(_texts([*usual_roots(environ), *([given] if given else [])])), environ)


def expiry_warning(ca_file: Path, now: datetime) -> str:
    """What to say when the proxy's certificate authority has ended or soon will; else "". Raises LaunchTrouble."""
    try:
        ends = _ends(ca_file.read_text())
    except (OSError, ValueError) as error:
        raise _unreadable(ca_file, error) from error
    end = min(ends, default=None)
    if end is None or end - now > _SOON:
        return ""
    ended = f"{'ended' if end <= now else 'ends'} on {end:%Y-%m-%d}"
    return (
        f"the proxy's certificate authority {ended}; no client trusts it after that\n"
        f"  hint: {new_authority(ca_file.parent)}   (the next start makes a new one, to be trusted anew)"
    )


def _unreadable(ca_file: Path, error: Exception) -> LaunchTrouble:
    why = (error.strerror if isinstance(error, OSError) else "") or error
    return LaunchTrouble(f"{ca_file}: the proxy's certificate can't be read ({why})", new_authority(ca_file.parent))


def _ends(pem: str) -> list[datetime]:
    """When each authority among some certificates ends. Raises ssl.SSLError (an OSError) where there is no certificate.

    Python's own parser, though it tells of authorities alone: another one takes as long to import as half of a start.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    stamps = [ssl.cert_time_to_seconds(str(certificate["notAfter"])) for certificate in context.get_ca_certs()]
    return [datetime.fromtimestamp(stamp, UTC) for stamp in stamps]


def _kept(text: str, environ: Mapping[str, str]) -> Path:
    """A file that holds this text: in the user's cache, else in a temporary folder. Raises LaunchTrouble."""
    name = f"ca-{sha256(text.encode()).hexdigest()[:12]}.pem"
    for folder in _folders(environ):
        path = folder / name
        try:
            if path.is_file() and path.read_text() == text:
                return path
            return _write(path, text.encode())
        except OSError:
            continue  # a home that can't be written to: the temporary folder is next
    raise LaunchTrouble("there is no folder to write the file of trusted roots to", "export XDG_CACHE_HOME=FOLDER")


def _texts(paths: Iterable[Path]) -> Iterable[str]:
    for path in paths:
        # A variable that points nowhere was of no use to the program before us either.
        if path.is_file() and os.access(path, os.R_OK):
            yield path.read_text(errors="replace")


def _folders(environ: Mapping[str, str]) -> Iterable[Path]:
    home = environ.get("HOME") or environ.get("USERPROFILE")  # the second one is Windows'
    cache = environ.get("XDG_CACHE_HOME") or (home and f"{home}/.cache")
    if cache:
        yield Path(cache) / "tokentape"
    import tempfile  # it takes its time, and the file is there the next time

    # A folder of our own: in a shared one somebody else could have put a file of that name.
    yield Path(tempfile.mkdtemp(prefix="tokentape-"))


def _write(path: Path, content: bytes) -> Path:
    """Write a file whole or not at all, readable by all users. Raises OSError."""
    import tempfile  # as above

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".ca-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(unfinished).chmod(_READABLE_BY_ALL)
        Path(unfinished).replace(path)
    except OSError:
        Path(unfinished).unlink(missing_ok=True)
        raise
    return path
