"""What runs left behind: said at the start, published once, and nothing lost on the way."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from secrets_for_tests import SHAPELESS_KEY

from tokentape import formats
from tokentape.deck.marks import fingerprint
from tokentape.deck.shelf import Shelf
from tokentape.errors import DamagedCassette, LibraryTrouble
from tokentape.library import journal, recovery
from tokentape.library.journal import Header, Journal, LeftBehind
from tokentape.library.store import Library
from tokentape.model import Cassette, Interaction, Request, Response
from tokentape.redaction.hidden import Search
from tokentape.redaction.taints import Needles
from tokentape.rules.rules import Rules


def interaction(number: int) -> Interaction:
    """An interaction that is told from others by its number."""
    return Interaction(Request("GET", f"https://a.example/{number}"), Response(200, "OK", (), b"text"), 0.25)


class Place:
    """A library and the journal of runs that recorded for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.library = folder / "project" / "cassettes"
        self.library.parent.mkdir()
        self.runs = 0

    def leave(
        self, *numbers: int, cassette: str = "chat", replaces: tuple[str, ...] = (), tried: int = 0
    ) -> LeftBehind:
        """A run that ended without publishing what it recorded."""
        self.runs += 1
        run = Journal(self.state, f"run-{self.runs}")
        file = run.open_take(Header(str(self.library), cassette, "yaml", "", replaces))
        file.append([interaction(number) for number in numbers])
        if tried:
            file.trying(tried)
        file.close(remove=False)
        run.close()
        found = journal.read_take(file.path)
        assert found is not None
        return found

    def put(self, *numbers: int, cassette: str = "chat") -> Path:
        """A cassette as it is in the library."""
        self.library.mkdir(exist_ok=True)
        path = self.library / f"{cassette}.yaml"
        path.write_bytes(formats.dump(Cassette(tuple(map(interaction, numbers))), "yaml"))
        return path

    def held(self, cassette: str = "chat") -> list[int]:
        """Which interactions a cassette holds, in order."""
        path = self.library / f"{cassette}.yaml"
        loaded = formats.load(path.read_bytes(), str(path))
        return [int(one.request.url.rpartition("/")[2]) for one in loaded.interactions]


@pytest.fixture
def place(tmp_path) -> Place:
    """An empty place."""
    return Place(tmp_path)


def test_a_take_goes_behind_what_is_there(place):
    """Whatever was published since; into a library that nobody had made yet too."""
    assert recovery.publish(place.leave(1, 2), place.state) == str(place.library / "chat.yaml")
    recovery.publish(place.leave(3), place.state)
    assert place.held() == [1, 2, 3]


def test_a_take_that_was_published_already_is_not_published_again(place):
    """A run may die when its take is in the cassette and not yet out of the journal, and so may a recovery."""
    place.put(7, 1, 2, 8)
    recovery.publish(place.leave(1, 2, tried=2), place.state)
    assert place.held() == [7, 1, 2, 8]
    found = place.leave(3)
    for _ in range(3):
        recovery.publish(found, place.state)
        found = journal.read_take(found.path)
    assert place.held() == [7, 1, 2, 8, 3]


def test_what_counts_as_a_secret_by_now_is_taken_out(place):
    """Its run may have died between learning a secret and looking for it. And it is published once all the same."""
    found = place.leave(1)
    learned = Search(taints=Needles([SHAPELESS_KEY]))
    (place.library.parent / "cassettes").mkdir()
    (place.library / "library.toml").write_text("[redact]\npatterns = ['t[e]xt']\n")
    for search_of in (lambda rules: rules.search, lambda rules: replace(learned, wanted=rules.search.wanted)):
        for _ in range(2):
            recovery.publish(found, place.state, search_of)
            found = journal.read_take(found.path)
        assert (place.library / "chat.yaml").read_text().count("tokentape-redacted-secret-1") == 1
        assert place.held() == [1]


def test_what_was_recorded_after_publishing_was_tried_is_published(place):
    """The part that is there stays single, the rest joins it."""
    place.put(1, 2)
    recovery.publish(place.leave(1, 2, 3, tried=2), place.state)
    assert place.held() == [1, 2, 3]


def test_publishing_that_was_tried_and_failed_is_made_up_for(place):
    """The journal says that it was tried; the cassette says that it was not done."""
    place.put(1)
    recovery.publish(place.leave(1, 2, tried=2), place.state)
    assert place.held() == [1, 1, 2]


def test_equal_recordings_of_a_run_that_never_tried_are_kept(place):
    """Only a take that may have been published is looked for."""
    place.put(1)
    recovery.publish(place.leave(1), place.state)
    assert place.held() == [1, 1]


