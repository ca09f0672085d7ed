"""Send recorded requests once more: through a proxy that runs, or through one of our own to the live API.

The rules: a key comes from the environment and goes where recording would send it, what ``--secret`` names where its
placeholder stands, and neither anywhere else; and what an answer holds is nobody's to trust.
"""

import asyncio
import json
import os
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

from tokentape import callers, names
from tokentape.cli.filling import Secrets, filled, is_safe, to_be_looked_for
from tokentape.cli.rawclient import BadAnswer, Way, ask, trusting
from tokentape.deck.explain import NOT_RECORDED
from tokentape.errors import BadSetting, LaunchTrouble, TokentapeError
from tokentape.formats.reading import LARGEST_BODY
from tokentape.forwarding.upstream import OR_YOUR_OWN
from tokentape.library.files import trouble
from tokentape.library.rulestext import RULES_FILE
from tokentape.model import Request, Response, header
from tokentape.refusal import ERROR_HEADER
from tokentape.settings import Settings
from tokentape.wire import encoding
from tokentape.wire.certify import Heard
from tokentape.wire.encoding import UndecodableBody

if TYPE_CHECKING:
    from tokentape.doors.mitm.proxy import Running

# As long as the SDKs of OpenAI and Anthropic wait (their DEFAULT_TIMEOUT): a model may think for minutes.
PATIENCE = 600.0  # seconds
_PORT = 8080  # of tokentape proxy, and of mitmproxy


class Unanswered(TokentapeError):
    """A request that got no answer of the API: refused by the proxy, or broken on the way."""


@dataclass(frozen=True, slots=True)
class Line:
    """A way to ask: a proxy, what it is to be told besides the request, and the proxy itself, if it is our own."""

    way: Way
    session: str
    proxy: "Running | None" = None
    secrets: Secrets = field(default_factory=dict)

    async def ask(self, request: Request, cassette: str = "") -> Response:
        """Send a request, for its cassette if that is named, and hear the answer. Raises Unanswered."""
        whole = filled(request, self.secrets)
        try:
            if whole != request and not is_safe(whole.url):
                raise Unanswered("not sent: what --secret names does not go over plain http")
            heard = await asyncio.wait_for(ask(as_asked(whole, cassette, self.session), self.way), PATIENCE)
        except (BadAnswer, OSError, TimeoutError, ValueError) as error:
            raise Unanswered(f"no answer: {type(error).__name__}: {error}".rstrip(": ")) from error
        response = response_of(heard)
        if (code := header(response.headers, ERROR_HEADER)) is not None:
            message, _, hint = _told(response).partition("\nhint: ")
            if self.proxy is not None and (obstacle := _obstacle(message)):
                raise Unanswered(f"not sent: {obstacle.removesuffix(OR_YOUR_OWN)}")
            raise Unanswered(f"refused ({code}): {message.removeprefix('tokentape: ').strip()}", hint.strip())
        return response


def as_asked(request: Request, cassette: str, session: str) -> Request:
    """A recorded request, for a cassette; one without a name is found by what it asks."""
    named = () if not cassette or cassette.startswith(f"{names.RESERVED}/") else ((names.NAME_HEADER, cassette),)
    return replace(request, headers=(*request.headers, *named, (names.SESSION_HEADER, session)))


def response_of(heard: Heard) -> Response:
    """An answer as it would be recorded, less its times. Raises Unanswered."""
    body = bytes(heard.body)
    coding = header(heard.headers, "content-encoding")
    try:
        body = encoding.decode(body, coding, LARGEST_BODY) if coding and body and not heard.broken else body
    except UndecodableBody as error:
        raise Unanswered(f"the answer can't be read: {error}") from error
    return Response(
        heard.status, heard.reason, heard.headers, body, heard.proto, heard.trailers, truncated=heard.broken
    )


def _told(refused: Response) -> str:
    """The text of a refusal, in whichever form it was given."""
    text = refused.body.decode(errors="replace")
    try:
        tree = json.loads(text)
    except ValueError:
        return text
    return str(tree.get("message", text)) if isinstance(tree, dict) else text


def _obstacle(message: str) -> str:
    """What a refusal says kept a request from being recorded: of a proxy of our own, that is all there is to it."""
    lines = (line.strip() for line in message.splitlines())
    return next((line.removeprefix(NOT_RECORDED) for line in lines if line.startswith(NOT_RECORDED)), "")


