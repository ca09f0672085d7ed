"""What a request asks: which cassette and session, under which digests, and what it would take to record it."""

import time
from collections.abc import Mapping
from dataclasses import replace

from tokentape import names
from tokentape.deck.decisions import Question
from tokentape.deck.deck import Deck
from tokentape.deck.memo import Known, Memo
from tokentape.deck.shelf import Shelf
from tokentape.engine.exchange import Incoming
from tokentape.engine.vault import Vault
from tokentape.errors import CantDecide, TokentapeError
from tokentape.forwarding import upstream
from tokentape.library.spare import give_back
from tokentape.model import header_values
from tokentape.modes import Row
from tokentape.rules.profile import Profile
from tokentape.settings import Settings

TOO_LARGE = "its body is larger than vcr_max_body"
_NOWHERE = upstream.Plan("", ())
_HOST_UNKNOWN = "it came to the proxy itself, so its host is unknown; listen with --listen reverse:URL"


class Asking:
    """Reads requests for one engine, by the settings of the moment."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], deck: Deck, shelf: Shelf, vault: Vault) -> None:
        self.settings = settings
        self._environ = environ
        self._deck = deck
        self._shelf = shelf
        self._vault = vault
        self._memo = Memo()

    def asked(self, incoming: Incoming) -> names.Asked:
        """The cassette and session that a request belongs to. Raises BadName."""
        # Few requests have a header that is for us, and all are looked through for several.
        headers = tuple([pair for pair in incoming.request.headers if pair[0][:3].lower() == names.START])
        if headers:
            names.check_spelling(name for name, _ in headers)
        asked = names.Asked()
        if headers or incoming.proxy_user or incoming.proxy_password or incoming.prefix:
            asked = names.resolve(
                list(header_values(headers, names.NAME_HEADER)),
                incoming.proxy_user,
                incoming.prefix,
                "",
                sessions=list(header_values(headers, names.SESSION_HEADER)),
                proxy_password=incoming.proxy_password,
            )
        self._deck.check_open(asked.session)
        if asked.cassette is not None:
            return asked
        session = self._deck.peek(asked.session)
        fallback = (session.cassette if session is not None else "") or self.settings.cassette
        return replace(asked, cassette=fallback) if fallback else asked

    def whose(self, incoming: Incoming) -> names.Asked:
        """Whom a refusal is counted for, also where it is the name that is wrong."""
        try:
            return self.asked(incoming)
        except TokentapeError:
            return names.Asked()

    def mode_of(self, session_id: str) -> str:
        """The mode that a session is in."""
        session = self._deck.peek(session_id)
        return (session.mode if session is not None else "") or self.settings.mode

    def known(self, incoming: Incoming, row: Row) -> Known:
        """The request and what is made of it. Where nothing is recorded, its own secrets are enough to look for."""
        request, vault, host_known = incoming.request, self._vault, incoming.host_known
        if row.records:
            return self._memo.know(request, vault.search, host_known=host_known, version=vault.version)
        # Learned all the same, for the log and for what is said to people.
        return self._memo.know(request, vault.standing, host_known=host_known, learn=vault.learn)

    def look_at(self, known: Known, asked: names.Asked) -> None:
        """Make of a request what ``question`` and its digests need: for a large one beside the event loop. Blocks.
        Raises RedactionFailed, BadBody."""
        if asked.cassette is None:
            known.own_cassette()
            profiles = {self._deck.default, *self._shelf.profiles()}
        else:
            shelved = self._shelf.get(asked.cassette)
            profiles = {self._deck.default if shelved is None else shelved.profile}
        for profile in profiles:
            known.keys(profile)
        if self._shelf.has_foreign:
            known.absent_key()
        give_back(len(known.request.body))

    def question(self, known: Known, asked: names.Asked, obstacle: str) -> Question:
        """What the deck is asked; ``obstacle`` is what keeps the request from being recorded."""

        def probes(profile: Profile) -> tuple[bytes, ...]:
            keys = known.keys(profile)
            return (*keys, known.absent_key()) if self._shelf.has_foreign else keys

        name = asked.cassette if asked.cassette is not None else known.own_cassette()
        return Question(asked.session, name, asked.cassette is not None, probes, obstacle)

    def target(self, incoming: Incoming, row: Row) -> upstream.Plan:
        """Where the request would go, and what it lacks to be recorded; not looked for where nothing is recorded."""
        return self._planned(incoming) if row.records else _NOWHERE

    def recordable(self, incoming: Incoming) -> upstream.Plan:
        """Where a request goes that a person wants recorded. Raises CantDecide for one that can't be."""
        target = self._planned(incoming)
        too_large = len(incoming.request.body) > self.settings.max_body
        if obstacle := target.obstacle or (TOO_LARGE if too_large else ""):
            raise CantDecide(obstacle)
        return target

    def _planned(self, incoming: Incoming) -> upstream.Plan:
        """Where a request goes, and what it lacks to be recorded."""
        target = upstream.plan(incoming.request, self.settings, self._environ, local=incoming.local, now=time.time())
        return target if incoming.host_known else replace(target, obstacle=_HOST_UNKNOWN)
