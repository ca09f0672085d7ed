"""The assistant's tests, as its author wrote them: nothing in here knows of a proxy."""

from assistant import ask, tell


def test_it_answers():
    answer = ask("Hello!")
    print(f"\nsaid {answer}")
    assert "Hello" in answer


def test_it_tells_piece_by_piece():
    pieces = list(tell("Hello!"))
    print(f"\nsaid {'|'.join(pieces)}")
    assert len(pieces) > 1
    assert "Hello" in "".join(pieces)
