"""The commands' way from a flow to a recording."""

import pytest
from mitmproxy.test import tflow

from tokentape.doors.mitm import commands, watching
from tokentape.errors import CantDecide
from tokentape.model import header


def test_a_refusal_of_ours_is_not_saved_as_a_recording():
    """A flow that we refused has no answer of the API's."""
    flow = tflow.tflow(resp=True)
    flow.metadata[watching.REFUSAL] = "error: nothing fits"
    with pytest.raises(CantDecide, match="refusal of ours"):
        commands._interaction(flow, 1_000_000)


def test_what_we_say_of_an_answer_is_not_saved_with_it():
    """The header of vcr_outcome_header is ours, and another in the next run."""
    flow = tflow.tflow(resp=True)
    flow.response.headers["X-Cassette-Outcome"] = "forwarded"
    assert header(commands._interaction(flow, 1_000_000).response.headers, "x-cassette-outcome") is None
