"""A small assistant: an answer, an answer piece by piece."""

from collections.abc import Iterator

from openai import OpenAI

MODEL = "gpt-5-nano"


def ask(question: str) -> str:
    """The answer to a question."""
    answer = OpenAI().chat.completions.create(model=MODEL, messages=[{"role": "user", "content": question}])
    return f"{answer.id}: {answer.choices[0].message.content}"


def tell(question: str) -> Iterator[str]:
    """The answer to a question, as it comes."""
    messages = [{"role": "user", "content": question}]
    for piece in OpenAI().chat.completions.create(model=MODEL, messages=messages, stream=True):
        if piece.choices and piece.choices[0].delta.content:
            yield piece.choices[0].delta.content
