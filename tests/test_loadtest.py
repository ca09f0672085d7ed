"""The recipe of a load test: Locust against a door that makes answers up, and the dashboard for what is counted."""

import json
import re
import shutil
import subprocess
import tomllib

import pytest
from running import ROOT

from tokentape.engine.engine import Engine
from tokentape.engine.metrics import exposition
from tokentape.settings import Settings
from tokentape.simulation.simulationfile import read

RECIPE = ROOT / "scripts" / "lib" / "loadtest"
METRIC = re.compile(r"\btokentape_[a-z_]+")


def test_its_simulation_can_be_read():
    """And names the deployments that the users ask."""
    simulation = read((RECIPE / "simulation.toml").read_text(), "simulation.toml", {})
    asked = set(re.findall(r'_ask\("([\w-]+)"', (RECIPE / "locustfile.py").read_text()))
    assert {row.name for row in simulation.deployments} == asked


def test_the_dashboard_shows_what_is_counted(tmp_path):
    """Every figure in it is one that /metrics has, and every family of a simulated API is shown."""
    lines = exposition(Engine(Settings(mode="generate", library=str(tmp_path)), {}, tmp_path)).splitlines()
    families = {line.split()[2]: line.split()[3] for line in lines if line.startswith("# TYPE ")}
    parts = {f"{name}_bucket" for name, kind in families.items() if kind == "histogram"}
    panels = json.loads((RECIPE / "dashboard.json").read_text())["panels"]
    shown = {name for panel in panels for target in panel["targets"] for name in METRIC.findall(target["expr"])}
    assert shown <= set(families) | parts
    counted = {name for name in families if re.search(r"simulated|limit|fault|seconds|under_way", name)}
    assert counted <= {name.removesuffix("_bucket") for name in shown}


def test_locust_is_pinned():
    """By its own file, for it has an environment of its own."""
    assert re.fullmatch(r"locust==[\d.]+\n", (RECIPE / "requirements.txt").read_text())
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert not any(name.startswith("locust") for names in extras.values() for name in names)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="the scripts are for bash")
def test_the_recipe_runs():
    """A few seconds of load: answers, 429s, faults, and no failure."""
    command = [ROOT / "scripts" / "loadtest", "--users=20", "--seconds=8"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    for wanted in ("chat, streamed", "chat, streamed: 429", "first token", "embeddings"):
        assert re.search(rf"{wanted} +[1-9]\d* +0\(0.00%\)", run.stderr), run.stderr
    assert 'tokentape_limited_total{provider="azure",model="chat-60k",limit="requests"}' in run.stdout
