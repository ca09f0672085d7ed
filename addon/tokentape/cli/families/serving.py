"""``serve``: recordings at a base URL."""

from typing import Any

import click

from tokentape.cli.families.running import PROXY_PORT
from tokentape.cli.flags import HOST, REPORT, STRICT, UPSTREAM_CA, json_flag, port, together
from tokentape.cli.options import settings_flags


@click.command()
@together(
    click.option(
        "--listen",
        multiple=True,
        metavar="MODE",
        help="How to listen while recording, in mitmproxy's words. [default: reverse: and the URL in "
        "AZURE_OPENAI_ENDPOINT, else in OPENAI_BASE_URL, else https://api.openai.com]",
    ),
    HOST,
    port(PROXY_PORT, f"Port to listen on, 0 for a free one. [default: {PROXY_PORT}]"),
    click.option(
        "--workers",
        type=click.IntRange(1, 64),
        default=1,
        metavar="N",
        show_default=True,
        help="Processes that share the port, to replay on more than one core.",
    ),
    settings_flags(defaults={"mode": "replay"}),
    UPSTREAM_CA,
    STRICT,
    REPORT,
    json_flag("Print the address, and at the end the summary, as a line of JSON each."),
)
def serve(**given: Any) -> int:
    """Serve recordings at a base URL, fast.

    Also as an HTTPS proxy on the same port. Without a mode it replays. In a mode that records, it is a proxy in front
    of one API. The variables of the Azure OpenAI simulator and of testopenai act: SIMULATOR_MODE, CASSETTE_DIR, ….
    """
    from tokentape.cli.serving import serve_until_told

    return serve_until_told(given)
