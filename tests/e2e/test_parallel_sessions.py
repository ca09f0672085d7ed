"""Many clients in parallel on one cassette, each in a session of its own: nobody takes another's turn.

The recordings are made so that one wrong answer shows: every client asks the same questions, and each answer says which
of several equal recordings it is.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import recordings
from talking import Clients

from tokentape import Proxy

ITEM = "https://files.example/item/{}"
EACH = 5  # equal recordings of each item


def write_cassette(library: Path, name: str, items: int) -> None:
    """Recordings of some items, each several times."""
    rows = (
        ({"url": ITEM.format(item)}, {"body": f"{name} item {item} number {number}\n"})
        for item in range(items)
        for number in range(EACH)
    )
    recordings.write(library / f"{name}.yaml", *rows)


def expected(name: str, items: int) -> str:
    """What a client of a cassette sees that asks for all items, as often as they were recorded."""
    return "".join(f"{name} item {item} number {number}\n" for number in range(EACH) for item in range(items))


def test_sessions_of_one_cassette_do_not_move_each_other(workplace: Path, client: Clients) -> None:
    """Sixteen clients at once on one cassette, each with a session: each plays it from first to last."""
    library, items = workplace / "cassettes", 4
    write_cassette(library, "shared", items)
    with Proxy(library=library, mode="replay") as proxy:

        def talk(number: int) -> str:
            asker = client(proxy.url_of("shared", f"s{number}"))
            return "".join(asker.get(ITEM.format(item)).text for _ in range(EACH) for item in range(items))

        with ThreadPoolExecutor(16) as pool:
            said = list(pool.map(talk, range(16)))
    assert said == [expected("shared", items)] * 16
    assert proxy.report.replayed == 16 * items * EACH
    assert {one.session for one in proxy.report.sessions} == {f"s{number}" for number in range(16)}
