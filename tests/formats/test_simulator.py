"""The later Azure OpenAI simulator's recordings replay as they are."""

import hashlib

import pytest

from tokentape import formats
from tokentape.errors import DamagedCassette, LibraryTrouble

RECORDING = """\
interactions:
- context_values:
    Deployment-Name: gpt-35-turbo
    Limiter: openai-tokens
    Simulator-Target-Duration: 10
  request:
    body: '{"messages":[{"role":"user","content":"Is this thing on?"}],"max_tokens":20}'
    body_hash: be3968c8f4b005c3579fa1e52fe5d273
    headers:
      accept:
      - '*/*'
      content-type:
      - application/json
    method: POST
    uri: http://127.0.0.1:8103/openai/deployments/d/chat/completions?api-version=2024-02-01
  response:
    body:
      string: '{"id": "chatcmpl-1"}'
    duration_ms: 1250
    headers:
      content-type:
      - application/json
      content-encoding:
      - gzip
    status:
      code: 200
- request:
    body: null
    body_hash: HASH
    headers: {}
    method: POST
    uri: http://127.0.0.1:8103/openai/deployments/d/chat/completions?api-version=2024-02-01
  response:
    body:
      string: long
    duration_ms: 12.5
    headers: {}
    status:
      code: 200
version: 1
""".replace("HASH", hashlib.md5(b"a" * 2000, usedforsecurity=False).hexdigest())


def test_a_recording_is_read() -> None:
    """VCR.py's tree, with the time it took; a body that was decoded under a stale header stays."""
    first, second = formats.load(RECORDING.encode(), "a.yaml").interactions
    assert first.request.body.startswith(b'{"messages"')
    assert first.response.body == b'{"id": "chatcmpl-1"}'
    assert (first.duration, second.duration) == (1.25, 0.0125)
    assert first.raw is not None
    assert first.raw["context_values"]["Limiter"] == "openai-tokens"


def test_a_body_that_is_not_there_has_a_hash() -> None:
    """Long bodies are known by their MD5 alone."""
    first, second = formats.load(RECORDING.encode(), "a.yaml").interactions
    assert formats.missing_body(first) is None
    assert formats.missing_body(second) == hashlib.md5(b"a" * 2000, usedforsecurity=False).hexdigest()


def test_it_is_never_written() -> None:
    """It says whose format it is."""
    cassette = formats.load(RECORDING.encode(), "a.yaml")
    assert formats.read_only(cassette)
    with pytest.raises(LibraryTrouble, match="aoai-api-simulator"):
        formats.dump(cassette, "yaml")


def test_a_bad_duration_is_damage() -> None:
    """With its line."""
    with pytest.raises(DamagedCassette, match="`duration_ms` must be a number") as caught:
        formats.load(RECORDING.replace("1250", "soon").encode(), "a.yaml")
    assert caught.value.line == 19
