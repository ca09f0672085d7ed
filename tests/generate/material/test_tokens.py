"""Tokens: counted exactly where a tokenizer is there, else near it; cut where the counting cuts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toktok import truncate

from tokentape.generate.material import phrases, prose, tokens
from tokentape.generate.material.dice import Dice
from tokentape.generate.material.tokens import CL100K, CLAUDE, O200K, count, split

# Counted by OpenAI's own tokenizer.
KNOWN = [
    ("hello world", 2, 2),
    ("What does a tape do?", 6, 6),
    ("antidisestablishmentarianism", 6, 6),
    ("1234567", 3, 3),
    ("", 0, 0),
]


@pytest.fixture
def estimating(monkeypatch):
    """As if no tokenizer were installed."""
    texts = (tokens._remembered_count, tokens._remembered_split, tokens._within)
    caches = (*texts, prose._book, prose._around, prose._spelled)
    for remembered in caches:
        remembered.cache_clear()
    monkeypatch.setattr(tokens, "_exact", lambda: None)
    yield
    for remembered in caches:
        remembered.cache_clear()


@pytest.mark.parametrize(("text", "newer", "older"), KNOWN)
def test_texts_are_counted_as_openai_counts(text, newer, older):
    """In both vocabularies."""
    assert (count(text, O200K), count(text, CL100K)) == (newer, older)


@pytest.mark.parametrize("vocabulary", [O200K, CL100K])
def test_phrases_have_as_many_tokens_as_their_parts(vocabulary):
    """A text put together of phrases has the tokens of the phrases; whatever it is about."""
    for number in range(40):
        written = prose.write(Dice(bytes([number] * 16)), ("rate limits", "Pärnu", "x"), vocabulary, 150)
        assert len(written) == count("".join(written), vocabulary)


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=60), st.sampled_from([O200K, CL100K, CLAUDE]))
def test_any_text_is_cut_and_put_together_again(text, vocabulary):
    """No character is lost, half a surrogate pair excepted, which can't be sent."""
    sent = text.encode("utf-8", "replace").decode("utf-8")
    assert "".join(split(sent, vocabulary)) == sent
    assert count(text, vocabulary) >= 0


@given(st.text(st.sampled_from("abcXYZ 0123.,'-/_\n\té日"), max_size=40))
@settings(deadline=None, max_examples=150)
def test_a_cut_text_has_as_many_tokens_as_it_is_counted(text):
    """For everyday characters; a character that is several tokens is one piece."""
    assert len(split(text, O200K)) <= count(text, O200K) <= len(split(text, O200K)) + 3 * len(text)


def test_without_a_tokenizer_english_is_estimated_within_a_tenth(estimating):
    """The estimate, against the exact count of the same texts."""
    texts = ["".join(prose.write(Dice(bytes([n] * 16)), ("rate limits", "proxy"), O200K, 150)) for n in range(20)]
    texts += [*phrases.CLAUSES, (phrases.__doc__ or "") * 3]
    exact = sum(truncate(text, 10**9, O200K)[1] for text in texts)
    assert sum(count(text, O200K) for text in texts) == pytest.approx(exact, rel=0.1)


def test_claude_s_tokens_are_three_and_a_half_characters():
    """As its glossary says, rounded up."""
    assert [count("x" * size, CLAUDE) for size in (0, 1, 7, 8)] == [0, 1, 2, 3]
