"""An application's environment in which the proxy's packages are not installed: their import fails.

The rule: what is allowed is named; everything else that is not of Python or of ours is as if it were not there.
"""

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


class Blocker:
    """Finds nothing, and keeps others from finding what is not allowed."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = {*allowed, *sys.stdlib_module_names, "tokentape"}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raises ModuleNotFoundError for a package that is not allowed."""
        if name.partition(".")[0] not in self.allowed:
            raise ModuleNotFoundError(f"No module named {name!r} (blocked)", name=name)
        return None


def block(*allowed: str) -> None:
    """From here on only these packages can be imported."""
    sys.meta_path.insert(0, Blocker(allowed))


if "TESTS_ALLOW" in os.environ:  # as a plugin of pytest: -p blocking
    block(*os.environ["TESTS_ALLOW"].split(","), "blocking")
