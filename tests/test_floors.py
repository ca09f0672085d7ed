"""The rooms of the package stand on floors, and a module imports only from its own floor or those below.

Read from the source, so an import inside a function counts too. A new room has to be placed in ``FLOORS``.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "addon" / "tokentape"

FLOORS: dict[int, tuple[str, set[str]]] = {
    0: ("words", {"errors", "facts", "model", "modes"}),
    1: (
        "pure",
        {
            *("address", "callers", "names", "refusal", "settings", "values"),
            *("wire", "formats", "redaction", "rules", "matching", "forwarding"),
            *("transcript", "reporting", "page"),
        },
    ),
    2: ("state", {"checking", "deck"}),
    3: ("world", {"generate", "library", "simulation"}),
    4: ("engine", {"engine"}),
    5: ("doors", {"doors"}),
    6: ("ways in", {"__main__", "cli", "doctor", "launch", "played", "proxy", "proxytalk", "pytest_plugin", "script"}),
}
FLOOR_OF = {room: floor for floor, (_, rooms) in FLOORS.items() for room in rooms}

# What a room may import from outside of the standard library. Floors 0 to 2 have no more than these.
OUTSIDE: dict[str, set[str]] = {
    "wire": {"brotli", "zstandard"},
    "formats": {"yaml"},
    "doors": {"cryptography", "h11", "httptools", "mitmproxy", "uvicorn", "uvloop"},
    "cli": {"click", "h2", "rich"},
    "launch": {"certifi", "cryptography"},
    "pytest_plugin": {"pytest"},
    "generate": {"toktok"},  # not needed: without it tokens are estimated
}

HIGHEST_PURE = 2
# The clock, the environment, the disk, the network, chance: pure rooms are given what they need as arguments.
WORLDLY = {
    *("asyncio", "concurrent", "multiprocessing", "selectors", "signal", "subprocess", "threading"),
    *("glob", "logging", "os", "shutil", "tempfile"),
    *("http.client", "http.server", "socket", "socketserver", "ssl", "urllib.request"),
    *("random", "secrets", "time", "uuid"),
}
WORLDLY_CALLS = {"open", "input", "print", "exec", "eval", "__import__"}
WORLDLY_METHODS = {
    *("exists", "is_dir", "is_file", "iterdir", "mkdir", "now"),
    *("read_bytes", "read_text", "today", "write_bytes", "write_text"),
}


@dataclass(frozen=True)
class Import:
    """One import: the module it stands in (from the package's root) and the full name it asks for."""

    module: str
    wanted: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}, line {self.line}: imports {self.wanted}"


def room_of(module: str) -> str:
    """``library/files.py`` is in ``library``, ``model.py`` in ``model``."""
    return module.split("/")[0].removesuffix(".py")


