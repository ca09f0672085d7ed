"""Turn a request away: said once in the log, counted for its session, and without any secret of this run."""

import logging
import traceback
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from tokentape.deck import explain
from tokentape.deck.deck import Deck
from tokentape.engine.asking import Asking
from tokentape.engine.exchange import LARGE, Incoming
from tokentape.engine.vault import Vault
from tokentape.model import Request
from tokentape.redaction.hidden import Search
from tokentape.redaction.redact import redact_request
from tokentape.refusal import Refusal
from tokentape.wire.answers import Answer, refused

log = logging.getLogger("tokentape")


class Refusing:
    """Makes the answers of one engine that refuse."""

    def __init__(self, asking: Asking, deck: Deck, vault: Vault) -> None:
        self._asking = asking
        self._deck = deck
        self._vault = vault

    def answer(self, incoming: Incoming, refusal: Refusal) -> Answer:
        """A refusal as the client can read it."""
        shown = _safely_redacted(incoming.request, self._vault.search)
        refusal = self.discreet(refusal)
        whose = self._asking.whose(incoming)
        if self._deck.refused(shown, refusal.code, refusal.text, whose.session, whose.cassette or ""):
            log.warning("refused: %s", refusal.text.removeprefix("tokentape: "))
        return refused(refusal, incoming.request)

    def discreet(self, refusal: Refusal) -> Refusal:
        """The refusal without any secret of this run, whatever it was made of."""
        says = self._vault.says
        details = tuple(says(line) for line in refusal.details)
        differs = says(refusal.differs)
        return replace(
            refusal, summary=says(refusal.summary), details=details, hint=says(refusal.hint), differs=differs
        )


def fault(error: Exception) -> Refusal:
    """The refusal for an exception that nobody foresaw; logged by type and place, for its text may hold a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    log.error("internal fault: %s at %s", type(error).__name__, place)
    return explain.explain_fault(type(error).__name__, place)


def _safely_redacted(request: Request, search: Search) -> Request:
    """The request as far as it is told: method and URL. What is secret in it may be told by its headers and body."""
    if len(request.body) > LARGE:  # it would keep the other clients waiting, for the sake of a URL
        request = replace(request, body=b"")
    try:
        return redact_request(request, search)
    except Exception:
        # What can't be redacted is not shown: the place without login and query.
        where = urlsplit(request.url)
        bare = where._replace(netloc=where.netloc.rpartition("@")[2], query="", fragment="")
        return Request(request.method, bare.geturl())
