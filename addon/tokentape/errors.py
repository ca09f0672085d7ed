"""Every error tokentape raises on purpose: what happened, where, and a hint that can be pasted.

    TokentapeError
     ├── BadName            a cassette or session name that can't be one (refused with 400)
     ├── BadBody            a request body that is too deep to compare safely (refused with 400)
     ├── BadFault           a request that asks for a fault there is not (refused with 400)
     ├── BadSetting         an option, flag, variable or rules file with a wrong name or value
     ├── DamagedCassette    a cassette that can't be read: file, line, what is wrong (refused with 500)
     ├── GeneratorTrouble   a generator of the user's own that failed, or gave back what is no answer
     ├── CantDecide         what a person decided about a request that can't be done
     ├── LibraryTrouble     the folder of cassettes: missing, read-only, full, two files for one name
     │    └── CassetteChanged   a file that was edited since we looked at it
     └── LaunchTrouble      a command, a port or a certificate that is not there
          └── CommandTrouble   the command to run can't be started; has a shell's exit code

The rule: a message says what and where, and never holds a secret; ``hint`` says what to do next.
"""

import shlex


class TokentapeError(Exception):
    """The root of all our errors. ``str(error)`` is one sentence; ``hint`` may be empty."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def reason_of(error: Exception) -> str:
    """What went wrong, fit to be shown: of an error that is none of ours the type alone, for its text may hold a
    secret."""
    return str(error) if isinstance(error, TokentapeError) else f"internal fault ({type(error).__name__})"


class BadName(TokentapeError):
    """A cassette or session name outside of ``part(/part)*``."""


class BadBody(TokentapeError):
    """A body that can't be brought into a form, e.g. JSON nested too deep."""


class BadFault(TokentapeError):
    """A header ``X-Cassette-Fault`` that can't be read."""


class BadSetting(TokentapeError):
    """An unknown option or a value it does not take."""


class CantDecide(TokentapeError):
    """A decision about a request that can't be carried out."""


class DamagedCassette(TokentapeError):
    """A cassette file that can't be read. Never taken for an empty one, never overwritten."""

    def __init__(self, path: str, line: int | None, problem: str, hint: str = "") -> None:
        place = path if line is None else f"{path}, line {line}"
        check = f"tokentape check {shlex.quote(path)}"
        super().__init__(f"{place}: {problem}", f"{hint}\n{check}" if hint else check)
        self.advice = hint
        self.path = path
        self.line = line
        self.problem = problem


class GeneratorTrouble(TokentapeError):
    """A function of the user's generator file raised, or returned what is no answer."""


class LibraryTrouble(TokentapeError):
    """The library can't be used as it is: missing, not writable, full, ambiguous."""


class CassetteChanged(LibraryTrouble):
    """A cassette is not the file any more that we looked at."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} changed just now", "ask again")


class LaunchTrouble(TokentapeError):
    """Something that a way in needs to start is missing or taken."""


class CommandTrouble(LaunchTrouble):
    """A command that can't be started; ``exit_code`` is what a shell would exit with."""

    def __init__(self, message: str, hint: str, exit_code: int) -> None:
        super().__init__(message, hint)
        self.exit_code = exit_code
