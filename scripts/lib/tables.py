"""Put the code's own tables into the README and the docs: ``.venv/bin/python scripts/lib/tables.py``.

The rule: what a table of the code says (modes, options, what varies, what is redacted) is said in no document by hand.
A document has a place for each, ``<!-- table: NAME -->`` to ``<!-- end -->``; a test says when one is out of date.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from mitmproxy.utils import emoji

from children import ROOT
from tokentape.cli.commands import SECTIONS, helps
from tokentape.cli.talk import EXIT_CODES
from tokentape.doors.mitm.commands import Commands
from tokentape.engine.holding import MEANINGS
from tokentape.facts import places
from tokentape.facts.providers import PROVIDERS, TRACE_HEADERS, VARYING, KeyPlace, Provider
from tokentape.facts.shapes import SHAPES
from tokentape.generate.route import OPERATIONS
from tokentape.launch.environment import TRUST
from tokentape.modes import ALIASES, MODES
from tokentape.reporting.glance import MARKERS
from tokentape.settings import OPTIONS
from tokentape.simulation.faults import KINDS
from tokentape.simulation.speeds import SPEEDS

DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "addon" / "docs").glob("*.md")))
PLACE = re.compile(r"(<!-- table: ([a-z-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)

Row = tuple[str, ...]


def table(head: Row, rows: Iterable[Row]) -> str:
    """A table in Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def code(words: Iterable[str], between: str = ", ") -> str:
    """Words as code, one behind the other."""
    return between.join(f"`{word}`" for word in words)


def modes() -> str:
    """What each mode does on a match and on a miss."""
    by_mode = {mode: alias for alias, mode in ALIASES.items()}
    rows = (
        (
            f"`{name}`" + (f" (also `{by_mode[name]}`)" if name in by_mode else ""),
            row.match.value,
            row.miss.value,
            row.meaning,
        )
        for name, row in MODES.items()
    )
    return table(("mode", "a recording matches", "none does", "in words"), rows)


def options() -> str:
    """Every option with its default and meaning."""
    rows = (
        (
            f"`vcr_{option.name}`",
            f"`{option.default}`" if option.default else "",
            option.meaning + (f" One of {code(option.choices)}." if option.choices and option.name != "mode" else ""),
        )
        for option in OPTIONS
    )
    return table(("option", "default", "meaning"), rows)


def operations() -> str:
    """Every operation of each API that can be made up."""
    names = {"openai": "OpenAI, Azure OpenAI", "anthropic": "Anthropic"}
    rows = (
        (f"`{row.name}`", names[provider], f"`{row.method} /v1/{row.path.replace('{}', 'ID')}`")
        for provider in names
        for row in OPERATIONS[provider]
    )
    return table(("operation", "API", "path"), rows)


def trust() -> str:
    """The variables that name trusted roots, and who reads them."""
    return table(("variable", "read by"), ((f"`{row.variable}`", row.readers) for row in TRUST))


def keys() -> str:
    """The variables that hold a provider's key."""
    rows = (
        (
            provider.name,
            code(provider.env_keys, " or "),
            f"the host of `{provider.endpoint_env}`" if provider.endpoint_env else hosts_of(provider),
        )
        for provider in PROVIDERS
        if provider.env_keys
    )
    return table(("provider", "variable", "its key goes to"), rows)


def providers() -> str:
    """Every provider that is known, and where its key stands."""
    rows = (
        (provider.name, hosts_of(provider), code(dict.fromkeys(map(shown_place, provider.places))))
        for provider in PROVIDERS
    )
    return table(("provider", "hosts", "where its key stands"), rows)


# Hosts that a provider is known by through a pattern, as people write them.
PATTERNS = {"vertex": "*aiplatform.googleapis.com", "bedrock": "bedrock*.REGION.amazonaws.com"}


def hosts_of(provider: Provider) -> str:
    """The hosts of a provider, ``*`` standing for the part that varies."""
    pattern = [PATTERNS[provider.name]] if provider.host_pattern else []
    return code([*sorted(provider.hosts), *(f"*{suffix}" for suffix in provider.host_suffixes), *pattern])


def shown_place(place: KeyPlace) -> str:
    """A place of a key as a request has it."""
    return f"?{place.name}=" if place.in_query else f"{place.name}: {place.prefix}".rstrip()


def varying() -> str:
    """What is never compared, with its reason."""
    rows = ((f"`{row.name}`", "query" if row.in_query else "header", row.reason + trace(row.name)) for row in VARYING)
    return table(("name", "where", "why it tells nothing"), rows)


def trace(name: str) -> str:
    """Whether a header is not kept either; a final ``*`` stands for any rest."""
    start = name.removesuffix("*")
    dropped = any(header.startswith(start) if start != name else header == name for header in TRACE_HEADERS)
    return "; not kept in the file either" if dropped else ""