@asynccontextmanager
async def live(
    settings: Settings, upstream_ca: Path | None, secrets: Secrets, environ: Mapping[str, str] = os.environ
) -> AsyncIterator[Line]:
    """A line to the live APIs. What comes over it is not kept."""
    with tempfile.TemporaryDirectory(prefix="tokentape-") as folder:
        # What the library says of hosts and secrets holds here too.
        _copy_rules(Path(settings.library), Path(folder))
        async with recording(replace(settings, library=folder), upstream_ca, secrets, environ) as line:
            yield line


def _copy_rules(library: Path, folder: Path) -> None:
    """Raises LibraryTrouble where there are rules that can't be read."""
    rules = library / RULES_FILE
    try:
        shutil.copyfile(rules, folder / RULES_FILE)
    except FileNotFoundError:
        return
    except OSError as error:
        raise trouble(rules, error, "read") from error


@asynccontextmanager
async def recording(
    settings: Settings, upstream_ca: Path | None, secrets: Secrets, environ: Mapping[str, str] = os.environ
) -> AsyncIterator[Line]:
    """A line to the live APIs that records into the library. Nothing is published unless ``publish`` is called; in the
    end, however it comes, what was not is thrown away."""
    from tokentape.doors.launch import Launch
    from tokentape.doors.mitm.proxy import running

    settings = replace(settings, mode="record", cassette="", outcome_header=False, ignore_hosts=())
    async with running(Launch(settings, upstream_ca=upstream_ca, deferred=True, environ=environ)) as proxy:
        line = Line(Way(proxy.host, proxy.port, trusting(proxy.ca_file.read_text())), _session(), proxy, secrets)
        proxy.engine.vault.learn(to_be_looked_for(secrets))
        try:
            yield line
        finally:
            await proxy.engine.end_session(line.session, publish=False)
            await proxy.finish(publish=False)


async def publish(line: Line, count: int) -> int:
    """Publish what was recorded over a line, how many; raises TokentapeError, and publishes nothing, where it is not
    all of the ``count`` answers, or where some could not be published."""
    assert line.proxy is not None, "only a line of our own records"
    engine = line.proxy.engine
    # Looked at before: a take that lost an answer would take the place of the whole cassette.
    report = await engine.report_of(line.session)
    if report.problems or report.recorded != count:
        raise Unanswered("; ".join(report.problems) or f"recorded {report.recorded} of {count}")
    report = await engine.end_session(line.session)
    if report.problems or report.kept:
        raise Unanswered("; ".join(report.problems) or f"not published: {', '.join(report.kept)}")
    return report.recorded


async def through(url: str) -> Line:
    """A line through a proxy of ours that runs. Raises TokentapeError."""
    host, port = _address(url)
    plain = Way(host, port, ssl.create_default_context())
    asked = Request("GET", f"http://{callers.HOST}/ca.pem")
    hint = "tokentape proxy, in another terminal; or ask the API itself: --live"
    try:
        heard = await asyncio.wait_for(ask(asked, plain), PATIENCE)
    except (BadAnswer, OSError, TimeoutError) as error:
        raise LaunchTrouble(f"no proxy answers on {host}:{port}", hint) from error
    if heard.status == 200:
        with suppress(ssl.SSLError, ValueError):
            return Line(replace(plain, trust=trusting(heard.body.decode("ascii", "replace"))), _session())
    raise LaunchTrouble(f"what answers on {host}:{port} is no tokentape proxy on this machine", hint)


def _session() -> str:
    """A session of our own, whatever else the proxy does."""
    return f"again-{uuid4().hex[:8]}"


def _address(url: str) -> tuple[str, int]:
    """Host and port of a proxy's URL. Raises BadSetting for what is none; what it was is not said: it may hold a
    password."""
    try:
        where = urlsplit(url if "://" in url else f"http://{url}")
        host, port = where.hostname, where.port or _PORT
    except ValueError:
        host, port, where = None, 0, urlsplit("")
    if where.scheme != "http" or not host:
        raise BadSetting("--proxy is not the URL of a proxy", f"--proxy http://127.0.0.1:{_PORT}")
    return host, port
