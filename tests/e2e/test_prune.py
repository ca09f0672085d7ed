"""``prune`` after a real run: its report says what was never played, and that alone goes."""

import json
from pathlib import Path

from commands import CommandLine, python
from shelves import asked, plain, put

GET = python("import urllib.request as u; print(u.urlopen('https://files.example/b').read().decode())")


def test_what_a_run_never_played_goes(tokentape: CommandLine, library: Path) -> None:
    """Of three recordings one is asked for; after the prune the same run is strict."""
    path = put(library, "files", plain("/a", b"", b"A"), plain("/b", b"", b"B"), asked("C"))
    put(library, "other", asked("D"))
    before = path.read_text()
    first = tokentape.replay(GET, "--cassette=files", "--report=run.json", "--strict")
    assert (first.code, first.out) == (3, "B\n"), first.err
    ended = tokentape("prune", "--report", "run.json", "--yes")
    assert (ended.code, ended.out) == (
        0,
        "files#0 GET https://files.example/a\nfiles#2 POST https://api.openai.com/v1/chat/completions\n",
    )
    assert "removed 2 of 3 from cassettes/files.yaml" in ended.err
    start, end = before.index("    - id: 1"), before.index("    - id: 2")
    assert path.read_text() == before[: before.index("    - id: 0")] + before[start:end]
    assert (library / "other.yaml").is_file()
    again = tokentape.replay(GET, "--cassette=files", "--report=run.json", "--strict")
    assert (again.code, again.out) == (0, "B\n"), again.err
    assert json.loads((tokentape.place / "run.json").read_text())["unused"] == []
