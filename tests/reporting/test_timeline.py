"""When the pieces of a stream came, as rows of text."""

from tokentape.model import Chunk, Interaction, Request, Response
from tokentape.reporting import timeline

ASKED = Request("POST", "https://api.openai.com/v1/chat/completions")


def stream(count, delay=0.02):
    """A stream of so many pieces of ten bytes, the first after 0.1 s."""
    chunks = tuple(Chunk(10, 0.0 if not number else delay) for number in range(count))
    return Interaction(ASKED, Response(200, body=b"x" * 10 * count, chunks=chunks), 0.1)


def test_each_piece_has_its_moment():
    """Times count from the request, totals from the first byte."""
    points = timeline.points(stream(3))
    assert [(round(point.at, 3), point.size, point.total) for point in points] == [
        (0.1, 10, 10),
        (0.12, 10, 20),
        (0.14, 10, 30),
    ]


def test_a_row_for_each_of_a_few():
    """A head line, then the pieces with a bar that grows to its full width."""
    head, *rows = timeline.rows(stream(3))
    assert head == "3 chunks, 30 bytes in 140 ms; the first after 100 ms"
    assert [row.count("█") for row in rows] == [13, 27, 40]
    assert rows[0].lstrip().startswith("100 ms")


def test_few_rows_for_many():
    """Ten thousand pieces are told in two dozen rows, and none is lost."""
    head, *rows = timeline.rows(stream(10_000))
    assert head.startswith("10,000 chunks, 100,000 bytes")
    assert len(rows) <= 24
    assert sum(int(row.rsplit(", ", 1)[1].split()[0].replace(",", "")) for row in rows) == 100_000


def test_nothing_is_known_of_an_answer_that_came_whole():
    """No chunks, no rows."""
    assert not list(timeline.rows(Interaction(ASKED, Response(200, body=b"x"))))
