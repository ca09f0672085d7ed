"""The addon: mitmproxy's events in, the engine's decisions carried out. What is decided is decided elsewhere."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from mitmproxy import ctx, exceptions, http, tls
from mitmproxy.addonmanager import Loader
from mitmproxy.proxy.mode_specs import ReverseMode

from tokentape import names
from tokentape.deck.explain import explain_error
from tokentape.doors.launch import CA_FILE
from tokentape.doors.mitm import controlling, insides, lean, options, translate
from tokentape.doors.mitm.guard import NAME, Guard, UnderWay
from tokentape.doors.mitm.hush import hush
from tokentape.doors.mitm.outward import Outward
from tokentape.doors.mitm.watching import OUTCOME, has_view, log_watcher
from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming, Upstream
from tokentape.engine.recording import Recording
from tokentape.engine.refusing import fault
from tokentape.errors import TokentapeError
from tokentape.forwarding import upstream
from tokentape.library import recovery
from tokentape.library.files import state_folder
from tokentape.refusal import Refusal
from tokentape.settings import PREFIX, Settings
from tokentape.wire.answers import OUTCOME_HEADER, Answer, Ends, refused
from tokentape.wire.received import credentials

log = logging.getLogger("tokentape")

# How OpenSSL tells what a client said of our certificate.
_DISTRUST = ("unknown ca", "bad certificate", "certificate unknown")
_CHANGED = "the settings of the library were changed while it was under way"


class Tokentape:
    """One class, one job: translate."""

    name = "tokentape"

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        settings: Settings | None = None,
        guard: Guard | None = None,
    ) -> None:
        """``settings`` and a ``guard`` are given by our own commands; under mitmproxy's tools both are found out."""
        self._environ: Mapping[str, str] = os.environ if environ is None else environ
        self._settings = settings
        self._given_guard = guard is not None
        self._guard = guard or Guard()
        self._outward = Outward(self._environ)
        self.failure: TokentapeError | None = None
        """Why the start was stopped."""
        self.addons: list[object] = []
        """What mitmproxy loads with this one, where somebody looks at flows."""

    # --- the life of the addon

    def load(self, loader: Loader) -> None:
        """Find or post the guard first: from here on nothing goes upstream undecided."""
        standing = ctx.master.addons.get(NAME)
        if isinstance(standing, Guard):
            self._guard = standing
        elif not self._given_guard:
            ctx.master.addons.add(self._guard)
        self._guard.paces = insides.install(self._guard)
        hush(ctx.master.addons.get("dumper"), self._says)
        lean.hasten(ctx.master.addons)
        if self._guard.keeps_host is None:
            self._guard.keeps_host = ctx.options.keep_host_header
            ctx.options.update(keep_host_header=True)  # see controlling: it is written after we have looked
        # Lazy: a CONNECT alone must not reach for the network. In ``running`` this is too late for reverse mode.
        ctx.options.update(connection_strategy="lazy")
        if "rawtcp" in ctx.options:
            # Nothing but HTTP is ever let through, and a request whose first bytes come one by one is still one.
            ctx.options.update(rawtcp=False)
        if has_view():
            # Only where somebody looks: it takes its time to import.
            from tokentape.doors.mitm import desk

            self.addons = desk.furnish(self._guard)
        else:
            self._guard.watcher = log_watcher()
        if "keep_alt_svc_header" in ctx.options:
            # In reverse mode mitmproxy would rewrite it, but a header is as recorded.
            ctx.options.update(keep_alt_svc_header=True)
        if self._settings is None:
            try:
                options.register(loader, self._environ)
            except TokentapeError as error:
                self._stop_the_start(error)

    def configure(self, updated: set[str]) -> None:
        """Read the options; a bad value stops the start, and while running it is rejected and the old one stays."""
        if self._guard.trouble is not None or self._settings is not None:
            return
        if self._guard.engine is not None and not any(name.startswith(PREFIX) for name in updated):
            return
        try:
            unknown = options.misspelled(ctx.options.deferred)
            if unknown is not None:
                raise unknown
            settings = options.settings_from(ctx.options)
            self._use(settings)
        except TokentapeError as error:
            if self._guard.engine is not None:
                raise exceptions.OptionsError(_with_hint(error)) from error
            self._stop_the_start(error)

    def running(self) -> None:
        """Say what is worth knowing at the start."""
        if self._guard.engine is not None and self._guard.engine.settings.hold and not has_view():
            log.warning("vcr_hold does nothing where nobody looks: mitmweb, mitmproxy and tokentape web hold a miss")
        if self._given_guard or self._guard.engine is None:
            return  # our own commands say it themselves
        listens = [host for server in ctx.master.addons.get("proxyserver").listen_addrs() if (host := server[0])]
        if any(not upstream.is_loopback(host) for host in listens):
            log.warning("listening on all interfaces (mitmproxy's default): --listen-host 127.0.0.1 keeps others out")
        left = recovery.notice(state_folder(), self._guard.engine.library.root)
        if left:
            log.warning(left)

    def use(self, settings: Settings, *, deferred: bool) -> Engine:
        """Start with these settings, before the proxy listens. Raises TokentapeError."""
        engine = self._guard.engine = Engine(settings, self._environ, state_folder(), deferred=deferred)
        return engine

    def _use(self, settings: Settings) -> None:
        engine = self._guard.engine
        if engine is not None and engine.settings == settings:
            return
        if engine is not None and engine.reconfigure(settings):
            return
        fresh = Engine(settings, self._environ, state_folder())
        for under_way in self._guard.under_way.values():
            # It was begun for the old library: the new recorder would publish it into the other.
            if under_way.recording is not None and not under_way.recording.dropped:
                under_way.recording.dropped = _CHANGED
        self._guard.engine = fresh
        if engine is not None:
            asyncio.ensure_future(engine.close())  # noqa: RUF006  the engine holds its own tasks

    def _says(self, text: str) -> str:
        engine = self._guard.engine
        return text if engine is None else engine.vault.says(text)

    def _stop_the_start(self, error: TokentapeError) -> None:
        """mitmproxy ends when an error was logged during the start; until then every request is refused."""
        self._guard.trouble = explain_error(error)
        self.failure = error
        if not self._given_guard:
            log.error("error: %s", _with_hint(error))

    # --- a client and its requests

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """The name in the proxy URL comes once, with CONNECT; requests inside the tunnel inherit it."""
        credentials = _proxy_user(flow)
        if credentials is not None:
            self._guard.proxy_users[flow.client_conn.id] = credentials

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        """A host to be ignored is not even decrypted."""
        address = data.context.server.address
        engine = self._guard.engine
        if engine is not None and address is not None and engine.ignores(*address[:2]):
            self._guard.permit(data.context.client, address)
            data.ignore_connection = True
        else:
            self._guard.complaints.visited = True

    def tls_failed_client(self, data: tls.TlsData) -> None:
        """A client that does not trust us; in mitmproxy's own tools it is mitmproxy that says so."""
        error, address = data.conn.error or "", data.context.server.address
        if self._given_guard and any(sign in error for sign in _DISTRUST):
            ca_file = Path(ctx.options.confdir).expanduser() / CA_FILE
            if address is None:
                self._guard.complaints.distrust_of_proxy(ca_file)
            else:
                self._guard.complaints.distrust(data.conn.sni or address[0], ca_file)

    async def request(self, flow: http.HTTPFlow) -> None:
        """Decide, and do it. Whatever goes wrong: refuse."""
        if flow.response is not None or flow.error is not None:
            return  # another addon has answered: mitmproxy's own pages, for one
        try:
            await self._decide(flow)
        except Exception as error:
            self._refuse(flow, fault(error))

    async def _decide(self, flow: http.HTTPFlow) -> None:
        engine = self._guard.engine
        if engine is None or self._guard.trouble is not None:
            trouble = self._guard.trouble or Refusal("internal", "tokentape has not started yet")
            self._refuse(flow, trouble)
            return
        if controlling.is_for_it(flow):
            own, local = self._settings is not None, _is_local(flow)
            self._answer(flow, await controlling.answer(flow, engine, own_options=own, local=local))
            return
        if not self._guard.keeps_host:
            controlling.aim(flow)
        incoming = self._incoming(flow, engine)
        cassette = self._guard.wanted.pop(flow.id, None)
        answer = await (engine.answer(incoming) if cassette is None else engine.record(incoming, cassette))
        if isinstance(answer, Answer):
            self._answer(flow, answer)
            return
        if engine is not self._guard.engine and answer.recording is not None:
            answer.recording.dropped = _CHANGED
        self._forward(flow, incoming, answer)

    def _incoming(self, flow: http.HTTPFlow, engine: Engine) -> Incoming:
        reverse = isinstance(flow.client_conn.proxy_mode, ReverseMode)
        to_us = not reverse and controlling.is_to_the_proxy(flow)
        prefix = ""
        if reverse or to_us:
            prefix, flow.request.path = names.split_prefix(flow.request.path)
        user, password = _proxy_user(flow) or self._guard.proxy_users.get(flow.client_conn.id) or _any_login(flow)
        return Incoming(
            translate.request_from(flow.request, engine.settings.max_body),
            proxy_user=user,
            proxy_password=password,
            prefix=prefix,
            host_known=not to_us,
            local=_is_local(flow),
            show=self._guard.watcher.show_for(flow) if self._guard.watcher is not None else None,
        )

    def _answer(self, flow: http.HTTPFlow, answer: Answer) -> None:
        planned = answer.plan is not None or answer.ends is not Ends.AS_PLANNED
        paced = planned and self._guard.paces
        flow.response = translate.response_to(answer, flow.request.http_version, in_pieces=paced)
        if paced:
            self._guard.plan(flow, answer)
        flow.metadata[OUTCOME] = answer.outcome
        if answer.refusal is None:
            flow.is_replay = "response"
        if self._guard.watcher is not None:
            self._guard.watcher.answered(flow, answer)
        self._guard.decided(flow)
        if answer.ends is not Ends.AS_PLANNED and not paced:
            flow.kill()  # the nearest to it that mitmproxy offers

    def _refuse(self, flow: http.HTTPFlow, refusal: Refusal) -> None:
        self._answer(flow, refused(refusal, translate.refused_from(flow.request)))

    def _forward(self, flow: http.HTTPFlow, incoming: Incoming, decision: Upstream) -> None:
        request = flow.request
        original = (request.scheme, request.host, request.port, request.path, translate.headers_from(request.headers))
        address = translate.retarget(request, decision.url, decision.headers)
        # A proxy stands for the address behind it.
        self._guard.permit_for(flow, self._outward.lead(flow, decision.url) or address)
        self._guard.under_way[flow.id] = UnderWay(incoming, decision.recording, original)
        flow.metadata[OUTCOME] = decision.outcome
        if self._guard.watcher is not None:
            self._guard.watcher.forwarded(flow, decision.outcome, decision.recording)
        self._guard.decided(flow)

    def http_connect_upstream(self, flow: http.HTTPFlow) -> None:
        """We open a tunnel through somebody else's proxy."""
        self._outward.log_in(flow)

    # --- the answer to a forwarded request

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Chunks go to the client as they come, and to the tape second."""
        under_way = self._guard.under_way.get(flow.id)
        if under_way is None or flow.response is None:
            return
        _restore(flow, under_way)
        response = flow.response
        recording = under_way.recording
        response.stream = True if recording is None else _tee(recording)
        headers = translate.headers_from(response.headers)
        translate.frame(response, flow.request)
        if recording is not None:
            recording.head(response.status_code, response.reason or "", headers, response.http_version)
        engine = self._guard.engine
        if engine is not None and engine.settings.outcome_header:
            response.headers[OUTCOME_HEADER] = flow.metadata[OUTCOME]

    def response(self, flow: http.HTTPFlow) -> None:
        """The answer is whole."""
        under_way = self._guard.under_way.pop(flow.id, None)
        if under_way is None:
            if flow.error is None:  # else the API can't be reached, and ``error`` has told it
                self._ended(flow, None)
            return
        trailers = translate.trailers_of(flow.response, flow.request) if flow.response is not None else ()
        if under_way.recording is not None and self._guard.engine is not None:
            self._guard.engine.recorder.finish(under_way.recording, trailers)
        self._ended(flow, under_way.recording)

    def error(self, flow: http.HTTPFlow) -> None:
        """The client or the API has gone away."""
        under_way = self._guard.under_way.pop(flow.id, None)
        if under_way is None:
            return
        _restore(flow, under_way)
        if under_way.recording is not None and self._guard.engine is not None:
            why = flow.error.msg if flow.error is not None else "no reason given"
            self._guard.engine.recorder.broke(under_way.recording, f"{under_way.gone} ended it ({why})")
        self._ended(flow, under_way.recording)

    def _ended(self, flow: http.HTTPFlow, recording: Recording | None) -> None:
        if self._guard.watcher is not None and self._guard.engine is not None:
            self._guard.watcher.ended(flow, recording, self._guard.engine.recorder)


def _tee(recording: Recording) -> Callable[[bytes], Iterable[bytes]]:
    def tee(piece: bytes) -> Iterator[bytes]:
        if piece:  # the end of the body is told by an empty one, which is not to be sent
            yield piece
            # Only now, when the client has it: whatever happens here costs it nothing.
            recording.feed(piece)

    return tee


def _restore(flow: http.HTTPFlow, under_way: UnderWay) -> None:
    """Show the request as the client sent it: neither where we took it nor the key we put in."""
    data = flow.request.data
    data.scheme, data.host, data.port = (
        under_way.original[0].encode(),
        under_way.original[1],
        under_way.original[2],
    )
    data.path = under_way.original[3].encode("utf-8", "surrogateescape")
    data.headers = translate.headers_to(under_way.original[4])


def _proxy_user(flow: http.HTTPFlow) -> tuple[str, str] | None:
    """User and password of the proxy URL, where this very request carries them."""
    # A walk over the fields: mitmproxy's own look-up takes ten times as long, and most requests have none.
    found = (value for name, value in flow.request.headers.fields if name.lower() == b"proxy-authorization")
    return credentials(next(found, b"").decode(errors="replace"))


def _is_local(flow: http.HTTPFlow) -> bool:
    """Whether the client is on this machine."""
    peer = flow.client_conn.peername
    return peer is not None and upstream.is_loopback(peer[0])


def _any_login(flow: http.HTTPFlow) -> tuple[str, str]:
    """User and password where mitmproxy asks for any (its option proxyauth), and has taken them out of the request.

    Where it asks for certain ones they are a login, and name no cassette.
    """
    login = flow.metadata.get("proxyauth")
    return login if login and ctx.options.proxyauth == "any" else ("", "")


def _with_hint(error: TokentapeError) -> str:
    return f"{error}\n\nhint: {error.hint}" if error.hint else str(error)