def by_role(roles: Mapping[str, str], mark: str = "") -> str:
    """Names grouped by what their values are for."""
    grouped: dict[str, list[str]] = defaultdict(list)
    for name, role in roles.items():
        grouped[role].append(mark + name)
    return table(("role", "names"), ((role, code(sorted(grouped[role]))) for role in sorted(grouped)))


def secret_headers() -> str:
    """Headers that hold secrets."""
    return by_role(places.SECRET_HEADERS)


def secret_query() -> str:
    """Query pairs that are secrets on any host."""
    return by_role(places.QUERY_ROLES)


def shapes() -> str:
    """Keys that are told by how they look, by what they begin with."""
    grouped: dict[str, list[str]] = defaultdict(list)
    for shape in SHAPES:
        start = shape.pattern.partition("[")[0].replace("(?:", "(").replace("\\", "")
        grouped[shape.name].append(start if start.count("(") == start.count(")") else start.replace("(", ""))
    return table(("key", "begins with"), ((name, code(starts)) for name, starts in grouped.items()))


def secret_names() -> str:
    """Names of members, fields and elements that hold secrets."""
    return by_role(places.TELLING_ENDS, "…") + "\n" + by_role(places.TELLING_NAMES)


def commands() -> str:
    """The help of every command, as ``--help`` prints it."""
    said = helps()
    pieces = []
    for section, rows in SECTIONS.items():
        pieces.append(f"## {section}\n")
        pieces += [f"### tokentape {row.name}\n\n```text\n{said[row.name or '']}\n```\n" for row in rows]
    return "\n" + "\n".join(pieces) + "\n"


def exit_codes() -> str:
    """What each exit code means."""
    return table(("exit code", "meaning"), ((str(code), meaning) for code, meaning in EXIT_CODES.items()))


def kinds_of_faults() -> str:
    """Each fault, what it does and what it takes."""
    rows = ((f"`{name}`", kind.meaning, code(kind.takes)) for name, kind in KINDS.items())
    return table(("kind", "what happens", "takes"), rows)


def speeds() -> str:
    """The profiles of latency, with who measured them."""
    rows = (
        (f"`{speed.name}`", f"{speed.first_token:g} s", f"{speed.tokens_a_second:g}", speed.source) for speed in SPEEDS
    )
    return table(("profile", "first token (median)", "tokens a second", "measured by"), rows)


def markers() -> str:
    """What a flow is marked with."""
    meanings = {
        "replayed": "a recording answered: `chat-basic #3 replayed`",
        "recording": "it is being recorded: `chat-basic recording`",
        "recorded": "recorded, and where: `chat-basic #4 recorded`",
        "generated": "the answer was made up",
        "simulated": "an error of the simulation took the place of an answer: a limit, a key, a fault",
        "forwarded": "it went upstream, and cassettes were left alone",
        "refused": "nothing matched: `chat-basic refused (out-of-date), nearest #0, body.model`",
        "control": "the proxy itself answered: its control endpoint",
        "held": "it waits for you to decide",
        "lost": "the client has its answer, but it could not be recorded, and why",
    }
    rows = ((emoji.emoji[marker], f"`~marker {marker}`", meanings[word]) for word, marker in MARKERS.items())
    return table(("marker", "filter", "what happened"), rows)


def verdicts() -> str:
    """What can be decided about a held request."""
    return table(("word", "what happens"), ((f"`{verdict}`", meaning) for verdict, meaning in MEANINGS.items()))


def vcr_commands() -> str:
    """The commands of mitmweb's command bar and the console."""
    found = [member for member in vars(Commands).values() if hasattr(member, "command_name")]
    rows = ((f"`{one.command_name}`", " ".join((one.__doc__ or "").split())) for one in found)
    return table(("command", "what it does"), rows)


TABLES: Mapping[str, Callable[[], str]] = {
    "markers": markers,
    "verdicts": verdicts,
    "vcr-commands": vcr_commands,
    "faults": kinds_of_faults,
    "modes": modes,
    "speeds": speeds,
    "options": options,
    "trust": trust,
    "commands": commands,
    "exit-codes": exit_codes,
    "operations": operations,
    "keys": keys,
    "providers": providers,
    "varying": varying,
    "secret-headers": secret_headers,
    "secret-query": secret_query,
    "secret-names": secret_names,
    "shapes": shapes,
}


def filled(text: str) -> str:
    """A document with every table as the code has it now. Raises KeyError for a table that there is not."""
    return PLACE.sub(lambda place: f"{place[1]}{TABLES[place[2]]()}{place[4]}", text)


def main() -> int:
    """Bring the documents up to date."""
    for document in DOCUMENTS:
        text = document.read_text()
        if (new := filled(text)) != text:
            document.write_text(new)
            print(f"changed {document.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
