"""Go over recordings again, for a secret that was learned after they were made.

The rule: only what holds the secret is touched. What can't be cleaned raises, and the caller tries again.
"""

from collections.abc import Sequence

from tokentape.model import Interaction
from tokentape.redaction.hidden import Search
from tokentape.redaction.redact import holds, redact


def gone_over(recorded: Sequence[Interaction], late: Search, search: Search) -> list[Interaction] | None:
    """The recordings less what ``late`` finds in them, redacted with all of ``search``; None where it finds nothing.

    Raises RedactionFailed.
    """
    clean = [redact(one, search) if holds(one, late) else one for one in recorded]
    return clean if any(one is not before for one, before in zip(clean, recorded, strict=True)) else None
