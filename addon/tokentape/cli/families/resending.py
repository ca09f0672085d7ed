"""``send``, ``verify`` and ``refresh``: recorded requests once more."""

import os
from typing import Any

import click

from tokentape.cli.completing import CASSETTE
from tokentape.cli.flags import UPSTREAM_CA, json_flag, together
from tokentape.cli.options import read_settings, settings_flags
from tokentape.cli.talk import typed_with
from tokentape.errors import BadSetting
from tokentape.settings import OPTIONS

# All that matters to a request that goes to the live API.
_TO_THE_API = settings_flags(
    without=tuple(option.name for option in OPTIONS if option.name not in ("library", "upstream", "max_body"))
)
_SECRET = click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar="PLACEHOLDER=VARIABLE",
    help="Send the value of a variable in the place of a placeholder, which stands where a secret was recorded.",
)
_NAMES = click.argument("words", nargs=-1, required=True, metavar="NAME[#N]...", shell_complete=CASSETTE)


@click.command()
@together(
    click.option("--live", is_flag=True, help="Ask the API itself, with the key of the environment."),
    click.option(
        "--proxy",
        default="http://127.0.0.1:8080",
        metavar="URL",
        show_default=True,
        help="The tokentape proxy to ask through; what it does is up to its mode.",
    ),
    _TO_THE_API,
    _SECRET,
    UPSTREAM_CA,
    click.option("--raw", is_flag=True, help="Print requests and answers as they are."),
    json_flag("Print the conversation as JSON."),
    _NAMES,
)
def send(**given: Any) -> int:
    """Send recorded requests again and show the answers.

    Through a proxy that runs, or to the live API; the recording stays as it is. Exits with 1 if an answer is an error.
    """
    import asyncio

    from tokentape.cli.filling import secrets_from
    from tokentape.cli.resending import Way
    from tokentape.cli.resending import send as send_again

    live, proxy, secrets = given.pop("live"), given.pop("proxy"), given.pop("secrets")
    if secrets and not live:
        raise BadSetting("--secret is for the live API: a proxy that runs knows nothing of it", typed_with("--live"))
    way = Way(live, proxy, given.pop("upstream_ca"), secrets_from(secrets, os.environ))
    words, raw, as_json = given.pop("words"), given.pop("raw"), given.pop("as_json")
    return asyncio.run(send_again(words, read_settings(given), way, raw=raw, as_json=as_json))


@click.command()
@together(
    _TO_THE_API,
    _SECRET,
    UPSTREAM_CA,
    json_flag("Print what was found as JSON."),
    click.argument("words", nargs=-1, metavar="[NAME[#N]]...", shell_complete=CASSETTE),
)
def verify(**given: Any) -> int:
    """Compare live answers with the recorded ones, by shape.

    The requests (of the cassettes NAME, or of all) are sent to the live API, with the key of the environment. Told is
    what drifted: keys that are gone or new, types that changed, another status. Exits with 1 if something did.
    """
    import asyncio

    from tokentape.cli.filling import secrets_from
    from tokentape.cli.verifying import verify as compare

    secrets = secrets_from(given.pop("secrets"), os.environ)
    words, upstream_ca, as_json = given.pop("words"), given.pop("upstream_ca"), given.pop("as_json")
    return asyncio.run(compare(words, read_settings(given), upstream_ca, secrets, as_json=as_json))


@click.command()
@together(
    _TO_THE_API,
    _SECRET,
    UPSTREAM_CA,
    json_flag("Print what became of each cassette as JSON."),
    click.argument("words", nargs=-1, required=True, metavar="NAME...", shell_complete=CASSETTE),
)
def refresh(**given: Any) -> int:
    """Record cassettes again by sending their requests.

    To the live API, with the key of the environment. A cassette is replaced when every request was answered, with a
    status of the recorded kind; if anything fails, it stays as it is.
    """
    import asyncio

    from tokentape.cli.filling import secrets_from
    from tokentape.cli.refreshing import refresh as record_again

    secrets = secrets_from(given.pop("secrets"), os.environ)
    words, upstream_ca, as_json = given.pop("words"), given.pop("upstream_ca"), given.pop("as_json")
    return asyncio.run(record_again(words, read_settings(given), upstream_ca, secrets, as_json=as_json))
