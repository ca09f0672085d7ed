"""Pictures: what their answers name is there, and what OpenAI refuses."""

import pytest
from asking import AZURE, FORM, OPENAI, ask, blamed, form, refused, said

URL = f"{OPENAI}/v1/images"
PAINT = {"model": "dall-e-3", "prompt": "A tape"}
PICTURE = ("a.png", b"a picture")


def test_a_picture_s_url_leads_to_it_at_azure_and_openai():
    """Azure's led to a path that it has nothing at."""
    deployment = f"{AZURE}/openai/deployments/dall-e-3/images/generations?api-version=2024-10-21"
    for url in (deployment, f"{OPENAI}/v1/images/generations"):
        picture = ask(said(url, PAINT)["data"][0]["url"], method="GET", headers=())
        assert (picture.status, picture.body[:4]) == (200, b"\x89PNG")


WRONG = [
    ({}, "prompt", "missing_required_parameter"),
    ({"prompt": 3}, "prompt", "invalid_type"),
    ({"prompt": "x" * 1001}, "prompt", "string_above_max_length"),
    ({**PAINT, "prompt": "x" * 4001}, "prompt", "string_above_max_length"),
    ({"prompt": "x", "model": "gpt-4o"}, "model", "invalid_value"),
    ({"prompt": "x", "size": "1x1"}, "size", "invalid_value"),
    ({"prompt": "x", "n": 11}, "n", "integer_above_max_value"),
    ({**PAINT, "n": 2}, "n", "integer_above_max_value"),
    ({"prompt": "x", "response_format": "gif"}, "response_format", "invalid_value"),
]


@pytest.mark.parametrize(("body", "param", "code"), WRONG)
def test_a_picture_that_can_t_be_made_gets_openai_s_own_words(body, param, code):
    """400, with the parameter and the code that OpenAI names."""
    assert blamed(f"{URL}/generations", body) == (param, code)


WRONG_FORMS = [
    ("edits", form({"prompt": "x"}), "image", "missing_required_parameter"),
    ("edits", form({"prompt": "x"}, image=("a.png", b"")), "image", None),
    ("edits", form({}, image=PICTURE), "prompt", "missing_required_parameter"),
    ("edits", form({"prompt": "x", "n": "two"}, image=PICTURE), "n", "invalid_type"),
    ("variations", form({}), "image", "missing_required_parameter"),
    ("variations", form({"n": "11"}, image=PICTURE), "n", "integer_above_max_value"),
]


@pytest.mark.parametrize(("operation", "body", "param", "code"), WRONG_FORMS)
def test_a_form_without_what_it_needs_gets_openai_s_own_words(operation, body, param, code):
    """A number in it is read as one."""
    assert blamed(f"{URL}/{operation}", body, headers=FORM) == (param, code)


def test_a_form_has_as_many_pictures_as_it_says():
    """An edit needs a prompt, a variation none."""
    for operation, fields in (("edits", {"prompt": "x", "n": "2"}), ("variations", {"n": "2"})):
        assert len(said(f"{URL}/{operation}", form(fields, image=PICTURE), headers=FORM)["data"]) == 2


@pytest.mark.parametrize("name", ["img-a-1x1.png", "img-a-256x256.gif", "img-a.png"])
def test_a_file_that_no_answer_named_is_not_there(name):
    """A size or a form that no picture has."""
    assert refused(f"{URL}/files/{name}", method="GET", headers=())[0] == 404
