"""What we say to a person, on stderr: errors with their hint, and lines that open with our name."""

import logging
import shlex
import sys
from collections.abc import Mapping

import click

from tokentape.errors import BadName, BadSetting, CommandTrouble, TokentapeError

FAILED = 1
TYPED_WRONG = 2
NOT_STRICT = 3
INTERRUPTED = 130
EXIT_CODES: Mapping[int, str] = {
    0: "it went well; what was compared is equal",
    FAILED: "something went wrong, can't be read, or is not equal",
    TYPED_WRONG: "the command line can't be right: a flag, a value, a name",
    NOT_STRICT: "`--strict` does not accept how the run went",
    INTERRUPTED: "Ctrl-C",
}


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
    print(f"tokentape: {_safe(text)}", file=sys.stderr, flush=True)


def say_error(message: str, hint: str = "") -> None:
    """What is wrong, and what to do about it."""
    print(f"error: {_safe(message)}", file=sys.stderr)
    if hint:
        print(f"\nhint: {_safe(hint).replace(chr(10), f'{chr(10)}      ')}", file=sys.stderr)
    sys.stderr.flush()


def _safe(text: str) -> str:
    """A text of several lines that no terminal acts on: what was recorded, or answered, may be quoted in it."""
    from tokentape.matching.showing import safe_lines

    return "\n".join(safe_lines(text))


def report_trouble(error: TokentapeError) -> int:
    """Say an error of ours; the exit code that goes with it."""
    say_error(str(error), error.hint)
    match error:
        case CommandTrouble():
            return error.exit_code
        case BadSetting() | BadName():
            return TYPED_WRONG
        case _:
            return FAILED


def report_usage(error: click.ClickException, command: str, advice: str = "") -> int:
    """Say what click found wrong on the command line, in our words and shape. ``command`` is what was typed, as far as
    it is one of ours; ``advice`` is better than a word that is spelled alike."""
    text = getattr(error, "message", "") or error.format_message()
    context = getattr(error, "ctx", None)
    likely = getattr(error, "possibilities", None) or []
    here = context.command_path if context is not None else command
    hint = f"{here} --help"
    if advice:
        hint = f"{advice}\n{hint}"
    elif likely:
        hint = f"did you mean {likely[0]}?\n{put_right(_wrong(error), likely[0], context)}"
    if isinstance(error, click.BadParameter):
        text = error.format_message()
    say_error((text[:1].lower() + text[1:]).rstrip("."), hint)
    return error.exit_code


def put_right(wrong: str, right: str, context: click.Context | None = None) -> str:
    """The command line as it was typed, with one word (or the flag that it begins with) put right, to paste."""
    context = context or click.get_current_context(silent=True)
    typed = context.find_root().obj if context is not None else None
    if not typed:
        return ""
    flag = f"{wrong}="
    words = (
        right if word == wrong else word.replace(flag, f"{right}=", 1) if word.startswith(flag) else word
        for word in typed
    )
    return shlex.join(["tokentape", *words])


def typed_with(*more: str) -> str:
    """The command line as it was typed, with more words, to paste."""
    context = click.get_current_context(silent=True)
    typed = context.find_root().obj if context is not None else None
    return shlex.join(["tokentape", *typed, *more]) if typed else ""


def _wrong(error: click.ClickException) -> str:
    """The word that click does not know."""
    return str(getattr(error, "option_name", "") or getattr(error, "command_name", ""))
