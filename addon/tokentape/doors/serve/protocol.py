"""The requests of a connection, as the parser tells them: answered at once where the answer is ready, else by the app.

A request whose answer stands ready as bytes, or is made up, needs no ASGI and no task: it is looked up or made when the
last byte of the request is there, and written from the parser's own callback. For everything else uvicorn's cycle of
request and response begins, and the app is asked.

The rule: answers leave in the order of the requests, and none is written while the client does not read.
"""

from typing import Any, cast

from tokentape.doors.serve.app import ASKED, App, Asked
from tokentape.doors.serve.front import BODY_TIME, HEAD_TIME, NEVER, Front

# A body up to this many bytes is waited for before anybody is asked. A larger one the app reads as it comes.
LARGEST_HELD = 64 * 1024


class Door(Front):
    """One connection of the fast door."""

    _held: bytes | None = None
    """The body so far of a request that nobody has been asked about."""

    def on_message_begin(self) -> None:
        """The first byte of a request. Its scope, which uvicorn makes here, is made when the app is asked."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._receiving = self._in_head = True
        self._head_size = self._bodiless = 0
        self.deadline = self.loop.time() + HEAD_TIME

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; a trailer is passed over, and can't name a cassette for one (RFC 9110, 6.5.1)."""
        if self._in_head:
            name = name.lower()
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Its head is whole."""
        self._in_head = False
        self._target = self.url
        if self.parser.get_method() == b"CONNECT":
            self._connects = True
        elif self.parser.should_upgrade():
            self._passed_over = True
        else:
            if self._upgrade is not None:
                self.headers[:], self._upgrade = self._upgrade, None
            self.deadline = self.loop.time() + BODY_TIME
            self._held = b""
            if self.expect_100_continue or self.is_answering:
                self._begin(Asked(self._target, self._way))

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        self._bodiless = 0
        if self._held is None:
            if not self._connects:
                super().on_body(body)
            return
        self._held += body
        if len(self._held) > LARGEST_HELD:
            self._begin(Asked(self._target, self._way))

    def on_message_complete(self) -> None:
        """It is whole."""
        self._receiving = False
        self.deadline = NEVER
        if self._connects or self._passed_over:
            return
        if self._held is not None and self._answer_at_once(self._held):
            return
        super().on_message_complete()

    def _answer_at_once(self, body: bytes) -> bool:
        """Answer if the answer is ready as bytes; else have the app asked."""
        app = cast(App, self.config.app)
        asked = app.recall(self.parser.get_method(), self._target, self.headers, body, self._way)
        made = asked.made
        if made is None or not made.data or self.flow.write_paused or not self._stays:
            self._begin(asked)
            return False
        self._held = None
        self.transport.write(made.data)
        self.deadline = self.loop.time() + self.timeout_keep_alive
        return True

    @property
    def _stays(self) -> bool:
        """Whether this is HTTP/1.1, on a connection that stays open behind it."""
        return self.parser.get_http_version() == "1.1" and bool(self.parser.should_keep_alive())

    def _begin(self, asked: Asked) -> None:
        """Have uvicorn begin its cycle of request and response, and hand over what was held."""
        held, self._held = self._held, None
        expects, headers = self.expect_100_continue, self.headers
        # uvicorn has no use for a proxied URL, and fails on some; the app reads the target itself.
        url = self.url if self.url.startswith(b"/") else b"/"
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        # ASGI has no place for this in its scope's type.
        cast("dict[str, Any]", self.scope)[ASKED] = asked
        super().on_headers_complete()
        if held:
            super().on_body(held)
