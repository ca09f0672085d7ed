"""What holds for every test. The modules of ``tests/support`` and ``scripts/lib`` are importable by their plain names
(``pythonpath`` in pyproject.toml).

The rule: nothing is started or read here; a test that needs a real process or server asks a fixture for it.
"""

import logging
from collections.abc import Iterator

import pytest

# Applications that are run by tests, with suites of their own.
collect_ignore = ["apps"]

# For the tests of our own plugin: each runs pytest on a suite of its own.
pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def our_log() -> Iterator[None]:
    """Our commands take the log to themselves, for the process is theirs; here others come after them."""
    log = logging.getLogger("tokentape")
    handlers, level, propagates = log.handlers[:], log.level, log.propagate
    yield
    log.handlers[:], log.propagate = handlers, propagates
    log.setLevel(level)
