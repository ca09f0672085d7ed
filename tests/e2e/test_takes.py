"""Takes on a disk that is not as it should be: the client gets its answer, nothing is overwritten, nothing lost unsaid.

The rule: a real proxy, real clients, a real full disk; what is in a file is read as text or by PyYAML, not by us.
"""

import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import processes
import pytest
import recordings
from commands import GET, GET_AND_FAIL, CommandLine, Ended, python
from disks import filled, read_only, small_disk
from running import Mitmdump, Starter
from talking import FILES, Clients, refusal
from upstream import Upstream
from upstream_answers import PLAIN
from waiting import until


def urls(cassette: Path) -> list[str]:
    """The paths that a cassette has recordings of, in order."""
    return [one["request"]["url"].removeprefix(FILES) for one in recordings.interactions(cassette)]


def recover(tokentape: CommandLine, proxy: Mitmdump) -> Ended:
    """``tokentape recover`` for what this proxy left."""
    return tokentape("recover", env={"XDG_STATE_HOME": str(proxy.home / "state")})


# --- the disk is full, or can't be written to ------------------------------------------------------------------------


def test_a_library_on_a_full_disk(mitmdump: Starter, client: Clients, tmp_path: Path, upstream: Upstream) -> None:
    """The answer arrives and replays, the cassette stays as it was, and what could not be published is, once it can."""
    with small_disk(tmp_path / "disk", 256) as disk:
        library = disk / "cassettes"
        proxy = mitmdump(library, vcr_mode="new_episodes")
        talk = client(proxy.proxy("chat"))
        assert talk.get(f"{FILES}/plain").content == PLAIN
        until((library / "chat.yaml").exists, "the first take is published")
        before = (library / "chat.yaml").read_bytes()
        with filled(disk):
            answers = [talk.get(f"{FILES}/upload").json() for _ in range(2)]
            assert answers[0] == answers[1]
            proxy.says(r"not published: can't write \S*chat.yaml: the disk is full; it is safe in the journal")
            assert (library / "chat.yaml").read_bytes() == before
            assert [path.name for path in library.iterdir()] == ["chat.yaml"]
        assert proxy.stop() == 0
        assert urls(library / "chat.yaml") == ["/plain", "/upload"]
        assert len(upstream.requests) == 2


def test_a_library_whose_disk_stays_full(
    mitmdump: Starter, client: Clients, tmp_path: Path, tokentape: CommandLine
) -> None:
    """The take stays in the journal, the next start names it, and ``recover`` publishes it when there is room."""
    with small_disk(tmp_path / "disk", 256) as disk:
        library = disk / "cassettes"
        proxy = mitmdump(library)
        with filled(disk):
            assert client(proxy.proxy("chat")).get(f"{FILES}/plain").content == PLAIN
            assert proxy.stop() == 0
            assert "the disk is full" in proxy.log
            failed = recover(tokentape, proxy)
            assert failed.code == 1
            assert "the disk is full" in failed.err
        proxy.start()
        proxy.says(r"a take of an earlier run was left: chat \(1 interaction\); tokentape recover publishes it")
        assert recover(tokentape, proxy).code == 0
        assert urls(library / "chat.yaml") == ["/plain"]


def test_a_journal_on_a_full_disk(mitmdump: Starter, client: Clients, library: Path, tmp_path: Path) -> None:
    """What can't be made durable is not recorded, which is said; the answer arrives all the same."""
    with small_disk(tmp_path / "disk", 64) as disk:
        proxy = mitmdump(library, env={"XDG_STATE_HOME": str(disk)})
        talk = client(proxy.proxy("chat"))
        with filled(disk):
            assert talk.get(f"{FILES}/plain").content == PLAIN
            proxy.says(r"not recorded: GET https://files.example/plain: can't \S+ .*: the disk is full")
        assert talk.get(f"{FILES}/binary").status_code == 200
        assert proxy.stop() == 0
        assert urls(library / "chat.yaml") == ["/binary"]


def test_a_file_size_limit(tokentape: CommandLine, tmp_path: Path, upstream: Upstream) -> None:
    """Where no file may grow above a size, the answer is whole and the recording is not kept by halves."""
    get = python("import urllib.request as u; print(len(u.urlopen('https://files.example/large').read()))")
    command = tokentape.command("record", *tokentape.mapping(), "--cassette=large", "--", *get)
    limited = ["bash", "-c", 'ulimit -f 512 && exec "$@"', "bash", *command]
    done = processes.run(limited, env=tokentape.environment(), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "1048576\n")
    assert "1 not recorded" in done.stderr
    assert "the file would be larger than may be written here" in done.stderr
    assert not (tmp_path / "cassettes").exists()
    assert tokentape("recover").err == "tokentape: there is nothing to recover\n"


