"""Work in which much is made that stays: meanwhile nobody looks for garbage."""

import gc

import pytest

from tokentape.library.unswept import unswept


@pytest.fixture(autouse=True)
def as_it_was():
    """Leave the collector as it is found."""
    was_on = gc.isenabled()
    yield
    gc.unfreeze()
    (gc.enable if was_on else gc.disable)()


def test_nobody_looks_for_garbage_until_it_is_over():
    """One in another ends with the outer."""
    gc.enable()
    with unswept():
        with unswept():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_over_also_when_something_goes_wrong():
    """Else nobody would ever look again."""
    gc.enable()
    with pytest.raises(ZeroDivisionError), unswept():
        assert 1 / 0
    assert gc.isenabled()


def test_whoever_never_looks_is_left_alone():
    """It was off before."""
    gc.disable()
    with unswept():
        pass
    assert not gc.isenabled()


def test_what_stays_for_good_is_not_looked_at_again():
    """As modules are; other work keeps nothing from being looked at."""
    before = gc.get_freeze_count()
    with unswept():
        pass
    assert gc.get_freeze_count() == before
    with unswept(for_good=True):
        made = [[] for _ in range(1000)]
    assert gc.get_freeze_count() >= before + len(made)
