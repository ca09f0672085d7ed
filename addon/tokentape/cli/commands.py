"""The command line as a whole: the table of its commands, and every way a command can end.

A new command is a function in a module of ``families`` and a row of ``SECTIONS``; the help shows them in this order.
"""

import sys
from collections.abc import Mapping, Sequence

import click

import tokentape
from tokentape.cli.families import caring, completion, looking, proving, resending, running, serving
from tokentape.cli.talk import INTERRUPTED, report_trouble, report_usage, say
from tokentape.errors import TokentapeError

SECTIONS: Mapping[str, tuple[click.Command, ...]] = {
    "Record and replay": (running.record, running.replay, running.run),
    "Serve": (serving.serve, running.proxy, running.web, running.script),
    "Look": (looking.ls, looking.show, looking.diff, looking.report),
    "Prove": (proving.certify, proving.check, proving.doctor),
    "Send again": (resending.send, resending.verify, resending.refresh),
    "Care": (caring.mv, caring.prune, caring.scrub, caring.recover),
    "Set up": (completion.completion,),
}


class _Commands(click.Group):
    """A group whose help shows its commands section by section."""

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands in the order of the table, not of the alphabet."""
        room = formatter.width - 6 - max(map(len, self.commands))
        for section, rows in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(row.name or "", row.get_short_help_str(room)) for row in rows])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(tokentape.__version__, prog_name="tokentape", message="%(prog)s %(version)s")
def commands() -> None:
    """Record what a program says to an LLM API, and replay it without network or key."""


for _rows in SECTIONS.values():
    for _row in _rows:
        commands.add_command(_row)


def helps() -> dict[str, str]:
    """The help of every command, as a terminal of 80 columns shows it; that of the whole has the name ""."""
    root = click.Context(commands, info_name="tokentape", terminal_width=80, **commands.context_settings)
    found = {"": commands.get_help(root)}
    for name, command in commands.commands.items():
        found[name] = command.get_help(command.make_context(name, [], root, resilient_parsing=True))
    return found


def _elsewhere(error: click.ClickException) -> str:
    """Where a flag may stand that one command, or the line before any, does not know; empty for nowhere."""
    flag = error.option_name if isinstance(error, click.NoSuchOption) else ""
    having = [name for name, command in commands.commands.items() if any(flag in one.opts for one in command.params)]
    if not having:
        return ""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None or context.command is commands:
        return f"it goes behind the command: tokentape {having[0]} {flag}"
    *others, last = having
    return f"{', '.join(others)} and {last} have it" if others else f"{last} has it"


def run_command_line(arguments: Sequence[str] | None = None) -> int:
    """Run the commands and turn every way they can end into an exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        # As the object of the context the words are at hand for a hint that puts one of them right.
        code = commands.main(words, prog_name="tokentape", standalone_mode=False, obj=words)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return error.exit_code
    except click.ClickException as error:
        command = f"tokentape {words[0]}" if words and words[0] in commands.commands else "tokentape"
        return report_usage(error, command, _elsewhere(error))
    except TokentapeError as error:
        return report_trouble(error)
    except (KeyboardInterrupt, click.Abort):
        say("interrupted")
        return INTERRUPTED
    return code if isinstance(code, int) else 0
