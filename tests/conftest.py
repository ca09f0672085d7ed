"""What every test may use: the modules of ``tests/support``, importable by their plain names.

The rule: nothing is started or read here; a test that needs a real process or server asks a fixture for it.
"""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parent / "support"

# Applications that are run by tests, with suites of their own.
collect_ignore = ["apps"]

if str(SUPPORT) not in sys.path:
    sys.path.insert(0, str(SUPPORT))

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
