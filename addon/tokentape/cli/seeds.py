"""The variables of the tools that ``tokentape serve`` takes the place of: testopenai, and the Azure OpenAI simulator.

The rule: they act in ``serve`` alone, below our own flags and variables, and a line says which of them did; only
``LATENCY_OPENAI_*`` act wherever answers are made up. What a variable can't mean stops the start.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from tokentape.errors import BadSetting
from tokentape.forwarding.upstream import is_loopback
from tokentape.settings import OPTIONS, Value

DEFAULT_TARGET = "https://api.openai.com"


@dataclass(frozen=True, slots=True)
class Seed:
    """A variable, the option of ours that it stands for, and how its value is read."""

    variable: str
    option: str
    read: Callable[[str], str] = str


def _one_of(variable: str, words: Mapping[str, str]) -> Callable[[str], str]:
    def read(value: str) -> str:
        meant = words.get(value.strip().lower())
        if meant is None:
            raise BadSetting(f"{variable} can't be {value[:40]!r}", f"it is one of {', '.join(words)}")
        return meant

    return read


@dataclass(frozen=True, slots=True)
class Target:
    """Where recordings come from: a URL without a path, and the value of ``--upstream`` that puts a path in front."""

    url: str
    upstream: str = ""


SEEDS = (
    # The simulator's "record" replays what is there and records the rest.
    Seed(
        "SIMULATOR_MODE",
        "mode",
        _one_of("SIMULATOR_MODE", {"record": "new_episodes", "replay": "replay", "generate": "generate"}),
    ),
    Seed("CASSETTE_DIR", "library"),
    Seed("CASSETTE_FORMAT", "format", _one_of("CASSETTE_FORMAT", {"yaml": "yaml", "json": "json"})),
    Seed("GENERATOR_CONFIG_PATH", "generators"),
)
# In this order; the first that is set says where a recording comes from.
TARGETS = ("AZURE_OPENAI_ENDPOINT", "OPENAI_BASE_URL")
# testopenai writes these into the URL of what it records; we record what the client asked.
IN_REQUESTS = ("OPENAI_API_VERSION", "AZURE_OPENAI_DEPLOYMENT")
# Of the simulator's later versions; what they named is said in another way here.
LATER = {
    "RECORDING_DIR": "--library FOLDER",
    "EXTENSION_PATH": "--generators FILE",
    "OPENAI_DEPLOYMENT_CONFIG_PATH": "--simulation FILE",
    "ALLOW_UNDEFINED_OPENAI_DEPLOYMENTS": "--simulation FILE",
}


def settings_from(environ: Mapping[str, str]) -> dict[str, Value]:
    """The values that the variables stand for, by option name. Raises BadSetting."""
    return {seed.option: seed.read(environ[seed.variable]) for seed in _acting(environ)}


def _acting(environ: Mapping[str, str]) -> list[Seed]:
    known = {option.name for option in OPTIONS}
    return [seed for seed in SEEDS if environ.get(seed.variable) and seed.option in known]


def announced(environ: Mapping[str, str], *, records: bool) -> str:
    """The line that says which of the variables act; empty where none does."""
    told = [f"{seed.variable}={environ[seed.variable]}" for seed in _acting(environ)]
    told += [f"{name}={environ[name]}" for name in _latencies(environ)]
    named = next((name for name in TARGETS if records and environ.get(name)), None)
    if named:
        told.append(f"{named}={_without_secrets(environ[named])}")
    acting = f"from the environment: {', '.join(told)}" if told else ""
    idle = ", ".join(name for name in IN_REQUESTS if records and environ.get(name))
    passed_over = f"{idle} not used: a request goes on as it came, so its URL has to say that" if idle else ""
    later = "; ".join(f"{name} not used: {instead} is" for name, instead in LATER.items() if environ.get(name))
    return "; ".join(text for text in (acting, passed_over, later) if text)


def _latencies(environ: Mapping[str, str]) -> tuple[str, ...]:
    if not any(name.startswith("LATENCY_OPENAI_") for name in environ):
        return ()  # as nearly always; the simulation takes its time to import
    from tokentape.simulation.seedvariables import variables_of_simulator

    return variables_of_simulator(environ)


def target(environ: Mapping[str, str], port: int) -> Target:
    """What a base URL of ours stands for while recording. Raises BadSetting where that is ourselves."""
    name = next((name for name in TARGETS if environ.get(name)), None)
    if name is None:
        return Target(DEFAULT_TARGET)
    # What it was is not said: it may hold a password.
    wrong = BadSetting(f"{name} is no URL", f"{name}={DEFAULT_TARGET}")
    try:
        where = urlsplit(environ[name])
        own_port = where.port
    except ValueError as error:
        raise wrong from error
    if where.scheme not in ("http", "https") or not where.hostname:
        raise wrong
    if own_port == port and is_loopback(where.hostname):
        raise BadSetting(
            f"{name} is this very server: what it does not know it would ask itself",
            f"--listen reverse:{DEFAULT_TARGET}, or unset {name} for the server",
        )
    url = f"{where.scheme}://{where.netloc.rpartition('@')[2]}"
    # A client of ours says /v1 itself, as it does to OpenAI; what stands before it is the target's own.
    path = where.path.rstrip("/").removesuffix("/v1")
    return Target(url, f"{where.hostname}={url}{path}" if path else "")


def _without_secrets(url: str) -> str:
    where = urlsplit(url)
    return where._replace(netloc=where.netloc.rpartition("@")[2], query="", fragment="").geturl()
