"""A mitmproxy master that leaves out what a request does not need, for our own commands; and, for mitmproxy's own
tools, the half of it that only spares them time.

mitmproxy asks every addon for every event, and a request is eight of them: with the addons of its tools that is half of
all the time it takes. Here it is found out once who listens, until the set of addons changes. And it checks the type of
each field of each message, a tenth of the time, unless Python runs with ``-O``: mypy has done that here.

The rule: it differs from mitmproxy's own only in time. The set of addons changes through the manager, or while an addon
is configured (that is where mitmproxy's own loader of scripts does it); hooks that an addon grows at another time are
not heard.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from mitmproxy import addonmanager, exceptions, flow, hooks, http, master, options
from mitmproxy.addons import onboarding

# The hooks of one addon and of those below it: an exception ends these and no others.
_Hooks = tuple[Callable[..., Any], ...]


def hasten(manager: addonmanager.AddonManager) -> None:
    """Have a manager that is running already, as that of ``mitmdump``, look up once who listens to an event.

    One that is not mitmproxy's very own is left alone: it may have reasons to walk.
    """
    if type(manager) is addonmanager.AddonManager:
        manager.__class__ = LeanManager
        vars(manager)["_found"] = {}


class LeanMaster(master.Master):
    """mitmproxy's master with the manager below, in a process that makes messages without checks."""

    def __init__(self, opts: options.Options) -> None:
        super().__init__(opts)
        self.addons = LeanManager(self)
        if hasattr(http.MessageData, "__post_init__"):
            # Where it is, all it does is check; its subclasses call it by name, so it can't be removed.
            http.MessageData.__post_init__ = _unchecked  # type: ignore[method-assign]


def _unchecked(_data: http.MessageData) -> None:
    """Nothing."""


class Welcome(onboarding.Onboarding):
    """mitmproxy's page with its certificate, at http://mitm.it, out of the way of every other request."""

    def request(self, f: http.HTTPFlow) -> Awaitable[None] | None:  # type: ignore[override]  # either will do
        """Answer, if the page is meant."""
        if f.request.host != self.host:
            return None
        answering: Awaitable[None] = super().request(f)  # type: ignore[no-untyped-call]
        return answering


class LeanManager(addonmanager.AddonManager):
    """mitmproxy's manager of addons, with what listens to an event looked up once."""

    def __init__(self, owner: master.Master) -> None:
        self._found: dict[str, tuple[_Hooks, ...]] = {}
        super().__init__(owner)  # type: ignore[no-untyped-call]

    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        """Tell those that listen, and then those that listen to any change of a flow."""
        (message,) = event.args()
        await self._tell(event, message)
        if isinstance(message, flow.Flow):
            update = hooks.UpdateHook([message])
            await self._tell(update, update.flows)

    async def trigger_event(self, event: hooks.Hook) -> None:
        """Tell those that listen. As in mitmproxy, an exception is logged and costs nobody else the event."""
        await self._tell(event, *event.args())

    async def _tell(self, event: hooks.Hook, *arguments: object) -> None:
        found = self._found.get(event.name)
        if found is None:
            found = self._found[event.name] = self._listening(event)
        for of_one_addon in found:
            try:
                for hook in of_one_addon:
                    result = hook(*arguments)
                    if result is not None and inspect.isawaitable(result):
                        await result
            except exceptions.AddonHalt:
                return
            except Exception:
                with addonmanager.safecall():
                    raise

    def _listening(self, event: hooks.Hook) -> tuple[_Hooks, ...]:
        found = (tuple(hook for _, hook in self._iter_hooks(addon, event)) for addon in self.chain)
        return tuple(hooks for hooks in found if hooks)

    # --- where the set of addons changes

    def trigger(self, event: hooks.Hook) -> None:
        """Tell all addons at once, of changed options for one."""
        super().trigger(event)
        self._found.clear()

    # mitmproxy has no types for these four.

    def add(self, *addons: object) -> None:
        """Add addons at the end."""
        super().add(*addons)  # type: ignore[no-untyped-call]
        self._found.clear()

    def register(self, addon: object) -> object:
        """Make an addon known that another one manages."""
        known: object = super().register(addon)  # type: ignore[no-untyped-call]
        self._found.clear()
        return known

    def remove(self, addon: object) -> None:
        """Remove an addon."""
        super().remove(addon)  # type: ignore[no-untyped-call]
        self._found.clear()

    def clear(self) -> None:
        """Remove all addons."""
        super().clear()  # type: ignore[no-untyped-call]
        self._found.clear()