@pytest.mark.parametrize(("flags", "code"), [([], 0), (["--strict"], 3)])
def test_a_library_that_is_read_only(flags: list[str], code: int, tokentape: CommandLine, tmp_path: Path) -> None:
    """``record`` runs its command, says what it could not publish, and with ``--strict`` fails; ``recover`` helps."""
    library = tmp_path / "cassettes"
    recordings.write(library / "other.yaml")
    with read_only(library):
        ended = tokentape.record(GET, "--cassette=chat", *flags)
        assert (ended.code, ended.out) == (code, f"{len(PLAIN)}\n"), ended.err
        assert "1 recorded, 1 not published" in ended.err
        assert "not published: can't write cassettes/chat.yaml: " in ended.err
        assert "to publish it: tokentape recover" in ended.err
    assert [path.name for path in library.iterdir()] == ["other.yaml"]
    recovered = tokentape("recover")
    assert (recovered.code, recovered.out) == (0, "")
    assert "recovered chat (1 interaction) into " in recovered.err
    assert urls(library / "chat.yaml") == ["/plain"]


@pytest.mark.parametrize(("flags", "code"), [([], 0), (["--strict"], 3)])
def test_a_journal_that_can_not_be_written(flags: list[str], code: int, tokentape: CommandLine, tmp_path: Path) -> None:
    """The command gets its answer; that it was not recorded is said, and fails ``--strict``."""
    (tmp_path / "file").write_text("")
    ended = tokentape.record(GET, "--cassette=chat", *flags, env={"XDG_STATE_HOME": str(tmp_path / "file")})
    assert (ended.code, ended.out) == (code, f"{len(PLAIN)}\n"), ended.err
    assert "1 not recorded" in ended.err
    assert "not recorded: GET https://files.example/plain: can't make the private folder" in ended.err
    assert not (tmp_path / "cassettes").exists()


# --- files that change under a running proxy -------------------------------------------------------------------------


@pytest.fixture
def recorder(mitmdump: Starter, library: Path) -> Mitmdump:
    """A proxy that adds what is missing."""
    return mitmdump(library, vcr_mode="new_episodes")


def test_a_cassette_edited_while_a_take_is_open(recorder: Mitmdump, library: Path, client: Clients) -> None:
    """The edit replays at once, and stays when the take is published behind it."""
    path = library / "chat.yaml"
    talk = client(recorder.proxy("chat"))
    talk.get(f"{FILES}/plain")
    until(path.exists, "the first take is published")
    talk.get(f"{FILES}/binary")
    path.write_text(path.read_text().replace("quick brown fox", "slow brown fox"))
    assert b"slow brown fox" in talk.get(f"{FILES}/plain").content
    assert recorder.stop() == 0
    assert urls(path) == ["/plain", "/binary"]
    assert "slow brown fox" in path.read_text()


def test_a_cassette_damaged_while_a_take_is_open(
    recorder: Mitmdump, library: Path, client: Clients, tokentape: CommandLine
) -> None:
    """It is refused and left as it is; the take waits in the journal until the file is mended."""
    path = library / "chat.yaml"
    talk = client(recorder.proxy("chat"))
    talk.get(f"{FILES}/plain")
    until(path.exists, "the first take is published")
    whole = path.read_text()
    assert talk.get(f"{FILES}/binary").status_code == 200
    damaged = whole.replace("code: 200", "code: ok")
    path.write_text(damaged)
    assert "chat.yaml, line " in refusal(talk.get(f"{FILES}/plain"), "damaged")
    assert recorder.stop() == 0
    assert "not published: " in recorder.log
    assert recover(tokentape, recorder).code == 1
    assert path.read_text() == damaged
    path.write_text(whole)
    assert recover(tokentape, recorder).code == 0
    assert urls(path) == ["/plain", "/binary"]


