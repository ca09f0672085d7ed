"""The secrets of one run: every credential seen so far, and what is done with a text that may hold one.

The rule: what is in here is never written or shown; it is only looked for. Safe to use from several threads.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, cast
from weakref import WeakSet

from tokentape.facts.providers import PROVIDERS
from tokentape.redaction.hidden import Search
from tokentape.redaction.redact import RedactionFailed, redact_text
from tokentape.redaction.taints import SHORTEST, Needles, is_taint
from tokentape.redaction.wanted import Wanted
from tokentape.reporting.reports import Report

# A run that meets more different secrets than this (a load test with a key for each request) forgets none, but looks
# for no new ones: the log says so.
MOST = 3_000

# Variables of the environment whose values are secrets, beside those of the providers.
_MORE_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK")


class Vault:
    """The taints of a run. ``extra`` are names of more variables of ``environ`` whose values are secrets."""

    def __init__(self, wanted: Wanted, environ: Mapping[str, str], extra: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._taints = Needles(secrets_of(environ, extra))
        # What the environment holds is known before anything comes; what comes later was perhaps missed before.
        self._standing = Search(wanted, Needles(self._taints.values))
        self._running = Search(wanted, self._taints, learn=self.learn)
        self._full = False
        _OPEN.add(self)
        _mind_the_log()

    @property
    def search(self) -> Search:
        """What a whole run looks for; the credentials of what is searched become part of it."""
        return self._running

    @property
    def standing(self) -> Search:
        """What was known from the start: for a run that writes nothing."""
        return self._standing

    @property
    def version(self) -> int:
        """Changes when there is more to look for."""
        return len(self._taints)

    @property
    def values(self) -> tuple[str, ...]:
        """Everything that is looked for, in the order in which it was learned; there are ``version`` of them."""
        return self._taints.values

    def learn(self, values: Iterable[str]) -> None:
        """Look for these as well, from now on and in what was written already."""
        with self._lock:
            if len(self._taints) >= MOST:
                if not self._full:
                    logging.getLogger("tokentape").warning(
                        "more than %d different secrets came by; new ones are replaced in known places only", MOST
                    )
                self._full = True
                return
            self._taints.add(values)

    def says(self, text: str) -> str:
        """A text that is fit to be shown: without any secret of this run."""
        try:
            return redact_text(text, replace(self._running, learn=None, blind=False))
        except RedactionFailed:
            return "(a text that can't be shown safely)"

    def tells(self, report: Report) -> Report:
        """A report that is fit to be shown."""
        return cast(Report, _each_text(report, self.says))


def _each_text(value: object, change: Callable[[str], str]) -> object:
    """A value made of frozen dataclasses, tuples and texts, each text changed."""
    if isinstance(value, str):
        return change(value) if len(value) >= SHORTEST else value
    if isinstance(value, tuple):
        return tuple([_each_text(one, change) for one in value])
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _each_text(getattr(value, one.name), change) for one in fields(value)})
    return value


def secrets_of(environ: Mapping[str, str], extra: Iterable[str] = ()) -> Iterable[str]:
    """The secrets that an environment holds: the keys of providers, and the values of ``extra`` variables."""
    names = [name for provider in PROVIDERS for name in provider.env_keys]
    for name in (*names, *_MORE_VARIABLES):
        if is_taint(value := environ.get(name, "").strip()):
            yield value
    for name in extra:
        # Whoever names a variable means its value, though it be plain; but a few letters stand everywhere.
        if len(value := environ.get(name, "").strip()) >= 8:
            yield value


# --- the log

# The vaults of the runs that are going on in this process.
_OPEN: WeakSet[Vault] = WeakSet()
# Whose records may tell of what came through a proxy.
_LOGGERS = ("tokentape", "mitmproxy")


class _Discreet:
    """Makes the records of the log: those that may tell of what came through a proxy, in words without secrets."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *args: Any, **more: Any) -> logging.LogRecord:
        record = self._make(*args, **more)
        if _OPEN and record.name.partition(".")[0] in _LOGGERS:
            said = record.getMessage()
            if (text := _said_by_all(said)) != said:
                record.msg, record.args = text, None
            if record.exc_info and record.exc_info[1] is not None:
                record.exc_text = _said_by_all(logging.Formatter().formatException(record.exc_info))
                record.exc_info = None
        return record


def _mind_the_log() -> None:
    """From now on, what we and mitmproxy log is said without secrets, whoever listens."""
    make = logging.getLogRecordFactory()
    if not isinstance(make, _Discreet):
        logging.setLogRecordFactory(_Discreet(make))


def _said_by_all(text: str) -> str:
    for vault in list(_OPEN):
        text = vault.says(text)
    return text
