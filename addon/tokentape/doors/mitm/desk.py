"""What mitmweb and the console get from us besides the proxy: options that suit them, and addons of their own.

The rule: none of this is there in mitmdump and in our own commands, where nobody looks.
"""

from mitmproxy import contentviews, ctx, http

from tokentape.doors.mitm.commands import Commands
from tokentape.doors.mitm.conversation import Conversation
from tokentape.doors.mitm.guard import Guard
from tokentape.doors.mitm.keeping import KeepNewest
from tokentape.doors.mitm.waiting import Waiting
from tokentape.doors.mitm.watching import Labels
from tokentape.engine.holding import Show

# mitmweb's own, and the column with our words behind the URL.
_COLUMNS = ("tls", "icon", "path", "comment", "method", "status", "size", "time")


class Desk(Labels):
    """Labels for each flow, and a place for those that wait for a decision."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = Waiting()

    def show_for(self, flow: http.HTTPFlow) -> Show:
        """Somebody is here."""
        return self.waiting.show_for(flow)


def furnish(guard: Guard) -> list[object]:
    """Set what a person who looks at flows needs; the addons to load."""
    # Or the body of a stream could not be looked at.
    ctx.options.update(store_streamed_bodies=True)
    if "web_columns" in ctx.options and ctx.options.web_columns == ctx.options.default("web_columns"):
        ctx.options.update(web_columns=list(_COLUMNS))
    contentviews.add(Conversation())
    desk = guard.watcher = guard.watcher if isinstance(guard.watcher, Desk) else Desk()
    return [KeepNewest(), Commands(guard, desk.waiting)]
