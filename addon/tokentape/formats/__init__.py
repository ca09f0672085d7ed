"""Cassette files: bytes in, cassette out, and back.

The rule: nothing here touches a disk. Three formats are read, one is written:

=================== =========== ===================================================================
format              kind        rooms
=================== =========== ===================================================================
go-vcr v4           YAML, JSON  ``reading``, ``writing``; our notes beside it: ``notes``
VCR.py, version 1   YAML, JSON  ``vcrpy``, only read
aoai-api-simulator  YAML        ``simulator``, only read
=================== =========== ===================================================================

Below them: ``loading`` and ``saving`` (whole files), ``regrown`` (a file that stays for the most part), ``cut`` and
``cutjson`` (a file into its items), ``lines`` and ``yamltext`` (text into a ``tree``), ``large`` (large bodies past
these), ``emit`` and ``jsontext`` (trees into text), ``pieces`` (text that is made as it is written), ``loaded`` (what
is remembered of a file), ``body`` (the readable form of one), ``headers`` and ``durations``.
"""

from importlib.util import find_spec

from tokentape.formats.loaded import Frame, Kind, Loaded
from tokentape.formats.loading import line_in_item, load, load_item, spans, spans_in
from tokentape.formats.pieces import Draft
from tokentape.formats.reading import Fields, edited_parts
from tokentape.formats.regrown import Standing, longer, replaced
from tokentape.formats.saving import append, draft, dump, read_only
from tokentape.formats.simulator import missing_body
from tokentape.model import Interaction

# It is imported when it is needed; that it is missing is to show at the start.
if find_spec("yaml") is None:
    raise ModuleNotFoundError("No module named 'yaml'", name="yaml")

__all__ = [
    "Draft",
    "Fields",
    "Frame",
    "Kind",
    "Loaded",
    "Standing",
    "append",
    "draft",
    "dump",
    "edited",
    "line_in_item",
    "load",
    "load_item",
    "longer",
    "missing_body",
    "read_only",
    "replaced",
    "spans",
    "spans_in",
]


def edited(interaction: Interaction) -> tuple[str, ...]:
    """Which of ``request`` and ``response`` have a body that somebody edited in the file since it was written."""
    raw = interaction.raw
    return edited_parts(raw) if isinstance(raw, Loaded) else ()
