"""What mitmweb and the console get from us besides the proxy: options that suit them, and addons of their own.

The rule: none of this is there in mitmdump and in our own commands, where nobody looks.
"""

from mitmproxy import ctx

from tokentape.doors.mitm.keeping import KeepNewest

# mitmweb's own, and the column with our words behind the URL.
_COLUMNS = ("tls", "icon", "path", "comment", "method", "status", "size", "time")


def furnish() -> list[object]:
    """Set what a person who looks at flows needs; the addons to load."""
    # Or the body of a stream could not be looked at.
    ctx.options.update(store_streamed_bodies=True)
    if "web_columns" in ctx.options and ctx.options.web_columns == ctx.options.default("web_columns"):
        ctx.options.update(web_columns=list(_COLUMNS))
    return [KeepNewest()]
