"""The ASGI app: a request to the engine, and its answer to the wire. What is decided is decided elsewhere."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tokentape.doors.launch import beyond_fast
from tokentape.doors.serve import translate
from tokentape.doors.serve.heads import Heads
from tokentape.doors.serve.translate import Way
from tokentape.doors.serve.wire import Wire
from tokentape.engine.control import Control, concerns
from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming, Upstream
from tokentape.engine.ready import Made, Ready
from tokentape.engine.refusing import fault
from tokentape.errors import BadSetting
from tokentape.model import Request
from tokentape.refusal import Refusal
from tokentape.settings import option_named, parse
from tokentape.wire.answers import Answer, refused
from tokentape.wire.encoding import BodyTooLarge

log = logging.getLogger("tokentape")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Where the protocol puts what ASGI's scope has no place for.
ASKED = "tokentape"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the protocol hands it over: its target, the way it came and, where it came whole, its body, its key
    and the answer that is ready for it."""

    target: bytes
    way: Way
    body: bytes | None = None
    key: bytes = b""
    made: Made | None = None


class App:
    """One engine behind one port."""

    def __init__(self, engine: Engine, ca_file: Path, *, alone: bool = True) -> None:
        """``ca_file`` is the certificate that clients of a tunnel have to trust. ``alone`` says that no other process
        serves the same port."""
        self._alone = alone
        self._engine = engine
        self._control = Control(engine, ca_file, self._change)
        self._ready = Ready(engine)
        self._heads = Heads()

    def recall(self, method: bytes, target: bytes, fields: translate.Fields, body: bytes, way: Way) -> Asked:
        """A whole request, and its answer where that is ready or at once made up. Such an answer is counted: it has to
        be sent."""
        if self._engine.settings.mode == "generate":
            return Asked(target, way, body, made=self._made_up(method, target, fields, body, way))
        key = translate.key_of(method, target, fields, body, way)
        return Asked(target, way, body, key, self._ready.find(key))

    def _made_up(self, method: bytes, target: bytes, fields: translate.Fields, body: bytes, way: Way) -> Made | None:
        """The answer that is made up for a request: that takes no wait, so it needs no task. None where there is more
        to it."""
        try:
            incoming = self._heads.incoming(method.decode(), target, fields, body, way, self._most)
        except (ValueError, BodyTooLarge):
            return None
        if len(body) > self._most or _is_for_control(incoming):
            return None
        answer = self._engine.answer_at_once(incoming)
        return None if answer is None else Made(answer, translate.whole(answer, incoming.request.method))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Whatever goes wrong: refuse."""
        asked: Asked = scope[ASKED]
        body = asked.body if asked.body is not None else await self._body(receive)
        if body is None:
            return  # the client has gone
        wire = Wire(send.__self__, asyncio.get_running_loop().time())  # type: ignore[attr-defined]  # uvicorn's cycle
        if asked.made is not None:
            await wire.send(asked.made.answer)
            return
        fields = scope["headers"]
        try:
            incoming = self._heads.incoming(scope["method"], asked.target, fields, body, asked.way, self._most)
        except (ValueError, BodyTooLarge) as error:  # a proxied URL that is none, and a small body that becomes large
            await wire.send(misread(400, str(error)))
            return
        if len(body) > self._most:
            wire.refuse_the_rest(refused(_TOO_LARGE, incoming.request))
            return
        answer = await self._answered(incoming)
        await wire.send(answer)
        if asked.key and answer.outcome.startswith("replayed"):
            self._ready.learn(asked.key, incoming, answer, translate.whole(answer, incoming.request.method))

    @property
    def _most(self) -> int:
        """The most bytes of a body that we read. What is larger is not recorded, so there is nothing to replay."""
        return self._engine.settings.max_body

    async def _body(self, receive: Receive) -> bytes | None:
        """The body of the request, as far as we read it; None when the client has gone."""
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body: bytes = message["body"]
        if not message["more_body"]:
            return body
        pieces = bytearray(body)
        while message["more_body"] and len(pieces) <= self._most:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            pieces += message["body"]
        return bytes(pieces)

    async def _told(self, incoming: Incoming) -> Answer:
        if not self._alone and not incoming.request.url.partition("?")[0].endswith(_ANYBODY_CAN_SAY):
            return refused(_ONE_OF_SEVERAL, incoming.request)
        answer = await self._control.answer(incoming.request, local=incoming.local)
        if incoming.request.method not in ("GET", "HEAD"):
            self._ready.clear()  # another cassette or mode of a session, other settings
        return answer

    def _change(self, values: Mapping[str, str]) -> None:
        """Take over new settings. Raises BadSetting for those that this door can't act on."""
        parsed = parse(values)
        new = {option_named(name).name: getattr(parsed, option_named(name).name) for name in values}
        settings = replace(self._engine.settings, **new)
        if reason := beyond_fast(settings):
            raise BadSetting(f"the fast door can't do {reason}", "start the other one: tokentape proxy, or --door mitm")
        self._engine.reconfigure(settings)

    async def _answered(self, incoming: Incoming) -> Answer:
        try:
            return await (self._told(incoming) if _is_for_control(incoming) else self._answer(incoming))
        except Exception as error:
            return refused(fault(error), incoming.request)

    async def _answer(self, incoming: Incoming) -> Answer:
        answer = await self._engine.answer(incoming)
        return self._not_forwarded(incoming, answer) if isinstance(answer, Upstream) else answer

    def _not_forwarded(self, incoming: Incoming, decided: Upstream) -> Answer:
        if decided.recording is not None:
            self._engine.recorder.broke(decided.recording, "this door forwards nothing")
        log.warning("refused: %s", _NO_UPSTREAM.summary)
        return refused(_NO_UPSTREAM, incoming.request)


def _is_for_control(incoming: Incoming) -> bool:
    url = incoming.request.url
    if "tokentape" not in url:
        return False
    where = urlsplit(url)
    return concerns(where.hostname or "", where.path, base_url=not incoming.host_known)


_TOO_LARGE = Refusal(
    "bad-body", "the body is larger than what is ever recorded", (), "a larger one is recorded with --max-body SIZE"
)
# What one process knows as well as another, and the positions, which they share.
_ANYBODY_CAN_SAY = ("/health", "/ca.pem", "/rewind")
_ONE_OF_SEVERAL = Refusal(
    "unsupported",
    "one of several workers knows only what it did itself, so the control endpoint has no more than /health, /ca.pem "
    "and /rewind",
    (),
    "leave --workers out",
)
_NO_UPSTREAM = Refusal(
    "unsupported",
    "the fast door forwards nothing, and the settings ask for it",
    (),
    "the other door does: tokentape proxy, or --door mitm",
)


def misread(status: int, reason: str) -> Answer:
    """The answer to what is no request that we can read."""
    refusal = Refusal("bad-body", f"this request can't be read: {reason}")
    return replace(refused(refusal, Request("GET", "http://unknown/")), status=status)
