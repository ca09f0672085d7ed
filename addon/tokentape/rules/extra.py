"""What a library has redacted beyond what everybody's has; none of it where there is no ``library.toml``."""

from dataclasses import dataclass

from tokentape.redaction.hidden import Search
from tokentape.redaction.wanted import BY_NAME, Sought, Wanted


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is no secret though it looks like one: an expression for the whole of it, and the reason."""

    match: str
    because: str


@dataclass(frozen=True, slots=True)
class ExtraRedaction:
    """What ``[redact]`` says. ``patterns`` are sources of expressions, ``personal`` pairs of a role and a source."""

    names: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    personal: tuple[tuple[str, str], ...] = ()
    allow: tuple[Allowed, ...] = ()

    def search(self) -> Search:
        """What is looked for in this library, beyond known places."""
        sought = [Sought(BY_NAME, source) for source in self.patterns]
        sought += [Sought(role, source) for role, source in self.personal]
        names = tuple(name.lower() for name in self.names)
        return Search(Wanted(names, tuple(sought), tuple(allowed.match for allowed in self.allow)))
