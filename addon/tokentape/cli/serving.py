"""``tokentape serve``: the fast door where the mode allows it, else the proxy in front of one API, on the same port."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tokentape.cli import doors, seeds
from tokentape.cli.around import Ending, Place
from tokentape.cli.options import read_settings
from tokentape.cli.standing import standing
from tokentape.cli.talk import say
from tokentape.errors import BadSetting


def serve_until_told(given: dict[str, Any], environ: Mapping[str, str] = os.environ) -> int:
    """Serve until SIGINT or SIGTERM; the exit code. Raises TokentapeError when it can't start."""
    ending = Ending(strict=given.pop("strict"), as_json=given.pop("as_json"), report=given.pop("report"))
    listen = tuple(given.pop("listen"))
    place = Place(given.pop("host"), given.pop("port"), given.pop("upstream_ca"), listen or ("regular",))
    workers = given.pop("workers")
    # Unlike the proxy it replays unless it is told: it stands for a server that has its answers.
    base = {"mode": "replay", **seeds.settings_from(environ)}
    settings = read_settings(given, environ, base=base)
    place = replace(place, door=doors.choose(settings, place.listen))
    if workers > 1 and place.door == doors.MITM:
        reason = doors.needs_mitm(settings, place.listen)
        raise BadSetting(f"--workers {workers} can't be had with {reason}", "only the fast door can have several")
    place = replace(place, workers=workers)
    records = place.door == doors.MITM and not listen
    if records:
        target = seeds.target(environ, place.port)
        place = replace(place, listen=(f"reverse:{target.url}",))
        settings = read_settings(given, environ, base={**base, "upstream": target.upstream})
    told = seeds.announced(environ, records=records)
    if told:
        say(told)
    _allow_many_connections()
    return doors.run(place.door, standing(settings, place, ending, environ))


def _allow_many_connections() -> None:
    """Take as many open files as the system lets us have: a connection is one, and 1,024 is a usual start."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows has no such limit
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS names a limit that it does not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
