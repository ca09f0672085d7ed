"""Odd words on the command line: each is an error with a hint or an answer, never a traceback."""

import shlex

import pytest
from shelves import asked, put

ODD = [
    *("ls [", "ls ''", "ls ../x", "ls '#'", "ls /", "ls .", "ls 'a\x1b[31m'"),
    *("show ''", "show '#0'", "show 'chat#'", "show 'chat#-1'", "show 'chat#1e9'", "show 'chat#\u0661'"),
    *("show 'chat#99999999999999999999'", "show ../chat", "show /etc/passwd", "show cassettes", "show .yaml"),
    *("show 'a\x1b[31m\u202e'", "show library.toml", f"show {'x' * 5000}", "show chat.yaml.yaml"),
    *("diff chat chat#9", "diff chat ''", "diff '' ''", "diff chat#0 chat"),
    *("mv '' x", "mv chat ''", "mv chat ..", "mv chat /abs", "mv chat a/../b", "mv chat chat/", "mv chat 'a b'"),
    *("mv chat chat", "mv chat CON/../x", f"mv chat {'x' * 300}", "mv 'a\x1b[31m' b", "mv chat '\x1b[31m'"),
    *("prune --report ''", "prune --report .", "prune --report /nowhere/at/all", "prune --report library.toml"),
    *("check ''", "check /nowhere", f"check {'x' * 5000}", "check '\x1b[31m'", f"show {'x' * 5000}.yaml"),
    *("ls --library chat.yaml", "show --library /dev/null chat", "ls --library ''", "completion ''"),
]


@pytest.mark.parametrize("typed", ODD, ids=range(len(ODD)))
def test_odd_words(library, run, typed):
    """An exit code of ours, what is said is safe to see, and the cassette stays."""
    data = put(library, "chat", asked()).read_bytes()
    code, out, err = run(*shlex.split(typed))
    assert code in (0, 1, 2)
    assert all(line.isprintable() for line in (out + err).splitlines())
    assert code == 0 or err.startswith(("error: ", "tokentape: "))
    assert [path.read_bytes() for path in library.rglob("*.yaml")] == [data]
