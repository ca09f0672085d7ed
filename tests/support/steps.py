"""How much work a piece of code is, in steps of the interpreter and not in time.

The rule: what does not get dearer is shown without a clock, so it holds on any machine, under any load. A step is an
instruction of Python's; what C does at a stroke (a copy, a search) is part of one.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType

_TOOL = 4  # one of the two numbers that Python keeps for nobody
_EVENT = sys.monitoring.events.INSTRUCTION


@dataclass
class Walked:
    """The steps that a block took, of all threads."""

    steps: int = 0


@contextmanager
def walk() -> Iterator[Walked]:
    """Count the steps of the block; each takes much longer meanwhile."""
    walked = Walked()

    def step(_code: CodeType, _at: int) -> None:
        walked.steps += 1

    sys.monitoring.use_tool_id(_TOOL, "steps")
    sys.monitoring.register_callback(_TOOL, _EVENT, step)
    sys.monitoring.set_events(_TOOL, _EVENT)
    try:
        yield walked
    finally:
        sys.monitoring.set_events(_TOOL, 0)
        sys.monitoring.register_callback(_TOOL, _EVENT, None)
        sys.monitoring.free_tool_id(_TOOL)
