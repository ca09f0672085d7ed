"""The control endpoint: what a test suite or a script says to the proxy itself, over the port its requests go through.

    http://tokentape.test/health              through the proxy
    http://127.0.0.1:8080/-/tokentape/health  on a base URL

The rules: who may ask is said in ``callers``; a request that is wrong changes nothing and gets told why, with a hint;
a door asks ``concerns`` first, and hands over what it is true of instead of asking the engine.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit
from uuid import uuid4

import tokentape
from tokentape import names
from tokentape.callers import HOST, PREFIX, Wrong, check_caller, check_intent, concerns, shown
from tokentape.deck.sessions import Session
from tokentape.engine.engine import Engine
from tokentape.engine.metrics import exposition
from tokentape.errors import TokentapeError
from tokentape.model import Headers, Request
from tokentape.modes import row_of
from tokentape.reporting.reports import Report, tree_of
from tokentape.settings import OPTIONS, Settings, Source, parse
from tokentape.wire.answers import Answer

# What PATCH /settings takes, of the options there are.
CHANGEABLE = tuple(option.name for option in OPTIONS if option.name in ("mode", "pace", "simulation"))
# Those that may also come as an object.
TREES = ("simulation",)

__all__ = ["Control", "concerns"]

_HINT = f"see http://{HOST}/state for what is there"


@dataclass(frozen=True, slots=True)
class _Call:
    """What a change is asked with. ``rest`` is what stands behind the route's name in the path; of the body's members
    ``fields`` are texts, ``trees`` objects."""

    rest: str
    query: Mapping[str, str]
    fields: Mapping[str, str]
    trees: Mapping[str, Mapping[str, object]]

    @property
    def names(self) -> tuple[str, ...]:
        """Of all members."""
        return (*self.fields, *self.trees)


_Look = Callable[[], Awaitable[Answer]]
_Change = Callable[[_Call], Awaitable[Answer]]


class Control:
    """Answers for one engine. ``ca_file`` is the certificate that clients have to trust; ``change`` takes over new
    settings by option name where that is not for the engine alone to do (mitmproxy has options of its own)."""

    def __init__(
        self, engine: Engine, ca_file: Path | None = None, change: Callable[[Mapping[str, str]], None] | None = None
    ) -> None:
        self._engine = engine
        self._ca_file = ca_file
        self._change = change
        self._looks: dict[str, _Look] = {
            "health": self._health,
            "ca.pem": self._ca,
            "state": self._state,
            "metrics": self._metrics,
        }
        self._changes: dict[tuple[str, str], _Change] = {
            ("POST", "sessions"): self._begin,
            ("DELETE", "sessions"): self._end,
            ("POST", "rewind"): self._rewind,
            ("PATCH", "settings"): self._settings,
        }

    async def answer(self, request: Request, *, local: bool) -> Answer:
        """The answer to a request that ``concerns`` the endpoint. Never raises."""
        where = urlsplit(request.url)
        answer = await self._answer(request, where, local=local)
        return replace(answer, body=b"") if request.method == "HEAD" else answer

    async def _answer(self, request: Request, where: SplitResult, *, local: bool) -> Answer:
        try:
            check_caller(request, where, local=local)
            name, _, rest = where.path.removeprefix(PREFIX).strip("/").partition("/")
            if request.method in ("GET", "HEAD") and name in self._looks and not rest:
                return await self._looks[name]()
            if request.method in ("GET", "HEAD") and name == "sessions" and rest:
                return await self._session(unquote(rest))
            change = self._changes.get((request.method, name))
            if change is None or bool(rest) != (request.method == "DELETE"):
                raise self._not_there(request.method, name, rest)
            check_intent(request)
            return await change(_call(request, unquote(rest), where))
        except Wrong as wrong:
            return _told(wrong.status, str(wrong), wrong.hint)
        except TokentapeError as error:
            return _told(400, str(error), error.hint)
        except Exception as error:  # ours: the proxy stays up, and the caller hears of it
            return _told(500, f"internal fault ({type(error).__name__})", "please report it")

    def _not_there(self, method: str, name: str, rest: str) -> Wrong:
        """The error for a path or method that is no route."""
        routes = [*(("GET", look) for look in (*self._looks, "sessions/ID")), *self._changes]
        every = ", ".join(f"{verb} /{place}{'/ID' if verb == 'DELETE' else ''}" for verb, place in routes)
        allowed = [verb for verb, place in routes if place.partition("/")[0] == name]
        if allowed and method not in allowed:
            return Wrong(405, f"/{name} takes {' or '.join(allowed)}, not {shown(method)}", f"there is {every}")
        path = f"/{name}/{rest}" if rest else f"/{name}"
        return Wrong(404, f"there is no {shown(method)} {shown(path)}", f"there is {every}")

    # --- what only looks

    async def _health(self) -> Answer:
        settings = self._engine.settings
        return _json({"status": "ok", "version": tokentape.__version__, "mode": settings.mode})

    async def _ca(self) -> Answer:
        if self._ca_file is None or not self._ca_file.is_file():
            raise Wrong(404, "this proxy has no certificate", "it is made when mitmproxy starts: ~/.mitmproxy")
        return _answer(200, "application/x-pem-file", _certificate(self._ca_file.read_text()).encode())

    async def _state(self) -> Answer:
        settings, deck = self._engine.settings, self._engine.deck
        own = {name: session for name in deck.open if (session := deck.peek(name)) is not None}
        about = {
            "version": tokentape.__version__,
            **{name: getattr(settings, name) for name in ("library", "cassette", *CHANGEABLE)},
            "open": [
                {"session": name, "cassette": session.cassette, "mode": session.mode or settings.mode}
                for name, session in own.items()
            ],
        }
        report = await self._engine.report()
        return await asyncio.to_thread(lambda: _json({**about, "report": tree_of(report)}))

    async def _session(self, name: str) -> Answer:
        self._open(name)
        return await _reported(await self._engine.report_of(name))

    async def _metrics(self) -> Answer:
        return _answer(200, "text/plain; version=0.0.4; charset=utf-8", exposition(self._engine).encode())

    def _open(self, name: str) -> Session:
        """A session that has not ended. Raises BadName, Wrong."""
        session = self._engine.deck.peek(names.parse_session(name))
        if session is None:
            raise Wrong(404, f"there is no session {name}", _HINT)
        return session

    # --- what changes something

    async def _begin(self, call: _Call) -> Answer:
        _only(call.names, ("id", "cassette", "mode", "commit"))
        name = names.parse_session(call.fields.get("id") or uuid4().hex[:12])
        cassette = call.fields.get("cassette", "")
        mode = call.fields.get("mode", "")
        commit = call.fields.get("commit", "rest")
        if commit not in ("rest", "end"):
            raise Wrong(400, f"commit takes rest or end, not {shown(commit)}", "end: when the session is ended")
        settings = _parsed({"mode": mode}) if mode else self._engine.settings
        own = Session(
            name,
            begun=True,
            cassette=names.parse_name(cassette) if cassette else "",
            mode=settings.mode if mode else "",
            row=row_of(settings.mode, self._engine.settings.on_miss) if mode else None,
            waits=commit == "end",
        )
        if not self._engine.deck.begin(own):
            raise Wrong(409, f"there is a session {name} already", f"end it first: DELETE /sessions/{name}")
        return _json({"session": name, "cassette": own.cassette, "mode": settings.mode}, 201)

    async def _end(self, call: _Call) -> Answer:
        name = names.parse_session(call.rest)
        discard = call.query.get("discard", "0")
        if discard not in ("0", "1"):
            raise Wrong(400, f"discard takes 0 or 1, not {shown(discard)}", f"DELETE /sessions/{name}?discard=1")
        self._open(name)
        return await _reported(await self._engine.end_session(name, publish=discard == "0"))

    async def _rewind(self, call: _Call) -> Answer:
        _only(call.names, ("session",))
        name = call.fields.get("session", "")
        if name:
            self._open(name)
        self._engine.deck.rewind(name)
        return _json({"session": name})

    async def _settings(self, call: _Call) -> Answer:
        _only(call.names, CHANGEABLE)
        if not call.names:
            raise Wrong(400, "nothing to set", f"for example {json.dumps({'mode': 'replay'})}")
        parsed = _parsed(call.fields)
        self._simulate(call)
        if call.fields and self._change is not None:
            self._change(call.fields)
        elif call.fields:
            new = {name: getattr(parsed, name) for name in call.fields}
            self._engine.reconfigure(replace(self._engine.settings, **new))
        return _json({name: getattr(self._engine.settings, name) for name in CHANGEABLE})

    def _simulate(self, call: _Call) -> None:
        """Change what is simulated by an object, or read its file again. What was counted stays. Raises BadSetting."""
        if "simulation" in call.trees:
            self._engine.simulating.making.change(call.trees["simulation"])
        elif call.fields.get("simulation") == self._engine.settings.simulation:
            self._engine.simulating.making.use(self._engine.settings.simulation)


# --- what is asked, and the answer


def _call(request: Request, rest: str, where: SplitResult) -> _Call:
    query = {name: values[-1] for name, values in parse_qs(where.query, keep_blank_values=True).items()}
    tree = _tree(request.body)
    trees = {name: value for name, value in tree.items() if name in TREES and isinstance(value, dict)}
    return _Call(rest, query, _fields({name: value for name, value in tree.items() if name not in trees}), trees)


def _tree(body: bytes) -> dict[str, object]:
    """The body as an object. Raises Wrong."""
    example = json.dumps({"mode": "replay"})
    if not body.strip():
        return {}
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Wrong(400, f"the body is no JSON: {error}", f"for example {example}") from None
    if not isinstance(tree, dict):
        raise Wrong(400, "the body must be a JSON object", f"for example {example}")
    return tree


def _fields(tree: Mapping[str, object]) -> dict[str, str]:
    """The members that are texts, or can be said as such. Raises Wrong."""
    for name, value in tree.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Wrong(400, f"{shown(name)} must be a text", f"for example {json.dumps({'mode': 'replay'})}")
    return {name: str(value) for name, value in tree.items()}


def _only(given: Iterable[str], known: tuple[str, ...]) -> None:
    """Raises Wrong for a field that is none of those known."""
    for name in given:
        if name not in known:
            raise Wrong(400, f"there is no field {shown(name)}", f"the fields are {', '.join(known)}")


def _parsed(fields: Mapping[str, str]) -> Settings:
    return parse(fields, dict.fromkeys(fields, Source.FIELD))


def _certificate(pem: str) -> str:
    """The certificates of a PEM text, and never a key that may stand beside them."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    found = [piece.partition(end)[0] for piece in pem.split(begin)[1:]]
    return "".join(f"{begin}{piece}{end}\n" for piece in found)


def _json(tree: object, status: int = 200) -> Answer:
    return _answer(status, "application/json", json.dumps(tree, indent=2).encode() + b"\n")


async def _reported(report: Report) -> Answer:
    """Written beside the event loop, for a report may be long."""
    return await asyncio.to_thread(lambda: _json(tree_of(report)))


def _told(status: int, message: str, hint: str) -> Answer:
    return _json({"error": {"message": message, "hint": hint}}, status)


def _answer(status: int, kind: str, body: bytes) -> Answer:
    headers: Headers = (
        ("Content-Type", kind),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Length", str(len(body))),
    )
    return Answer(status, "", headers, body, "control")
