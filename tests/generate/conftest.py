"""A generator behind real HTTP, for the clients that people use."""

import pytest
from generating import generator_server

from tokentape.generate import Setting

DEPLOYMENTS = {"chatty": "gpt-4o", "vectors": "text-embedding-3-small", "painter": "gpt-image-1", "ears": "whisper-1"}


@pytest.fixture(scope="session")
def base_url():
    """The URL of a server that answers as OpenAI, Azure and Anthropic do, by path."""
    with generator_server(setting=Setting(deployments=DEPLOYMENTS)) as url:
        yield url