@pytest.mark.parametrize(("mode", "whole_library"), [("once", False), ("record", False), ("new_episodes", True)])
def test_a_cassette_removed_under_a_running_proxy(
    mode: str, whole_library: bool, mitmdump: Starter, library: Path, client: Clients, upstream: Upstream
) -> None:
    """It is recorded anew, as if it had never been there."""
    recorder = mitmdump(library, vcr_mode=mode)
    path = library / "chat.yaml"
    talk = client(recorder.proxy("chat"))
    for times in range(1, 3):
        assert talk.get(f"{FILES}/plain").content == PLAIN
        until(lambda times=times: recorder.log.count("recorded 1 into") == times, "the take is published")
        assert len(upstream.requests) == times
        assert urls(path) == ["/plain"]
        shutil.rmtree(library) if whole_library else path.unlink()
    assert recorder.stop() == 0
    assert not path.exists()


def test_a_cassette_removed_while_replaying(mitmdump: Starter, library: Path, client: Clients) -> None:
    """From then on there is none; a new file of that name replays at once."""
    player = mitmdump(library, vcr_mode="replay")
    talk = client(player.proxy("chat"))
    for _ in range(2):
        refusal(talk.get(f"{FILES}/plain"), "no-cassette")
        recordings.write(library / "chat.yaml", ({"url": f"{FILES}/plain"}, {"body": "here"}))
        assert talk.get(f"{FILES}/plain").text == "here"
        (library / "chat.yaml").unlink()


# --- several at once -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("users", [1, 2])
def test_two_proxies_on_one_library_lose_nothing(
    users: int, mitmdump: Starter, library: Path, client: Clients, tmp_path: Path
) -> None:
    """They record into one cassette at the same time, for one user or for two."""
    states = [str(tmp_path / f"state-{number % users}") for number in range(2)]
    proxies = [mitmdump(library, vcr_mode="new_episodes", env={"XDG_STATE_HOME": state}) for state in states]
    talks = [client(proxy.proxy("chat")) for proxy in proxies]

    def ask(number: int) -> None:
        for one in range(12):
            assert talks[number].post(f"{FILES}/upload", content=f"{number}-{one}").status_code == 200

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(ask, range(2)))
    for proxy in proxies:
        assert proxy.process is not None
        proxy.process.send_signal(signal.SIGINT)  # both publish at the same moment
    assert [proxy.ended() for proxy in proxies] == [0, 0]
    bodies = [one["request"]["body"] for one in recordings.interactions(library / "chat.yaml")]
    assert sorted(bodies) == sorted(f"{number}-{one}" for number in range(2) for one in range(12))


# --- what was left ---------------------------------------------------------------------------------------------------

LEFT = "a take of an earlier run was left: demo (1 interaction); tokentape recover publishes it\n"


def test_the_next_start_names_what_was_left(tokentape: CommandLine, tmp_path: Path) -> None:
    """On stderr, before the command runs, where the library is the same; and no more once it was recovered."""
    assert tokentape.record(GET_AND_FAIL, "--cassette=demo").code == 7
    hello = python("import sys; print('hello', file=sys.stderr)")
    assert tokentape("record", "--", *hello).err.startswith(f"tokentape: {LEFT}hello\n")
    assert not (tmp_path / "cassettes").exists()
    assert tokentape("record", "--library=other", "--", *hello).err.startswith("hello\n")
    assert tokentape("recover").code == 0
    assert urls(tmp_path / "cassettes" / "demo.yaml") == ["/plain"]
    assert tokentape("replay", "--", *hello).err.startswith("hello\n")


def test_a_proxy_names_what_was_left(tokentape: CommandLine, tmp_path: Path) -> None:
    """``tokentape proxy`` says it when it starts."""
    assert tokentape.record(GET_AND_FAIL, "--cassette=demo").code == 7
    with tokentape.staying("proxy", "--port=0", "--json") as proxy:
        proxy.says(f"tokentape: {LEFT}")
        assert proxy.stop() == 0


def test_what_was_left_can_be_thrown_away(tokentape: CommandLine, tmp_path: Path) -> None:
    """``recover --discard`` names each take and publishes none."""
    assert tokentape.record(GET_AND_FAIL, "--cassette=demo").code == 7
    ended = tokentape("recover", "--discard")
    assert ended.code == 0
    assert ended.err.startswith("tokentape: discarded demo (1 interaction), recorded for ")
    assert not (tmp_path / "cassettes").exists()
    assert tokentape("recover").err == "tokentape: there is nothing to recover\n"
