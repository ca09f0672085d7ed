"""Pictures: what their answers name is there."""

from asking import AZURE, OPENAI, ask, said

PAINT = {"model": "dall-e-3", "prompt": "A tape"}


def test_a_picture_s_url_leads_to_it_at_azure_and_openai():
    """Azure's led to a path that it has nothing at."""
    deployment = f"{AZURE}/openai/deployments/dall-e-3/images/generations?api-version=2024-10-21"
    for url in (deployment, f"{OPENAI}/v1/images/generations"):
        picture = ask(said(url, PAINT)["data"][0]["url"], method="GET", headers=())
        assert (picture.status, picture.body[:4]) == (200, b"\x89PNG")