def floor_of(module: str) -> int:
    """The floor a module stands on; one that is not placed yet counts as the highest."""
    return FLOOR_OF.get(room_of(module), max(FLOORS))


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package, parsed, by its path from the package's root."""
    paths = sorted(path for path in PACKAGE.rglob("*.py"))
    return {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


@cache
def imports() -> tuple[Import, ...]:
    """Every import of the package."""
    return tuple(found for module, tree in modules().items() for found in imports_of(module, tree))


def imports_of(module: str, tree: ast.Module) -> Iterator[Import]:
    """The imports of one module, the relative ones made absolute."""
    folders = ["tokentape", *module.split("/")[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            above = folders[: len(folders) + 1 - node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            # ``from tokentape import names`` asks for a room, ``from tokentape import __version__`` does not.
            names = [alias.name for alias in node.names] if source == "tokentape" else [""]
            for name in names:
                yield Import(module, f"{source}.{name}".rstrip("."), node.lineno)


def own_imports() -> Iterator[tuple[Import, str]]:
    """The imports of one room by another, with the room that is asked for."""
    for found in imports():
        parts = found.wanted.split(".")
        is_own = parts[0] == "tokentape" and len(parts) > 1 and not parts[1].startswith("__")
        if is_own and parts[1] != room_of(found.module):
            yield found, parts[1]


def outer_imports() -> Iterator[tuple[Import, str]]:
    """The imports from outside of the standard library, with the package that is asked for."""
    for found in imports():
        package = found.wanted.split(".")[0]
        if package != "tokentape" and package not in sys.stdlib_module_names:
            yield found, package


@pytest.mark.parametrize("module", sorted({room_of(module) for module in modules()} - {"__init__"}))
def test_each_room_has_a_floor(module):
    """A module that nobody has placed could stand anywhere."""
    assert module in FLOOR_OF, f"tokentape/{module} is new: place it in FLOORS, as low as it can stand"


def test_no_room_stands_on_two_floors():
    """The table names each room once."""
    assert sum(len(rooms) for _, rooms in FLOORS.values()) == len(FLOOR_OF)


def test_no_import_goes_up():
    """A module imports from its own floor and those below."""
    wrong = [str(found) for found, room in own_imports() if floor_of(found.module) < FLOOR_OF.get(room, 0)]
    assert not wrong, "\n".join(wrong)


def test_rooms_of_one_floor_import_in_one_direction():
    """Within a floor there is no circle, so each room can be understood without those that use it."""
    graph: dict[str, set[str]] = {}
    for found, room in own_imports():
        graph.setdefault(room_of(found.module), set()).add(room)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"these rooms import each other: {' -> '.join(error.args[1])}")


def test_no_two_modules_import_each_other():
    """Nor is there a circle inside of a room: every module can be read after those it stands on."""
    known = {module.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for module in modules()}
    graph: dict[str, set[str]] = {}
    for module, tree in modules().items():
        name = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        graph[name] = {wanted for wanted in modules_wanted(tree, known) if wanted != name}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"these modules import each other: {' -> '.join(error.args[1])}")


def modules_wanted(tree: ast.Module, known: set[str]) -> Iterator[str]:
    """The modules of ours that a module imports from: ``from tokentape.deck import memo`` asks for ``deck.memo``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tokentape":
            source = (node.module or "").removeprefix("tokentape").lstrip(".")
            for alias in node.names:
                longer = f"{source}.{alias.name}".lstrip(".")
                yield from {longer if longer in known else source} & known


def test_other_people_s_packages_have_one_room_each():
    """mitmproxy in the doors, click in the command line, yaml in the formats: to change one is to change one room."""
    wrong = [str(found) for found, package in outer_imports() if package not in OUTSIDE.get(room_of(found.module), ())]
    assert not wrong, "\n".join(wrong)


def test_pure_rooms_do_not_look_at_the_world():
    """Floors 0 to 2 import nothing that reads a clock, the environment, the disk, the network or chance."""
    wrong = [
        str(found)
        for found in imports()
        if floor_of(found.module) <= HIGHEST_PURE and {found.wanted, found.wanted.split(".")[0]} & WORLDLY
    ]
    assert not wrong, "\n".join(wrong)


def test_pure_rooms_open_nothing():
    """Nor do they get at files through what needs no import."""
    wrong = [
        f"{module}, line {node.lineno}: calls {ast.unparse(node.func)}"
        for module, tree in modules().items()
        if floor_of(module) <= HIGHEST_PURE
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and is_worldly(node.func)
    ]
    assert not wrong, "\n".join(wrong)


def is_worldly(function: ast.expr) -> bool:
    """Does a call of this reach outside of the program?"""
    match function:
        case ast.Name(name):
            return name in WORLDLY_CALLS
        case ast.Attribute(_, name):
            return name in WORLDLY_METHODS
        case _:
            return False


SAMPLES = [
    ("names.py", "from tokentape.model import Request", ["tokentape.model"]),
    ("names.py", "from .model import Request", ["tokentape.model"]),
    ("names.py", "from . import model, wire", ["tokentape.model", "tokentape.wire"]),
    ("library/store.py", "from .files import x", ["tokentape.library.files"]),
    ("library/store.py", "from ..model import x", ["tokentape.model"]),
    ("cli/a.py", "def f():\n    import mitmproxy.http", ["mitmproxy.http"]),
    ("doors/mitm/a.py", "from tokentape import names", ["tokentape.names"]),
]


@pytest.mark.parametrize(("module", "source", "wanted"), SAMPLES)
def test_imports_are_read_in_every_spelling(module, source, wanted):
    """Absolute, relative, inside a function: this file sees them all."""
    assert [found.wanted for found in imports_of(module, ast.parse(source))] == wanted
