"""Two doors, two forms: every case of this folder runs through each door, as a base URL and as a proxy.

The rule: black box. A case sees bytes on a socket and nothing else, and no case knows which door it talks to. What a
door or a form can't do stands in ``EXCEPTIONS``, with its reason.
"""

import functools
import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from mitmproxy.certs import CertStore
from open_doors import OpenDoor
from shelf_of_cases import fill
from ways import Way, Ways

DOORS = ("mitm", "fast")
FORMS = ("base URL", "proxy")

# (start of the test's name, door, form) -> why it is not asked there. "" is any.
EXCEPTIONS: dict[tuple[str, str, str], str] = {
    ("test_a_path_prefix", "", "proxy"): "a prefix belongs to a base URL; inside of a tunnel the path is the API's",
    ("test_a_proxy_user", "", "base URL"): "a base URL has no proxy user",
    ("test_another_host", "", "base URL"): "a base URL does not say which host it stands for",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in the table of exceptions."""
    for item in items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        place = parameters.get("place")
        if place is None:
            continue
        for (name, door, form), reason in EXCEPTIONS.items():
            if item.name.startswith(name) and door in ("", place[0]) and form in ("", place[1]):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a CA for both doors."""
    place = tmp_path_factory.mktemp("home")
    CertStore.from_store(place / ".mitmproxy", "mitmproxy", 2048)
    return place


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that all cases share; none changes it."""
    place = tmp_path_factory.mktemp("shelf")
    fill(place)
    return place


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that cases change, each under names of its own."""
    return tmp_path_factory.mktemp("live")


Opener = Callable[..., OpenDoor]


@pytest.fixture(scope="session")
def opener(home: Path) -> Iterator[Opener]:
    """Open doors, each once for the same flags, and close them all."""
    with ExitStack() as doors:

        @functools.cache
        def open_door(kind: str, library: Path, *flags: str) -> OpenDoor:
            return doors.enter_context(OpenDoor(kind, library, home, *flags)).ready()

        yield open_door


_sessions = (f"s{number}" for number in itertools.count())


@pytest.fixture(params=[(door, form) for door in DOORS for form in FORMS], ids=lambda place: f"{place[0]}, {place[1]}")
def place(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A door and a form."""
    return request.param


@pytest.fixture
def way(place: tuple[str, str], opener: Opener, shelf: Path) -> Iterator[Ways]:
    """Ways to ask through this door in this form: ``way()``, or with flags, or over another library."""
    made: list[Way] = []

    def make(*flags: str, library: Path | None = None) -> Way:
        one = Way(opener(place[0], library or shelf, *flags), place[1], next(_sessions))
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()
