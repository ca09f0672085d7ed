"""The same two conversations, whole and streamed, by each client that people use.

The rule: each client is used as its own documentation shows, with only the proxy and the certificate added; a streamed
talk cues the upstream after each event it has in hand.
"""

import asyncio
import subprocess
from collections.abc import Iterable, Iterator
from typing import Any

import anthropic
import httpx
import openai
import requests
from rehearsal import Outcome, Stage, Talk
from secrets_for_tests import ANTHROPIC_KEY, OPENAI_KEY
from talking import BEARER, CHAT, DEADLINE, browser, chat, trusting

MESSAGES: Any = [{"role": "user", "content": "Hello!"}]


def listen(stage: Stage, pieces: Iterable[bytes]) -> bytes:
    """Take a stream event by event, cueing the upstream before the first and after each."""
    body = b""
    stage.cue()
    events = 0
    for piece in pieces:
        body += piece
        while events < body.count(b"\n\n"):
            events += 1
            stage.heard()
    return body


# -- curl -------------------------------------------------------------------------------------------------------------


def curl(version: str, *, stream: bool) -> Talk:
    """curl with ``--http1.1`` or ``--http2``."""

    def talk(stage: Stage) -> Outcome:
        command = ["curl", "-sS", version, "--proxy", stage.proxy, "--cacert", str(stage.ca_file), "--no-buffer"]
        command += ["--max-time", str(DEADLINE), "--compressed", "--dump-header", "/dev/stderr", CHAT, "--json", "@-"]
        command += ["-H", f"Authorization: Bearer {OPENAI_KEY}", "--suppress-connect-headers"]
        said = httpx.Request("POST", CHAT, json=chat(stream=stream)).content
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            assert child.stderr is not None
            child.stdin.write(said)
            child.stdin.close()
            pieces = _read_as_it_comes(child.stdout)
            body = listen(stage, pieces) if stream else b"".join(pieces)
            head = child.stderr.read().decode()
        assert child.returncode == 0, head
        status, *lines = head.strip().split("\r\n")
        headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
        return Outcome(int(status.split()[1]), headers, body)

    return talk


def _read_as_it_comes(pipe: Any) -> Iterator[bytes]:
    while piece := pipe.read1():
        yield piece


# -- httpx and requests -----------------------------------------------------------------------------------------------


def with_httpx(*, http2: bool, stream: bool) -> Talk:
    """httpx over HTTP/1.1 or HTTP/2."""

    def talk(stage: Stage) -> Outcome:
        with browser(stage.proxy, stage.ca_file, http2=http2) as client:
            with client.stream("POST", CHAT, json=chat(stream=stream), headers=BEARER) as answer:
                body = listen(stage, answer.iter_bytes()) if stream else answer.read()
            assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
            return Outcome(answer.status_code, tuple(answer.headers.multi_items()), body)

    return talk


def with_httpx_async(*, stream: bool) -> Talk:
    """httpx's asynchronous client."""

    async def converse(stage: Stage) -> Outcome:
        async with (
            httpx.AsyncClient(
                proxy=stage.proxy, verify=trusting(stage.ca_file), trust_env=False, timeout=DEADLINE
            ) as client,
            client.stream("POST", CHAT, json=chat(stream=stream), headers=BEARER) as answer,
        ):
            body = b""
            stage.cue()
            async for piece in answer.aiter_bytes():
                body += piece
                stage.cue()
            return Outcome(answer.status_code, tuple(answer.headers.multi_items()), body)

    return lambda stage: asyncio.run(converse(stage))


def with_requests(*, stream: bool) -> Talk:
    """requests."""

    def talk(stage: Stage) -> Outcome:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                CHAT,
                json=chat(stream=stream),
                headers=BEARER,
                proxies={"https": stage.proxy},
                verify=str(stage.ca_file),
                timeout=DEADLINE,
                stream=stream,
            )
            body = listen(stage, answer.iter_content(None)) if stream else answer.content
            return Outcome(answer.status_code, tuple(answer.headers.items()), body)

    return talk


# -- the SDKs ---------------------------------------------------------------------------------------------------------


def openai_sync(*, stream: bool) -> Talk:
    """The openai SDK."""

    def talk(stage: Stage) -> Outcome:
        web = openai.DefaultHttpxClient(proxy=stage.proxy, verify=trusting(stage.ca_file), trust_env=False)
        with openai.OpenAI(api_key=OPENAI_KEY, http_client=web, timeout=DEADLINE, max_retries=0) as client:
            if not stream:
                raw = client.chat.completions.with_raw_response.create(model="gpt-5-nano", messages=MESSAGES)
                headers = tuple(raw.headers.multi_items())
                return Outcome(raw.status_code, headers, raw.content, (raw.parse(),))
            said = []
            with client.chat.completions.create(model="gpt-5-nano", messages=MESSAGES, stream=True) as chunks:
                stage.cue()
                for chunk in chunks:
                    said.append(chunk)
                    stage.heard()
                return Outcome(headers=tuple(chunks.response.headers.multi_items()), objects=tuple(said))

    return talk


