"""How far long work is: seen on a terminal, and there only."""

import io
import sys

import pytest

from tokentape.cli.progress import counted, progress


class Terminal(io.StringIO):
    """Stderr as a terminal; what it shows is its value."""

    def isatty(self) -> bool:
        return True


def test_nothing_is_said_in_a_pipe(capsys):
    """A log is not the place."""
    assert list(counted(range(1000), "files")) == list(range(1000))
    with progress(2, "requests") as show:
        show(1)
    assert capsys.readouterr() == ("", "")


def test_one_line_is_written_over(monkeypatch):
    """And ended at the end."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert len(list(counted(range(600), "files"))) == 600
    steps = [f"\rtokentape: {number} of 600 files" for number in (100, 200, 300, 400, 500, 600)]
    assert sys.stderr.getvalue() == "".join(steps) + "\n"


def test_few_are_not_counted(monkeypatch):
    """They are done before anybody looks."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert list(counted([1, 2], "files")) == [1, 2]
    assert sys.stderr.getvalue() == ""


def broken(total: int) -> None:
    """Work that fails after its first step."""
    with progress(total, "requests") as show:
        show(1)
        raise ValueError("no")


def test_an_error_comes_on_a_line_of_its_own(monkeypatch):
    """The line is ended before it is told."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(ValueError, match="no"):
        broken(3)
    assert sys.stderr.getvalue() == "\rtokentape: 1 of 3 requests\n"
