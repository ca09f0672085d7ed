"""A proxy that stays until it is told to stop: say how to use it, wait, publish, say what happened."""

import asyncio
import json
import logging
import os
import shlex
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from dataclasses import dataclass

from tokentape.cli.around import Ending, Place, say_report, strict_code
from tokentape.cli.doors import FAST, opened
from tokentape.cli.recovering import remind
from tokentape.cli.talk import log_to_stderr, say
from tokentape.cli.watching import watch
from tokentape.doors.launch import Launch, Open
from tokentape.launch.certificates import trusted_roots, upstream_roots
from tokentape.launch.environment import environment
from tokentape.settings import Settings

# The variables that are printed to be pasted, line by line: most programs look at no other. curl reads http_proxy in
# lower case only.
_SHOWN = (
    ("HTTPS_PROXY", "HTTP_PROXY", "http_proxy"),
    ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
    ("NODE_OPTIONS",),
)

# The form of the line that tells where the proxy is. Names may be added at any time; for anything else it changes.
FORM = 1


@dataclass(frozen=True, slots=True)
class Web:
    """Where mitmweb's page is served, and whether a browser is opened on it."""

    host: str
    port: int
    opened: bool = False


async def standing(
    settings: Settings,
    place: Place,
    ending: Ending,
    environ: Mapping[str, str] = os.environ,
    web: Web | None = None,
) -> int:
    """Run a proxy until SIGINT or SIGTERM, until stdin ends if that is asked for, or until it ends itself; in mitmweb
    if ``web`` says where.

    Raises TokentapeError when it can't start.
    """
    told = asyncio.Event()
    # From before the first word: whoever reads it may tell us to stop. What a shell has put into the background does
    # not hear Ctrl-C until it listens for it.
    with _on_signals(told):
        log_to_stderr(logging.INFO)
        remind(settings.library)
        trusted = upstream_roots(place.upstream_ca, environ)
        launch = Launch(settings, place.listen, place.host, place.port, trusted, environ=environ, workers=place.workers)
        async with opened(place.door, launch) if web is None else _in_mitmweb(launch, web) as proxy:
            watch(proxy.ca_file, environ)
            if ending.with_stdin:
                _on_eof(told)
            if ending.as_json:
                print(json.dumps(_where(proxy, place, environ)), flush=True)
            else:
                say(_how_to_use(proxy, settings, place, environ))
                if proxy.page:
                    say(f"look at it: {proxy.page}")
            await _told_to_stop(proxy, told)
            report = await proxy.finish(publish=True)
    say_report(report, ending)
    return strict_code(report, ending)


def _in_mitmweb(launch: Launch, web: Web) -> AbstractAsyncContextManager[Open]:
    from tokentape.doors.mitm.web import running_in_mitmweb

    return running_in_mitmweb(launch, web.host, web.port, opened=web.opened)


def _where(proxy: Open, place: Place, environ: Mapping[str, str]) -> dict[str, object]:
    """What a program has to know that started us: ``env`` is every variable that a client of the proxy needs."""
    roots = trusted_roots(proxy.ca_file, environ)
    is_proxy = place.listen[0].startswith(("regular", "upstream"))
    return {
        "form": FORM,
        "url": _address(proxy, place),
        "port": proxy.port,
        "pid": os.getpid(),
        "ca": str(proxy.ca_file),
        "ca_bundle": str(roots.pem),
        **({"web": proxy.page} if proxy.page else {}),
        # What listens otherwise is no proxy for these variables.
        "env": _changed(_variables(proxy, environ), environ) if is_proxy else {},
    }


def _address(proxy: Open, place: Place) -> str:
    """Where the first listener is, as clients write it."""
    # With the h the proxy is told the host's name, and not an address that replay could not know it by.
    return proxy.url.replace("http://", "socks5h://") if place.listen[0].startswith("socks5") else proxy.url


def _variables(proxy: Open, environ: Mapping[str, str]) -> dict[str, str]:
    """Every variable of a client of the proxy, those of our own environment among them."""
    roots = trusted_roots(proxy.ca_file, environ)
    return environment(environ, proxy.url, str(roots.pem), str(roots.java))


def _changed(variables: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if environ.get(name) != value}


def _how_to_use(proxy: Open, settings: Settings, place: Place, environ: Mapping[str, str]) -> str:
    opening = f"mode {settings.mode}, library {settings.library}, listening on {_address(proxy, place)}"
    if place.listen != ("regular",):
        return f"{opening} ({', '.join(place.listen)})"
    # With a password, or some clients send no user name at all.
    named = proxy.url if settings.cassette else proxy.url.replace("://", "://NAME:x@", 1)
    meaning = "" if settings.cassette else "; NAME is the cassette (leave out NAME:x@ for none)"
    # A company's proxy in lower case would be read first, by curl for one.
    first, *more = _SHOWN
    shown = ((*first, *(["https_proxy"] if "https_proxy" in environ else [])), *more)
    variables = _variables(proxy, environ) | dict.fromkeys(shown[0], named)
    lines = (" ".join(f"{name}={shlex.quote(variables[name])}" for name in line) for line in shown)
    exports = "\n".join(f"  export {line}" for line in lines)
    if place.door == FAST:
        opening = f"{opening}\n\n  export OPENAI_BASE_URL={proxy.url}/v1\n\nor, as a proxy,"
    return f"{opening}\n\n{exports}\n\nin the program's shell{meaning}. Ctrl-C ends it."


async def _told_to_stop(proxy: Open, told: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(told.wait()), asyncio.ensure_future(proxy.stopped())]
    _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in pending:
        wait.cancel()


def _on_eof(told: asyncio.Event) -> None:
    """Tell when stdin ends. A thread, since not everything that stdin can be can be waited for in a loop; and without
    the buffer of ``sys.stdin``, which Python locks on its way out."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        with suppress(OSError):  # closed, or a terminal that has gone: that is an end too
            while os.read(0, 4096):
                pass
        with suppress(RuntimeError):  # the loop has ended before
            loop.call_soon_threadsafe(told.set)

    threading.Thread(target=read, daemon=True).start()


@contextmanager
def _on_signals(told: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    # Windows has no such handlers; there Ctrl-C ends the program by itself.
    with suppress(NotImplementedError):
        for number in numbers:
            loop.add_signal_handler(number, told.set)
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            for number in numbers:
                loop.remove_signal_handler(number)
