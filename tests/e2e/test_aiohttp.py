"""aiohttp, which looks at no proxy variable unless it is told to: found, explained, and recorded once it is told."""

from commands import CommandLine, python
from upstream import Upstream

ASK = """
import aiohttp, asyncio
async def main():
    async with aiohttp.ClientSession({}) as session:
        async with session.get("https://files.example/plain") as answer:
            print(len(await answer.text()))
asyncio.run(main())
"""


def test_without_trust_env_the_reason_is_said(tokentape: CommandLine, upstream: Upstream) -> None:
    """It goes straight to the network; the summary names it and what to write."""
    ended = tokentape.record(python(ASK.format("")))
    assert ended.code != 0
    assert "nothing came through the proxy" in ended.err
    assert "reads HTTPS_PROXY only if it is told to" in ended.err
    assert "hint: aiohttp.ClientSession(trust_env=True)" in ended.err
    assert not upstream.connections


def test_the_hint_mends_it(tokentape: CommandLine, upstream: Upstream) -> None:
    """With what the hint says it is recorded, and replays."""
    command = python(ASK.format("trust_env=True"))
    assert tokentape.record(command, "--cassette=x").out == "1800\n"
    with upstream.unplugged():
        assert tokentape.replay(command, "--cassette=x").out == "1800\n"
    assert len(upstream.requests) == 1
