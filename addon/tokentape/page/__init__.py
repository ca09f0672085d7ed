"""Recordings as one page of HTML: for a library, or for what a run did with it.

The rule: pure, and nothing in a recording is trusted. Every text goes through ``markup``, which escapes it and takes
out what is not to be seen; the page loads nothing, runs nothing, and says so in its own policy.

``report`` puts the page together of ``conversation`` (who says what), ``picture`` (when a stream's chunks came) and
``run`` (what was used, what differed); ``style`` is how it looks.
"""

from tokentape.page.report import Named, page

__all__ = ["Named", "page"]
