"""How a case of the conformance suite asks: through a door, in a form, in a session of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field

from open_doors import OpenDoor
from raw_http import Pairs, Said, Talk
from shelf_of_cases import HOST

# To start a door takes a second, so several settings share one.
FIRST = ("--repeat=first", "--pace=instant")
NEVER = ("--repeat=never", "--pace=4")
THIRD = ("--cassette=deep/er", "--pace=recorded", "--outcome-header")


@dataclass
class Way:
    """A way to ask: through one door, in one form, in a session of its own."""

    door: OpenDoor
    form: str
    session: str
    _talks: list[Talk] = field(default_factory=list)

    def talk(self, user: str = "", password: str = "x", host: str = HOST, *, base: bool = False) -> Talk:
        """A new connection; ``base`` makes it one to the base URL, whatever the form."""
        inside = host if self.form == "proxy" and not base else ""
        made = Talk(self.door.port, inside, self.door.ca_file, user, password)
        self._talks.append(made)
        return made

    def headers(self, name: str = "", *more: tuple[str, str]) -> Pairs:
        """The headers of a request: the cassette, this test's session, and more."""
        named = (("X-Cassette-Name", name),) if name else ()
        return (*named, ("X-Cassette-Session", self.session), *more)

    def ask(self, path: str, name: str = "", *more: tuple[str, str], method: str = "GET", body: bytes = b"") -> Said:
        """One request on a connection of its own."""
        return self.talk().ask(method, path, self.headers(name, *more), body)

    def close(self) -> None:
        """Close its connections."""
        for talk in self._talks:
            talk.close()


Ways = Callable[..., Way]
