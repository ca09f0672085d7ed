"""``tokentape doctor`` with real runtimes, and with some that are set up wrong."""

import json
import os
import shutil
from pathlib import Path

import pytest
from commands import CommandLine, Ended
from toolchains import go, go_environment, program
from upstream import Upstream


def runtimes(ended: Ended) -> dict[str, dict[str, object]]:
    """What was found, by name."""
    return {one["name"]: one for one in json.loads(ended.out)["runtimes"]}


def wrapped(folder: Path, name: str, flags: str) -> dict[str, str]:
    """An environment in which a program has been given flags that set it up wrong."""
    real = program(name)
    tool = folder / "bin" / name
    tool.parent.mkdir(exist_ok=True)
    tool.write_text(f'#!/bin/sh\nexec "{real}" {flags} "$@"\n')
    tool.chmod(0o755)
    return {"PATH": f"{tool.parent}:{os.environ['PATH']}"}


def test_what_works_is_said(tokentape: CommandLine, upstream: Upstream) -> None:
    """curl and git come through the proxy; what was not asked for is not started; nothing reaches a network."""
    program("curl"), program("git")
    ended = tokentape("doctor", "curl", "git")
    assert ended.code == 0, ended.out + ended.err
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["authority", "way", "keys", "library"]
    assert lines[5:] == ["curl  works", "git   works"]
    assert not upstream.connections


@pytest.mark.parametrize(
    ("flags", "kind", "hint"),
    [
        ("--cacert /etc/hostname", "trust", "export CURL_CA_BUNDLE="),
        ("--noproxy '*'", "past", "export HTTPS_PROXY=http://127.0.0.1:8080"),
    ],
)
def test_what_fails_has_the_line_that_mends_it(flags: str, kind: str, hint: str, tokentape: CommandLine) -> None:
    """A client that trusts nobody, and one that goes past the proxy; the exit code says that something is wrong."""
    env = wrapped(tokentape.place, "curl", flags)
    ended = tokentape("doctor", "--json", "curl", env=env)
    seen = runtimes(ended)["curl"]
    assert ended.code == 1
    assert (seen["outcome"], seen["kind"]) == ("fails", kind), seen
    assert str(seen["hint"]).startswith(hint)
    assert "curl: (" in str(seen["detail"])
    told = tokentape("doctor", "curl", env=env)
    assert f"  hint: {seen['hint']}\n" in told.out


@pytest.mark.slow
def test_the_mending_line_mends(tokentape: CommandLine, tmp_path: Path, upstream: Upstream) -> None:
    """What doctor prints for a client without the certificate makes that client work behind the proxy."""
    curl = program("curl")
    env = wrapped(tmp_path, "curl", "--cacert /etc/hostname")
    seen = runtimes(tokentape("doctor", "--json", "curl", env=env))["curl"]
    variable, _, value = str(seen["hint"]).removeprefix("export ").partition("=")
    proxied = tokentape.record(["env", f"{variable}={value}", curl, "-sS", "https://files.example/plain"])
    assert proxied.code == 0, proxied.err
    assert len(proxied.out) == 1800


@pytest.mark.slow
def test_a_broken_authority_is_what_doctor_is_there_to_find(tokentape: CommandLine) -> None:
    """It ended with an error of its own instead."""
    place = tokentape.home / ".mitmproxy"
    (place / "mitmproxy-ca-cert.pem").unlink()
    (place / "mitmproxy-ca.pem").write_text("nonsense")
    ended = tokentape("doctor")
    assert (ended.code, ended.err) == (1, "")
    assert "the proxy's certificate can't be read" in ended.out.splitlines()[0]
    assert ended.out.splitlines()[1] == f"  hint: rm {place}/mitmproxy-ca*"


def test_what_is_not_here_is_said(tokentape: CommandLine) -> None:
    """A runtime that is not installed is no fault."""
    (tokentape.place / "bin").mkdir()
    (tokentape.place / "bin" / "curl").symlink_to(program("curl"))
    ended = tokentape("doctor", "curl", "ruby", "python aiohttp", env={"PATH": str(tokentape.place / "bin")})
    assert ended.code == 0, ended.err
    assert ended.out.endswith("curl  works\nnot here: python aiohttp, trust_env=True, python aiohttp, ruby\n")


def test_a_runtime_that_is_not_known(tokentape: CommandLine) -> None:
    """What was probably meant is said."""
    ended = tokentape("doctor", "nod")
    assert ended.code == 2
    assert "hint: did you mean node?" in ended.err


@pytest.mark.slow
def test_every_runtime_here(tokentape: CommandLine) -> None:
    """Go and Java too, which compile first. (wget can't be told by a variable.)"""
    go()
    env = {**go_environment(), "PATH": f"{Path(go()).parent}:{os.environ['PATH']}"}
    seen = runtimes(tokentape("doctor", "--json", env=env))
    assert [name for name, one in seen.items() if one["outcome"] == "fails" and not one["optional"]] == []
    assert seen["go"]["outcome"] == "works"
    for name in ("java", "ruby", "node", "curl", "git", "deno", "bun"):
        if shutil.which(name):
            assert all(one["outcome"] == "works" for found, one in seen.items() if found.split()[0] == name), seen