def openai_async(*, stream: bool) -> Talk:
    """The openai SDK's asynchronous client."""

    async def converse(stage: Stage) -> Outcome:
        web = openai.DefaultAsyncHttpxClient(proxy=stage.proxy, verify=trusting(stage.ca_file), trust_env=False)
        async with openai.AsyncOpenAI(api_key=OPENAI_KEY, http_client=web, timeout=DEADLINE, max_retries=0) as client:
            if not stream:
                return Outcome(objects=(await client.chat.completions.create(model="gpt-5-nano", messages=MESSAGES),))
            said = []
            chunks = await client.chat.completions.create(model="gpt-5-nano", messages=MESSAGES, stream=True)
            stage.cue()
            async for chunk in chunks:
                said.append(chunk)
                stage.heard()
            return Outcome(headers=tuple(chunks.response.headers.multi_items()), objects=tuple(said))

    return lambda stage: asyncio.run(converse(stage))


def anthropic_sync(*, stream: bool) -> Talk:
    """The anthropic SDK."""

    def talk(stage: Stage) -> Outcome:
        web = anthropic.DefaultHttpxClient(proxy=stage.proxy, verify=trusting(stage.ca_file), trust_env=False)
        with anthropic.Anthropic(api_key=ANTHROPIC_KEY, http_client=web, timeout=DEADLINE, max_retries=0) as client:
            ask: Any = {"model": "claude-test", "max_tokens": 16, "messages": MESSAGES}
            if not stream:
                raw = client.messages.with_raw_response.create(**ask)
                return Outcome(raw.status_code, tuple(raw.headers.multi_items()), raw.read(), (raw.parse(),))
            said = []
            with client.messages.create(**ask, stream=True) as events:
                stage.cue()
                for event in events:
                    said.append(event)
                    stage.heard()
                return Outcome(headers=tuple(events.response.headers.multi_items()), objects=tuple(said))

    return talk


def anthropic_async(*, stream: bool) -> Talk:
    """The anthropic SDK's asynchronous client."""

    async def converse(stage: Stage) -> Outcome:
        web = anthropic.DefaultAsyncHttpxClient(proxy=stage.proxy, verify=trusting(stage.ca_file), trust_env=False)
        ask: Any = {"model": "claude-test", "max_tokens": 16, "messages": MESSAGES}
        async with anthropic.AsyncAnthropic(
            api_key=ANTHROPIC_KEY, http_client=web, timeout=DEADLINE, max_retries=0
        ) as client:
            if not stream:
                return Outcome(objects=(await client.messages.create(**ask),))
            said = []
            stage.cue()
            async for event in await client.messages.create(**ask, stream=True):
                said.append(event)
                stage.heard()
            return Outcome(objects=tuple(said))

    return lambda stage: asyncio.run(converse(stage))


WHOLE: dict[str, Talk] = {
    "curl, HTTP/1.1": curl("--http1.1", stream=False),
    "curl, HTTP/2": curl("--http2", stream=False),
    "httpx, HTTP/1.1": with_httpx(http2=False, stream=False),
    "httpx, HTTP/2": with_httpx(http2=True, stream=False),
    "httpx, async": with_httpx_async(stream=False),
    "requests": with_requests(stream=False),
    "openai": openai_sync(stream=False),
    "openai, async": openai_async(stream=False),
    "anthropic": anthropic_sync(stream=False),
    "anthropic, async": anthropic_async(stream=False),
}
STREAMED: dict[str, Talk] = {
    "curl, HTTP/1.1, streamed": curl("--http1.1", stream=True),
    "curl, HTTP/2, streamed": curl("--http2", stream=True),
    "httpx, HTTP/1.1, streamed": with_httpx(http2=False, stream=True),
    "httpx, HTTP/2, streamed": with_httpx(http2=True, stream=True),
    "httpx, async, streamed": with_httpx_async(stream=True),
    "requests, streamed": with_requests(stream=True),
    "openai, streamed": openai_sync(stream=True),
    "openai, async, streamed": openai_async(stream=True),
    "anthropic, streamed": anthropic_sync(stream=True),
    "anthropic, async, streamed": anthropic_async(stream=True),
}
