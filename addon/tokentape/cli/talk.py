"""What we say to a person, on stderr: errors with their hint, and lines that open with our name."""

import logging
import sys

import click

from tokentape.errors import BadSetting, CommandTrouble, TokentapeError

FAILED = 1
TYPED_WRONG = 2
NOT_STRICT = 3
INTERRUPTED = 130


def log_to_stderr(level: int) -> None:
    """Let what the proxy itself logs, from ``level`` on, appear as our own words."""
    log = logging.getLogger("tokentape")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("tokentape: %(message)s"))
    log.handlers[:] = [handler]
    log.setLevel(level)
    log.propagate = False


def say(text: str) -> None:
    """A line (or several) about what is going on."""
    print(f"tokentape: {text}", file=sys.stderr, flush=True)


def say_error(message: str, hint: str = "") -> None:
    """What is wrong, and what to do about it."""
    print(f"error: {message}", file=sys.stderr)
    if hint:
        print(f"\nhint: {hint.replace(chr(10), f'{chr(10)}      ')}", file=sys.stderr)
    sys.stderr.flush()


def report_trouble(error: TokentapeError) -> int:
    """Say an error of ours; the exit code that goes with it."""
    say_error(str(error), error.hint)
    match error:
        case CommandTrouble():
            return error.exit_code
        case BadSetting():
            return TYPED_WRONG
        case _:
            return FAILED


def report_usage(error: click.ClickException) -> int:
    """Say what click found wrong on the command line, in our words and shape."""
    text = getattr(error, "message", "") or error.format_message()
    context = getattr(error, "ctx", None)
    likely = getattr(error, "possibilities", None) or []
    here = context.command_path if context is not None else "tokentape"
    hint = f"did you mean {likely[0]}?" if likely else f"{here} --help"
    if isinstance(error, click.BadParameter):
        text = error.format_message()
    say_error((text[:1].lower() + text[1:]).rstrip("."), hint)
    return error.exit_code
