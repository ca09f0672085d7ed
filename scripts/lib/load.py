"""Start ``tokentape serve --mode generate``, have Locust ask it for a while, and say what came of it.

The rule: both run on this machine alone. The exit code is Locust's: 1 where something failed that is neither a 429 nor
a fault of the simulation.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import children
from children import PATIENCE, ROOT

HERE = Path(__file__).parent / "loadtest"
LOCUST = ROOT / ".venv" / "locust" / "bin" / "locust"
# What of the metrics is told at the end; the rest is for Prometheus.
TOLD = ("tokentape_simulated_total", "tokentape_simulated_tokens_total", "tokentape_limited_total", "tokentape_faults")


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/loadtest", description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=20, help="how many ask at once [default: 20]")
    parser.add_argument("--seconds", type=int, default=10, help="for how long [default: 10]")
    parser.add_argument("--simulation", default=str(HERE / "simulation.toml"), metavar="FILE", help="what is simulated")
    parser.add_argument("--locustfile", default=str(HERE / "locustfile.py"), metavar="FILE", help="what is asked")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tokentape-loadtest-") as folder:
        serve = [sys.executable, "-m", "tokentape", "serve", "--json", "--port=0", f"--library={folder}"]
        said = Path(folder) / "said"
        with said.open("wb") as log:
            command = [*serve, "--mode=generate", f"--simulation={given.simulation}"]
            # The file may name keys that are in the environment.
            environ = {**os.environ, **children.environment(Path(folder))}
            door = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            url = f"http://127.0.0.1:{json.loads(children.line_of(door))['port']}"
            code = load(url, given.locustfile, given.users, given.seconds)
            tell(url)
        except SystemExit as trouble:
            raise SystemExit(said.read_text().rstrip() or trouble) from None
        finally:
            children.end(door)
        return code


def load(url: str, locustfile: str, users: int, seconds: int) -> int:
    """Have Locust ask; its exit code."""
    load_of = ["--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds}s"]
    command = [str(LOCUST), "--headless", "--only-summary", "--locustfile", locustfile, "--host", url, *load_of]
    environ = {**os.environ, "NO_PROXY": "*", "no_proxy": "*"}
    done = subprocess.run([*command, "--stop-timeout", "10", "--loglevel", "WARNING"], env=environ, check=False)
    return done.returncode


def tell(url: str) -> None:
    """What tokentape counted."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"{url}/-/tokentape/metrics", timeout=PATIENCE) as answer:
        lines = answer.read().decode().splitlines()
    print("tokentape counted:")
    print("\n".join(f"  {line}" for line in lines if line.startswith(TOLD)))


if __name__ == "__main__":
    children.run(main)
