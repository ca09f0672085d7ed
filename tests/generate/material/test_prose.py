"""The texts of answers: about the words of the question, varied, and the same wherever they are cut."""

import pytest

from tokentape.generate.material import phrases
from tokentape.generate.material.dice import Dice
from tokentape.generate.material.prose import topics_of, write
from tokentape.generate.material.tokens import O200K

TOPICS = [
    ("What is the capital of France?", ("the capital of France",)),
    ("How do rate limits work in a proxy?", ("rate limits", "a proxy")),
    ("Tell me of the end of the world", ("the end of the world",)),
    ("Write a haiku about the sea, please!", ("a haiku", "the sea")),
    ("Hello, how are you?", ()),
    ("of the a an", ()),
    ("", ()),
    ("写一首诗", ("写一首诗",)),
    ("x" * 500, ()),
    ("Tides, the moon\nand the semi-diurnal\tcycle", ("Tides", "the moon", "the semi diurnal cycle")),
    ("fish, birds, trees, stones, rivers, clouds, hills", ("fish", "birds", "trees", "stones", "rivers", "clouds")),
]


@pytest.mark.parametrize(("question", "topics"), TOPICS)
def test_what_a_question_is_about(question, topics):
    """Words that tell something, with their article; no small words, nothing endless."""
    assert topics_of(question) == topics


@pytest.mark.parametrize("topics", [(), ("rate limits", "a proxy")])
def test_no_sentence_comes_twice(topics):
    """Not in a text of 200 tokens, whatever the dice."""
    for number in range(50):
        text = "".join(write(Dice(bytes([number] * 16)), topics, O200K, 200))
        sentences = text.replace("\n\n", " ").split(". ")
        assert len(sentences) == len(set(sentences)) > 5
        assert text.endswith(".")
        assert "{}" not in text


def test_texts_differ():
    """Of fifty dice nearly as many texts."""
    assert len({"".join(write(Dice(bytes([n] * 16)), (), O200K, 60)) for n in range(50)}) > 45


@pytest.mark.parametrize("enough", [1, 20, 77])
def test_a_text_is_the_same_up_to_where_it_breaks_off(enough):
    """So a limit cuts the text that would have come without it."""
    whole = write(Dice(bytes(16)), ("a tape",), O200K, 150)
    part = write(Dice(bytes(16)), ("a tape",), O200K, 150, enough)
    assert whole[:enough] == part[:enough]


def test_the_lists_are_gone_through_without_repeats():
    """Their lengths have no divisor in common with the steps that go through them."""
    assert all(len(frames) % step for frames in (phrases.FRAMES, phrases.TOPIC_FRAMES) for step in (5, 7, 11))
    assert all(len(clauses) % step for clauses in (phrases.CLAUSES, phrases.TOPIC_CLAUSES) for step in (5, 11, 13, 17))
