"""The view's flows are bounded: the oldest go, those that a person cares for stay."""

import pytest
from mitmproxy.addons.view import View
from mitmproxy.test import taddons, tflow, tutils

from tokentape.doors.mitm import watching
from tokentape.doors.mitm.keeping import KeepNewest
from tokentape.reporting.glance import glance


def shown(view, keeper, **more):
    """A flow that came, was labelled, and is over."""
    flow = tflow.tflow(resp=True, **more)
    flow.live = False
    view.requestheaders(flow)
    watching.label(flow, glance("replayed chat#0"))
    keeper.response(flow)
    return flow


@pytest.fixture
def view():
    """A view among addons."""
    one = View()
    with taddons.context(one):
        yield one


def test_the_oldest_go(view):
    """Of ten flows the newest three are left, in their order."""
    keeper = KeepNewest(most=3)
    flows = [shown(view, keeper) for _ in range(10)]
    assert [flow.id for flow in view] == [flow.id for flow in flows[-3:]]


def test_large_bodies_go_sooner(view):
    """The bound is one of bytes too."""
    keeper = KeepNewest(most=100, most_bytes=100_000)
    for _ in range(10):
        shown(view, keeper, req=tutils.treq(content=b"x" * 40_000))
    assert len(view) == 2


def marked(flow):
    flow.marked = ":eyes:"


def commented(flow):
    flow.comment = "look at this"


def edited(flow):
    flow.backup()
    flow.request.path = "/other"


def held(flow):
    flow.intercept()


def under_way(flow):
    flow.live = True


@pytest.mark.parametrize("touch", [marked, commented, edited, held, under_way])
def test_what_a_person_cares_for_stays(view, touch):
    """However many come after it."""
    keeper = KeepNewest(most=3)
    kept = shown(view, keeper)
    touch(kept)
    for _ in range(10):
        shown(view, keeper)
    assert view.get_by_id(kept.id) is kept
    assert len(view) <= 4


def test_what_was_held_goes_when_it_is_over(view):
    """It was kept for as long as it waited, and no longer."""
    keeper = KeepNewest(most=3)
    flow = shown(view, keeper)
    flow.intercept()
    for _ in range(5):
        shown(view, keeper)
    flow.resume()
    for _ in range(5):
        shown(view, keeper)
    assert view.get_by_id(flow.id) is None
