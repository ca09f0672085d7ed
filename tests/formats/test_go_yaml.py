"""go-vcr loads what we write: its own structures, filled by go-yaml, hold what our reader reads.

The program is ``tests/support/goyaml``. go-yaml comes as source with some systems (Debian: golang-gopkg-yaml.v3-dev).
"""

import base64
import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from any_interaction import interactions
from hypothesis import HealthCheck, given, settings
from running import ROOT
from toolchains import go, go_environment

from tokentape import formats
from tokentape.formats.durations import parse_duration
from tokentape.model import Cassette, Interaction

pytestmark = pytest.mark.slow

PROGRAM = ROOT / "tests" / "support" / "goyaml" / "main.go"
GO_YAML = Path("/usr/share/gocode/src/gopkg.in/yaml.v3")
MANY = 500


def corpus() -> list[Interaction]:
    """Interactions of every kind, the same ones each time."""
    collected: list[Interaction] = []

    @settings(
        max_examples=MANY,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(interactions)
    def collect(one: Interaction) -> None:
        collected.append(one)

    collect()
    return collected


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Reads cassettes as go-vcr does: a function of their paths."""
    if not GO_YAML.is_dir():
        pytest.skip(f"go-yaml is not here: {GO_YAML} (Debian: apt-get install golang-gopkg-yaml.v3-dev)")
    folder = tmp_path_factory.mktemp("go")
    (folder / "main.go").write_text(PROGRAM.read_text())
    (folder / "go.mod").write_text(
        f"module reader\n\ngo 1.21\n\nrequire gopkg.in/yaml.v3 v3.0.1\n\nreplace gopkg.in/yaml.v3 => {GO_YAML}\n"
    )
    # Its own tests need a package that is not here; what it is made of does not.
    environment = {**os.environ, **go_environment()}
    build = [go(), "build", "-o", "reader", "."]
    built = subprocess.run(build, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert built.returncode == 0, built.stderr

    def reading(*paths: Path) -> list[list[dict]]:
        done = subprocess.run([folder / "reader", *map(str, paths)], capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return [json.loads(line) for line in done.stdout.split(b"\n") if line]

    return reading


def expected(tree: dict) -> dict:
    """What our own reader of YAML finds for what go-vcr has a field for."""
    request, response = tree["request"], tree["response"]
    return {
        "id": tree["id"],
        "url": request["url"],
        "method": request["method"],
        "asked": _bytes(request.get("body", "")),
        "answered": _bytes(response["body"]),
        "length": response["content_length"],
        "headers": response["headers"] or None,
        "trailer": response.get("trailer"),
        "code": response["code"],
    }


def _bytes(body: str | bytes) -> str:
    return base64.b64encode(body if isinstance(body, bytes) else body.encode()).decode()


def _comparable(value: object) -> bool:
    """Bytes that are no text have no place in the program's answer, but for bodies."""
    return not any(isinstance(one, bytes) for one in _leaves(value))


def _leaves(value: object):
    if isinstance(value, dict):
        for key, below in value.items():
            yield key
            yield from _leaves(below)
    elif isinstance(value, list):
        for below in value:
            yield from _leaves(below)
    else:
        yield value


def test_go_yaml_reads_what_we_write(read, tmp_path):
    """Any bytes in bodies, any text in headers: each field has the same value there."""
    path = tmp_path / "all.yaml"
    path.write_bytes(formats.dump(Cassette(tuple(corpus())), "yaml"))
    trees = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)["interactions"]
    (found,) = read(path)
    assert len(found) == len(trees) >= MANY
    compared = 0
    for ours, theirs in zip(trees, found, strict=True):
        for field, value in expected(ours).items():
            if _comparable(value):
                assert (theirs[field] or None) == (value or None), (ours["id"], field)
                compared += 1
        assert theirs["duration"] == pytest.approx(parse_duration(ours["response"]["duration"]), abs=1e-8)
    assert compared > 7 * len(trees)


def test_a_cassette_that_grew_is_read_whole(read, tmp_path):
    """Appended to, one at a time, in a file of ours."""
    some = corpus()[:40]
    cassette, data = Cassette(), b""
    for one in some:
        data = formats.append(data, cassette, [one], "yaml")
        cassette = formats.load(data, "a.yaml")
    path = tmp_path / "grown.yaml"
    path.write_bytes(data)
    (found,) = read(path)
    assert [one["id"] for one in found] == list(range(len(some)))


def test_the_examples_are_read(read):
    """Those that come with the project: streams with their chunks among them."""
    paths = sorted((ROOT / "cassettes").glob("*.yaml"))
    for one in read(*paths):
        assert one[0]["version"] == 2
        assert one[0]["answered"]
