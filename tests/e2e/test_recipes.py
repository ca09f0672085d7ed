"""Each recipe of the docs, with the files as they stand there: recorded, and replayed with the API gone."""

import json
from collections.abc import Mapping
from pathlib import Path

import processes
import pytest
import recipes
import recordings
from commands import CommandLine, Ended
from running import ADDON
from secrets_for_tests import OPENAI_KEY
from toolchains import go, go_environment, program, runner_modules
from upstream import Upstream

pytestmark = pytest.mark.slow

ITS_JARS = ("junit", "opentest", "apiguardian", "picocli", "univocity")
JUNIT = Path("/usr/share/java/junit-platform-console-standalone.jar")


class Recipe:
    """A recipe's files in a folder, run with the API there and gone."""

    def __init__(self, name: str, place: Path, confdir: Path, upstream: Upstream) -> None:
        recipes.write(name, place)
        self.place, self.upstream = place, upstream
        self.tokentape = CommandLine(place, confdir, upstream)

    def twice(self, command: list[str], env: Mapping[str, str] | None = None) -> tuple[Ended, Ended]:
        """Record it and replay it; both have passed."""
        recorded = self.tokentape.record(command, env={**(env or {}), "OPENAI_API_KEY": OPENAI_KEY})
        assert recorded.code == 0, recorded.out + recorded.err
        assert len(self.upstream.requests) == 1
        with self.upstream.unplugged():
            replayed = self.tokentape.replay(command, env={**(env or {}), "OPENAI_API_KEY": "unused"})
        assert replayed.code == 0, replayed.out + replayed.err
        return recorded, replayed

    @property
    def cassettes(self) -> list[str]:
        """What was recorded."""
        return recordings.names(self.place / "cassettes")


@pytest.mark.parametrize("runner", ["Vitest", "Jest"])
def test_node_runners(runner: str, tmp_path: Path, confdir: Path, upstream: Upstream) -> None:
    """A test's cassette has its name; the scripts of package.json are the commands that are run here."""
    recipe = Recipe(runner, tmp_path / "app", confdir, upstream)
    (recipe.place / "node_modules").symlink_to(runner_modules())
    scripts = json.loads((recipe.place / "package.json").read_text())["scripts"]
    words = scripts["record"].removeprefix("tokentape record -- ").split()
    assert scripts["test"] == f"tokentape replay -- {' '.join(words)}"
    recorded, replayed = recipe.twice(["npx", "--no-install", *words])
    assert "1 recorded" in recorded.err
    assert "1 replayed" in replayed.err
    assert recipe.cassettes == ["it-answers"]


def test_junit(tmp_path: Path, confdir: Path, upstream: Upstream) -> None:
    """JUnit's own launcher stands for Maven and Gradle: it too is a JVM that gets its options from the environment."""
    if not JUNIT.exists():
        pytest.skip(f"{JUNIT} is not there: apt-get install junit5")
    program("javac")
    recipe = Recipe("JUnit", tmp_path / "app", confdir, upstream)
    jars = ":".join(str(path) for path in JUNIT.parent.glob("*.jar") if path.name.startswith(ITS_JARS))
    launcher = f"java -cp {jars}:out org.junit.platform.console.ConsoleLauncher -c AnswerTest"
    script = f"javac -cp {jars} -d out AnswerTest.java; {launcher}"
    _, replayed = recipe.twice(["sh", "-ec", script])
    assert "1 tests successful" in replayed.out
    assert recipe.cassettes == ["AnswerTest/itAnswers"]


def test_go(tmp_path: Path, confdir: Path, upstream: Upstream) -> None:
    """The test starts its own proxy, and takes the mode from the environment."""
    recipe = Recipe("Go", tmp_path / "app", confdir, upstream)
    replace = (
        f"module answer\n\ngo 1.23\n\nrequire tokentape v0.0.0\n\nreplace tokentape => {ADDON / 'go' / 'tokentape'}\n"
    )
    (recipe.place / "go.mod").write_text(replace)
    command = [go(), "test", "-count=1", "./..."]

    def run(mode: str, key: str) -> None:
        env = recipe.tokentape.environment(
            {
                **go_environment(),
                "TOKENTAPE_COMMAND": " ".join(recipe.tokentape.command()),
                "TOKENTAPE_MODE": mode,
                "TOKENTAPE_UPSTREAM": f"api.openai.com={upstream.url}",
                "SSL_CERT_FILE": str(upstream.ca_file),
                "OPENAI_API_KEY": key,
            }
        )
        done = processes.run(command, cwd=recipe.place, env=env, seconds=300)
        assert done.returncode == 0, done.stdout + done.stderr

    run("record", OPENAI_KEY)
    assert recipe.cassettes == ["it-answers"]
    with upstream.unplugged():
        run("replay", "unused")
    assert len(upstream.requests) == 1
