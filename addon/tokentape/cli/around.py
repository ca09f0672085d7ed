"""A command with a proxy around it: start the proxy, run the command, publish, say what happened."""

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokentape.cli.doors import MITM, opened
from tokentape.cli.recovering import remind
from tokentape.cli.talk import NOT_STRICT, log_to_stderr, report_trouble, say
from tokentape.cli.watching import watch
from tokentape.doors.launch import Launch
from tokentape.errors import LaunchTrouble, LibraryTrouble, TokentapeError
from tokentape.launch.certificates import trusted_roots, upstream_roots
from tokentape.launch.command import find_command, run_command
from tokentape.launch.environment import environment
from tokentape.library.files import write_atomically
from tokentape.reporting.reports import Report
from tokentape.reporting.summary import as_json, is_empty, is_spotless, summary
from tokentape.settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """Where the proxy listens, through which door, and whom it trusts upstream."""

    host: str = "127.0.0.1"
    port: int = 0
    upstream_ca: Path | None = None
    listen: tuple[str, ...] = ("regular",)
    door: str = MITM
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ends: when takes are published, what counts as a failure, how it is told and where it is written; and
    whether it ends when stdin does."""

    commit: str = "success"
    strict: bool = False
    as_json: bool = False
    report: Path | None = None
    with_stdin: bool = False


async def around(
    argv: Sequence[str], settings: Settings, place: Place, ending: Ending, environ: Mapping[str, str] = os.environ
) -> int:
    """Run a command behind a proxy; the exit code of it all. Raises TokentapeError when it can't be started."""
    # The summary tells it all; in between stderr is the command's.
    log_to_stderr(logging.ERROR)
    # Before the proxy starts: a slip in the command's name is not worth a proxy.
    find_command(argv[0], environ)
    remind(settings.library)
    launch = Launch(
        settings,
        host=place.host,
        port=place.port,
        upstream_ca=upstream_roots(place.upstream_ca, environ),
        deferred=ending.commit == "success",
        environ=environ,
    )
    async with opened(place.door, launch) as proxy:
        watch(proxy.ca_file, environ)
        roots = trusted_roots(proxy.ca_file, environ)
        code = await run_command(argv, environment(environ, proxy.url, str(roots.pem), str(roots.java)))
        try:
            report = await proxy.finish(publish=code == 0 or ending.commit == "always")
        except TokentapeError as error:
            # The command's own failure is the one to pass on, should there be two.
            failed = report_trouble(error)
            return code or failed
    try:
        say_report(report, ending)
    except TokentapeError as error:
        failed = report_trouble(error)
        return code or failed
    if is_empty(report) and not (ending.as_json or proxy.complained):
        from tokentape.launch.silence import why_nothing_came

        say(why_nothing_came(argv, environ, visited=proxy.visited))
    return code or strict_code(report, ending)


def strict_code(report: Report, ending: Ending) -> int:
    """The exit code that a report deserves by itself. A run through which nothing came shows nothing: what it should
    have replayed went past the proxy, or nobody asked."""
    return NOT_STRICT if ending.strict and (is_empty(report) or not is_spotless(report)) else 0


def say_report(report: Report, ending: Ending) -> None:
    """The summary, on stderr: stdout is the command's; and as JSON in a file, if one was asked for. Raises
    LaunchTrouble where that can't be written."""
    # Said before it is written: a file that can't be is no reason to say nothing.
    if ending.as_json:
        print(as_json(report), file=sys.stderr, flush=True)
    else:
        say("\n".join(summary(report)))
    if ending.report is not None:
        _write(ending.report, as_json(report))


def _write(path: Path, text: str) -> None:
    """Whole or not at all: who waits for the file may read it as soon as it is there. Raises LaunchTrouble."""
    try:
        write_atomically(path, [f"{text}\n".encode()])
    except LibraryTrouble as error:
        raise LaunchTrouble(str(error), "name another file: --report FILE") from error
