"""Users of an API, for Locust: they chat, in streams and in one piece, and ask for embeddings.

The rule: what an API does under load is no failure of the test. A 429 is counted under a name of its own and waited
out; so is a 503. Anything else that goes wrong is a failure.
"""

import time
from typing import Any

from locust import HttpUser, constant_pacing, task  # type: ignore[import-not-found]  # in an environment of its own

AZURE = "/openai/deployments/{}/{}?api-version=2024-10-21"
QUESTION = [{"role": "user", "content": "What does a tape remember? Answer in one short paragraph."}]
# Told by the API, and waited for; longer than a test of seconds would not help anybody.
LONGEST_WAIT = 5.0


class Person(HttpUser):  # type: ignore[misc]
    """One request a second, if the API allows it."""

    wait_time = constant_pacing(1)

    @task(3)  # type: ignore[untyped-decorator]
    def stream(self) -> None:
        """A chat as an app shows it: the time to the first token is what people feel."""
        began = time.perf_counter()
        tree = {"messages": QUESTION, "max_tokens": 60, "stream": True}
        with self._ask("chat-60k", "chat/completions", tree, "chat, streamed", stream=True) as answer:
            if not self._is_served(answer, "chat, streamed"):
                return
            lines = (line for line in answer.iter_lines() if line)
            first = next(lines)
            self._measured("first token", began, len(first))
            last = first
            for line in lines:
                last = line
            if last != b"data: [DONE]":
                answer.failure("the stream broke off")

    @task(1)  # type: ignore[untyped-decorator]
    def whole(self) -> None:
        """A chat in one piece."""
        tree = {"messages": QUESTION, "max_tokens": 60}
        with self._ask("chat-60k", "chat/completions", tree, "chat, whole") as answer:
            if self._is_served(answer, "chat, whole") and not answer.json()["choices"][0]["message"]["content"]:
                answer.failure("an answer without words")

    @task(1)  # type: ignore[untyped-decorator]
    def embed(self) -> None:
        """Embeddings of two texts."""
        with self._ask("embed", "embeddings", {"input": ["a tape", "a cassette"]}, "embeddings") as answer:
            if self._is_served(answer, "embeddings") and len(answer.json()["data"]) != 2:
                answer.failure("not one embedding for each text")

    def _ask(self, deployment: str, operation: str, tree: dict[str, Any], name: str, **more: Any) -> Any:
        headers = {"api-key": "load-test"}
        url = AZURE.format(deployment, operation)
        return self.client.post(url, json=tree, headers=headers, name=name, catch_response=True, **more)

    def _is_served(self, answer: Any, name: str) -> bool:
        """Whether there is an answer; else wait as long as the API asks for, and count it as what it is."""
        if answer.status_code == 200:
            return True
        if answer.status_code in (429, 503):
            answer.request_meta["name"] = f"{name}: {answer.status_code}"
            answer.success()
            time.sleep(min(float(answer.headers.get("retry-after", 1)), LONGEST_WAIT))
        else:
            answer.failure(f"status {answer.status_code}")
        return False

    def _measured(self, name: str, began: float, size: int) -> None:
        took = (time.perf_counter() - began) * 1000
        self.environment.events.request.fire(
            request_type="SSE", name=name, response_time=took, response_length=size, exception=None, context={}
        )
