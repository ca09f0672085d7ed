"""The cassette of a test that names none: made of its node id, so that it is found where the test is.

    tests/test_chat.py::TestTools::test_weather[gpt-5]  →  tests/test_chat/TestTools/test_weather-gpt-5

The rule: two tests never share a cassette by accident. Where a character has no place in a name, or the name would be
too long, a digest of the node id stands at its end.
"""

import re
from hashlib import blake2b

from tokentape.names import LONGEST_NAME, RESERVED

# What pytest puts between the parts of a node id, and around a parameter; each has a place of its own in the name.
_FUNCTION = re.compile(r"(?P<path>[^:]*?)(?:\.py)?(?P<names>(?:::[^\[]*?)*)(?:\[(?P<parameter>.*)\])?")
_NOT_IN_A_PART = re.compile(r"[^A-Za-z0-9._-]")
_ENDING = re.compile(r"\.(yaml|json)$")
_DIGEST = 8


def cassette_of(nodeid: str) -> str:
    """The cassette's name for a node id."""
    found = _FUNCTION.fullmatch(nodeid.replace("\n", " "))
    path, functions, parameter = found.group("path", "names", "parameter") if found else (nodeid, "", None)
    parts = [*path.split("/"), *functions.split("::")]
    if parameter is not None:
        parts[-1] += f"-{parameter}"
    wanted = "/".join(part for part in parts if part)
    name = "/".join(_part(part) for part in parts if part)
    name = _ENDING.sub(r"-\1", name)
    if name.split("/")[0].lower() == RESERVED:
        name = f"{RESERVED}-{name.removeprefix(name.split('/')[0])}"
    if name == wanted and len(name) <= LONGEST_NAME:
        return name
    digest = blake2b(nodeid.encode(errors="surrogatepass"), digest_size=_DIGEST // 2).hexdigest()
    return f"{name[: LONGEST_NAME - _DIGEST - 1].rstrip('/')}-{digest}"


def _part(text: str) -> str:
    part = _NOT_IN_A_PART.sub("-", text)
    return f"-{part[1:]}" if part.startswith(".") else part
