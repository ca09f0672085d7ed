"""Go's durations and our chunks as text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokentape.formats.durations import format_chunks, format_duration, parse_chunks, parse_duration
from tokentape.model import Chunk

# Both ways: what Go prints for a number of nanoseconds.
PRINTED = [
    (0, "0s"),
    (1, "1ns"),
    (1_100, "1.1µs"),
    (967_760, "967.76µs"),
    (2_200_000, "2.2ms"),
    (1_957_657_916, "1.957657916s"),
    (62_500_000_000, "1m2.5s"),
    (3_723_000_000_000, "1h2m3s"),
    (3_600_000_000_000, "1h0m0s"),
    (-1_500_000_000, "-1.5s"),
]
READ = [
    ("0", 0.0),
    ("+5s", 5.0),
    ("85us", 85e-6),
    ("85μs", 85e-6),
    (".5s", 0.5),
    ("1.s", 1.0),
    ("1s1s", 2.0),
    ("0s", 0.0),
]


@pytest.mark.parametrize(("nanoseconds", "text"), PRINTED)
def test_a_duration_is_written_as_go_writes_it(nanoseconds: int, text: str) -> None:
    """Fractions of a second in the largest unit that fits, hours and minutes from there on."""
    assert format_duration(nanoseconds / 1e9) == text
    assert parse_duration(text) == nanoseconds / 1e9


@pytest.mark.parametrize(("text", "seconds"), READ)
def test_a_duration_is_read_as_go_reads_it(text: str, seconds: float) -> None:
    """All that Go's parser takes, also in ways that Go does not print."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "1.5", "s", "1 s", "1x", "-", "1s ", "9999999h", "1e3s", ".s"])
def test_what_is_no_duration_is_an_error(text: str) -> None:
    """A number without a unit is none, nor is what 64 bits can't hold."""
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@settings(deadline=None, max_examples=200)
@given(nanoseconds=st.integers(-(10**17), 10**17))
def test_any_duration_comes_back(nanoseconds: int) -> None:
    """To the nanosecond, as far as a float tells them apart."""
    seconds = nanoseconds / 1e9
    assert parse_duration(format_duration(seconds)) == round(seconds * 10**9) / 1e9


def test_chunks_are_one_short_text() -> None:
    """Bytes and seconds of each, in order."""
    chunks = (Chunk(120, 0.012), Chunk(88, 0.0), Chunk(3, 1.5))
    assert format_chunks(chunks) == "120@0.012 88@0 3@1.5"
    assert parse_chunks("120@0.012 88@0 3@1.5") == chunks
    assert format_chunks((Chunk(1, -0.001), Chunk(1, 1e-7))) == "1@0 1@0"


@pytest.mark.parametrize("text", ["1", "1@", "@1", "1@x", "-1@0", "1@0,2@0", "1@1e3"])
def test_what_is_no_list_of_chunks_is_an_error(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="chunks"):
        parse_chunks(text)


@settings(deadline=None, max_examples=100)
@given(parts=st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**12)), max_size=5))
def test_any_chunks_come_back(parts: list[tuple[int, int]]) -> None:
    """Delays to the microsecond."""
    chunks = tuple(Chunk(size, microseconds / 1e6) for size, microseconds in parts)
    assert parse_chunks(format_chunks(chunks)) == chunks
