"""The command ``tokentape``. This folder alone imports click, and only once the command runs.

stdout is data, and belongs to the command that runs behind the proxy; all that we say ourselves goes to stderr. An
error is a line, a blank line and a hint that can be pasted, never a traceback. Exit codes: 2 for what was typed wrong,
1 for what went wrong, 3 for what ``--strict`` does not accept, 130 for Ctrl-C; else the command's own.
"""

import sys
from collections.abc import Sequence

from tokentape.library.unswept import unswept

# What each module that is imported from elsewhere is called by pip.
_DISTRIBUTIONS = {
    "mitmproxy": "'mitmproxy>=12.2,<13'",
    "brotli": "brotli",
    "certifi": "certifi",
    "click": "click",
    "cryptography": "cryptography",
    "h11": "h11",
    "h2": "h2",
    "rich": "rich",
    "httptools": "httptools",
    "uvicorn": "uvicorn",
    "yaml": "pyyaml",
    "zstandard": "zstandard",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (``sys.argv`` where no arguments are given) and return the exit code."""
    try:
        with unswept(for_good=True):
            from tokentape.cli.commands import run_command_line
        return run_command_line(arguments)
    except ModuleNotFoundError as error:
        distribution = _DISTRIBUTIONS.get(error.name or "")
        if distribution is None:
            raise
        print(f"error: the Python package {error.name} is not installed for {sys.executable}", file=sys.stderr)
        print(f"\nhint: {sys.executable} -m pip install {distribution}", file=sys.stderr)
        return 1