@pytest.mark.parametrize("tried", [0, 2])
def test_a_retake_replaces_what_it_was_to_replace(place, tried):
    """What the cassette held when the run began goes; what others published since stays."""
    place.put(1, 2, 9)
    old = tuple(fingerprint(interaction(number)) for number in (1, 2))
    recovery.publish(place.leave(3, 4, replaces=old, tried=tried), place.state)
    assert place.held() == [9, 3, 4]


def test_a_retake_that_was_published_replaces_nothing_more(place):
    """What happens to be as the old ones were is somebody's new recording."""
    place.put(3, 1)
    recovery.publish(place.leave(3, replaces=(fingerprint(interaction(1)),), tried=1), place.state)
    assert place.held() == [3, 1]


def test_a_library_whose_project_is_gone_is_not_made_again(place):
    """The take stays, and the message says where it belongs and how to be rid of it."""
    found = place.leave(1)
    place.library.parent.rmdir()
    with pytest.raises(LibraryTrouble, match=r"chat \(1 interaction\) was recorded for .*/project is gone") as raised:
        recovery.publish(found, place.state)
    assert "--discard" in raised.value.hint
    assert not place.library.parent.exists()
    assert found.path.exists()


@pytest.mark.parametrize("tried", [0, 1])
def test_a_damaged_cassette_is_not_touched(place, tried):
    """The take stays where it is."""
    path = place.put(1)
    path.write_text("[")
    with pytest.raises(DamagedCassette):
        recovery.publish(place.leave(2, tried=tried), place.state)
    assert path.read_text() == "["


def test_two_recoveries_at_once_publish_each_take_once(place):
    """The second waits for the first, and finds nothing left."""
    for number in range(6):
        place.leave(number)
    start = threading.Barrier(2)
    found: list[int] = []

    def recover() -> None:
        start.wait()
        with recovery.left(place.state) as paths:
            for path in paths:
                recovery.publish(journal.read_take(path), place.state)
                journal.forget(path)
                found.append(1)

    threads = [threading.Thread(target=recover) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
    assert len(found) == 6
    assert place.held() == [0, 1, 2, 3, 4, 5]


def test_nothing_was_left(tmp_path):
    """No folder is made to find that out."""
    with recovery.left(tmp_path / "state") as paths:
        assert list(paths) == []
    assert recovery.notice(tmp_path / "state", tmp_path / "cassettes") == ""
    assert list(tmp_path.iterdir()) == []


NOTICES = [
    ([("chat", 3)], "a take of an earlier run was left: chat (3 interactions); tokentape recover publishes it"),
    (
        [("chat", 3), ("b/c", 1)],
        "takes of earlier runs were left: chat (3 interactions), b/c (1 interaction); tokentape recover publishes them",
    ),
    (
        [(name, 1) for name in "abcde"],
        "takes of earlier runs were left: a (1 interaction), b (1 interaction), c (1 interaction) and 2 more; "
        "tokentape recover publishes them",
    ),
]


@pytest.mark.parametrize(("takes", "said"), NOTICES)
def test_what_was_left_is_said_in_a_line(place, takes, said):
    """Names and how many, and what to do; of many a few."""
    for name, count in takes:
        place.leave(*range(count), cassette=name)
    assert recovery.notice(place.state, place.library) == said


def test_what_was_left_for_another_library_is_not_said(place, tmp_path):
    """It is told where it belongs."""
    place.leave(1)
    assert recovery.notice(place.state, tmp_path / "other") == ""


def test_what_can_not_be_read_does_not_stop_a_start(place):
    """It is recovery's to complain of."""
    found = place.leave(1)
    found.path.write_bytes(b"damaged\n" * 3)
    assert recovery.notice(place.state, place.library) == ""


def test_a_run_that_goes_on_is_not_said(place):
    """Its takes are not left."""
    run = Journal(place.state, "run")
    file = run.open_take(Header(str(place.library), "chat", "yaml"))
    file.append([interaction(1)])
    assert recovery.notice(place.state, place.library) == ""
    file.close(remove=True)
    run.close()


def test_a_recovered_take_replays(place):
    """What is published can be read by a library that starts afterwards."""
    recovery.publish(place.leave(1, 2), place.state)
    library = Library(place.library, Shelf(), place.state, Rules())
    shelved = library.read("chat")
    assert shelved is not None
    assert [library.contents.fetch(shelved, position) for position in range(2)] == [interaction(1), interaction(2)]
