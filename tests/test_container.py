"""The Dockerfile, step by step without Docker, and the dev container's file.

What is installed is installed in a folder of the test's, which stands for the image's root.
"""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest
from running import ROOT, free_ports
from waiting import until

NOBODY = 65534


@dataclass(frozen=True)
class Step:
    """An instruction of a Dockerfile: its word, and the rest of its line."""

    word: str
    rest: str

    @property
    def words(self) -> list[str]:
        """The exec form as words."""
        return json.loads(self.rest[self.rest.index("[") :])


def stages() -> list[list[Step]]:
    """The Dockerfile's stages."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    steps = [Step(*line.split(None, 1)) for line in text.splitlines() if line and not line.startswith("#")]
    starts = [number for number, step in enumerate(steps) if step.word == "FROM"]
    return [steps[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


BUILD, FINAL = stages()


def only(word: str) -> Step:
    """The one instruction of that word in the final stage."""
    [step] = [step for step in FINAL if step.word == word]
    return step


def test_it_runs_without_rights_and_says_how_it_is():
    """A number as user (Kubernetes checks that it is not 0), a health check, a volume, one port."""
    assert int(only("USER").rest) > 0
    assert FINAL[0].rest.endswith("-slim")
    assert only("VOLUME").rest == "/cassettes"
    assert only("EXPOSE").rest == "8080"
    assert only("HEALTHCHECK").words[0] == "python"
    order = [step.word for step in FINAL]
    assert order.index("USER") > max(number for number, word in enumerate(order) if word in ("RUN", "COPY"))


def test_what_is_copied_is_there_and_let_through():
    """No more than the package is made from reaches the builder; keys and recordings of others do not."""
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    copied = [word for step in BUILD if step.word == "COPY" for word in step.rest.split()[:-1]]
    assert copied
    for name in copied:
        assert (ROOT / name).exists()
        assert any(fnmatch(name, rule.removeprefix("!")) for rule in rules if rule.startswith("!"))


def test_a_volume_for_the_authority_is_not_root_s():
    """A volume takes over the rights of the folder it is put on; where the image had none, nobody could write."""
    assert "-v tokentape-ca:/home/tokentape/.mitmproxy" in (ROOT / "addon" / "docs" / "docker.md").read_text()
    made = next(step.rest for step in FINAL if step.word == "RUN").rpartition("install -d -m 1777 ")[2]
    assert "/home/tokentape/.mitmproxy" in made.split()


def test_the_dev_container_sets_itself_up():
    """Its file is JSON, its command is there, and its interpreter is the one that setup makes."""
    made = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert os.access(ROOT / made["postCreateCommand"], os.X_OK)
    assert made["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"] == ".venv/bin/python"


# --- slow: the steps, taken


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """A folder that stands for the image's root, readable by everybody."""
    place = Path(tempfile.mkdtemp(prefix="tokentape-image-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def image(root: Path) -> Path:
    """The steps up to the command, taken in that folder; a skip where pip has no network."""
    source = root / "source"
    for step in BUILD:
        if step.word == "COPY":
            *names, target = step.rest.split()
            for name in names:
                goal = source / target / name if target == "./" else source / target
                goal.parent.mkdir(parents=True, exist_ok=True)
                shutil.copytree(ROOT / name, goal) if (ROOT / name).is_dir() else shutil.copy(ROOT / name, goal)
        elif step.word == "RUN":
            command = step.rest.replace("/opt/", f"{root}/opt/").replace("python -m", f"{sys.executable} -m")
            done = subprocess.run(
                shlex.split(command), cwd=source, capture_output=True, text=True, timeout=400, check=False
            )
            if done.returncode:
                pytest.skip(f"{step.rest}: {done.stderr[-300:]}")
    for folder in ("home/tokentape", "home/tokentape/.mitmproxy", "cassettes"):
        (root / folder).mkdir(parents=True)
        (root / folder).chmod(0o1777)
    return root


def variables(root: Path) -> dict[str, str]:
    """What ENV sets."""
    text = " ".join(step.rest for step in FINAL if step.word == "ENV")
    found = dict(word.split("=", 1) for word in text.split())
    places = {name: re.sub(r"(?<![\w.])/(opt|home)/", rf"{root}/\1/", value) for name, value in found.items()}
    return {**places, "PATH": places["PATH"].replace("$PATH", os.environ["PATH"])}


def is_open_to_all(folder: Path) -> bool:
    """Whether a user without rights could run what is in there (a Python below /root could not be run)."""
    return all(place.stat().st_mode & 0o001 for place in (folder, *folder.parents))


@contextlib.contextmanager
def container(root: Path, *command: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """The image's command, as Docker starts it: in its folder, with its variables and no others, and without rights."""
    with subprocess.Popen(
        [*only("ENTRYPOINT").words, *command],
        cwd=root,
        env={**variables(root), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        user=NOBODY if os.getuid() == 0 and is_open_to_all(Path(sys.base_prefix)) else None,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.slow
def test_the_container_is_healthy_replays_and_stops(image: Path) -> None:
    """Its health check fails before it listens and succeeds after; a mounted library replays; SIGTERM ends it well."""
    [port] = free_ports(1)
    check = [word.replace("8080", str(port)) for word in only("HEALTHCHECK").words]

    def healthy() -> bool:
        return subprocess.run(check, env=variables(image), capture_output=True, timeout=20, check=False).returncode == 0

    assert not healthy()
    shutil.copy(ROOT / "cassettes" / "chat-basic.yaml", image / "cassettes")
    with container(image, *only("CMD").words, f"--port={port}") as process:
        until(healthy, "the container is healthy")
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/@chat-basic/v1/chat/completions",
            b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "What does a tape do?"}]}',
            {"Content-Type": "application/json"},
        )
        assert b"A tape remembers every token." in urllib.request.urlopen(request, timeout=20).read()
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 0, out
    assert "1 replayed" in out
    assert (image / "home/tokentape/.mitmproxy/mitmproxy-ca-cert.pem").exists()


@pytest.mark.slow
def test_the_container_takes_the_simulators_variables(image: Path) -> None:
    """As its users start it: the mode by a variable, another folder too."""
    [port] = free_ports(1)
    env = {"SIMULATOR_MODE": "generate", "CASSETTE_DIR": str(image / "cassettes")}
    with container(image, *only("CMD").words, f"--port={port}", **env) as process:
        health = f"http://127.0.0.1:{port}/-/tokentape/health"

        def answers() -> bool:
            with contextlib.suppress(OSError):
                return urllib.request.urlopen(health, timeout=5).status == 200
            return False

        until(answers, "the container answers")
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/chat/completions",
            b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]}',
            {"Content-Type": "application/json", "Authorization": "Bearer unused"},
        )
        assert json.load(urllib.request.urlopen(request, timeout=20))["object"] == "chat.completion"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
