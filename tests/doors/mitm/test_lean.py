"""The lean master: it tells the same addons in the same order as mitmproxy's, whatever happens to the set of them."""

import logging

import pytest
from mitmproxy import exceptions, hooks, http, options
from mitmproxy.addonmanager import AddonManager
from mitmproxy.master import Master
from mitmproxy.proxy.layers.http._hooks import HttpRequestHook
from mitmproxy.test import tflow

from tokentape.doors.mitm.lean import LeanManager, LeanMaster, Welcome, hasten


class Listener:
    """An addon that notes what it is told, and may have others below it."""

    def __init__(self, name, told, *below):
        self.name, self.told, self.addons = name, told, list(below)

    def request(self, flow):
        """Note it."""
        self.told.append(self.name)


class Slow(Listener):
    """The same with a coroutine."""

    async def request(self, flow):
        """Note it."""
        self.told.append(self.name)


class Failing(Listener):
    """Raises, after it has noted."""

    error: Exception = ValueError("of the test")

    def request(self, flow):
        """Note it, and raise."""
        self.told.append(self.name)
        raise self.error


class Halting(Failing):
    """Ends the event."""

    error = exceptions.AddonHalt()


class Misled(Failing):
    """Fails in the one way that is told to whoever set an option."""

    error = exceptions.OptionsError("of the test")


class Updated(Listener):
    """Listens to changes of flows instead."""

    request = None

    def update(self, flows):
        """Note it."""
        self.told.append(f"{self.name}: {len(flows)}")


@pytest.fixture(params=["mitmproxy's", "hastened", "lean"])
async def master(request):
    """mitmproxy's own master, the same made faster while it runs, and ours: each test below holds for all."""
    made = LeanMaster(options.Options()) if request.param == "lean" else Master(options.Options())
    if request.param == "hastened":
        await ask(made)
        hasten(made.addons)
    yield made
    made._legacy_log_events.uninstall()


class Own(AddonManager):
    """Somebody's own manager."""


async def test_only_the_manager_of_mitmproxy_itself_is_made_faster():
    """A manager that somebody derived from it may have reasons to walk."""
    made = Master(options.Options())
    made.addons = Own(made)
    hasten(made.addons)
    assert type(made.addons) is Own
    made._legacy_log_events.uninstall()


async def test_one_that_was_made_faster_stays_so():
    """A script that is loaded again asks again."""
    made = Master(options.Options())
    for _ in range(2):
        hasten(made.addons)
        assert type(made.addons) is LeanManager
    made._legacy_log_events.uninstall()


async def ask(master):
    """A request passes the addons."""
    await master.addons.handle_lifecycle(HttpRequestHook(tflow.tflow()))


async def test_all_are_told_in_order(master):
    """Those below an addon come right after it, coroutines are waited for, and updates come last."""
    told = []
    master.addons.add(Updated("u", told), Listener("a", told, Slow("a1", told), Listener("a2", told)), Slow("b", told))
    for _ in range(2):
        await ask(master)
    assert told == ["a", "a1", "a2", "b", "u: 1"] * 2


async def test_who_comes_and_goes_is_noticed(master):
    """Added, removed, replaced under its name, cleared: the next event goes to those who are there."""
    told = []
    first, second = Listener("a", told), Listener("b", told)
    master.addons.add(first)
    await ask(master)
    master.addons.add(second)
    await ask(master)
    master.addons.remove(first)
    await ask(master)
    master.addons.add(Slow("a", told))
    await ask(master)
    master.addons.clear()
    await ask(master)
    assert told == ["a", "a", "b", "b", "b", "a"]


async def test_scripts_below_an_addon_are_noticed(master):
    """As mitmproxy's loader of scripts does it: registered, then put below; removed, then taken from there."""
    told = []
    loader, script = Listener("loader", told), Listener("script", told)
    master.addons.add(loader)
    await ask(master)
    master.addons.register(script)
    loader.addons.append(script)
    await ask(master)
    master.addons.remove(script)
    loader.addons.remove(script)
    await ask(master)
    assert told == ["loader", "loader", "script", "loader"]


async def test_a_changed_option_is_a_moment_to_change(master):
    """An addon that rearranges what is below it while it is configured is heard anew."""
    told = []
    loader = Listener("loader", told, Listener("x", told), Listener("y", told))
    loader.configure = lambda updated: loader.addons.reverse()
    master.addons.add(loader)
    await ask(master)
    master.options.update(listen_port=0)
    await ask(master)
    assert told == ["loader", "x", "y", "loader", "y", "x"]


async def test_an_exception_ends_one_addon_and_is_logged(master, caplog):
    """Those below the failing addon are passed over, the others are told."""
    told = []
    master.addons.add(Failing("f", told, Listener("below", told)), Listener("b", told))
    with caplog.at_level(logging.ERROR):
        await ask(master)
    assert told == ["f", "b"]
    assert "Addon error: of the test" in caplog.text


async def test_an_addon_can_halt_an_event(master):
    """Those behind it are not told."""
    told = []
    master.addons.add(Listener("a", told), Halting("h", told), Listener("b", told))
    await ask(master)
    assert told == ["a", "h"]


async def test_a_bad_option_is_raised(master):
    """It is the one error that is not the addon's own affair."""
    told = []
    master.addons.add(Misled("m", told))
    with pytest.raises(exceptions.OptionsError):
        await ask(master)


async def test_what_is_told_of_the_proxy_itself(master):
    """Events without a flow take the same way."""
    told = []
    one = Listener("a", told)
    one.running = lambda: told.append("running")
    master.addons.add(one)
    await master.addons.trigger_event(hooks.RunningHook())
    assert told == ["running"]


async def test_the_lean_one_asks_only_once(master, monkeypatch):
    """Nobody is searched for hooks while nothing changes."""
    told = []
    master.addons.add(*(Listener(name, told) for name in "abc"))
    await ask(master)
    looked = []
    found = AddonManager._iter_hooks

    def counted(self, addon, event):
        looked.append(addon)
        return found(self, addon, event)

    monkeypatch.setattr(AddonManager, "_iter_hooks", counted)
    await ask(master)
    assert (not looked) == isinstance(master.addons, LeanManager)


async def test_messages_are_made_without_checks():
    """Our own process trusts its types; the message is the same."""
    made = LeanMaster(options.Options())
    made._legacy_log_events.uninstall()
    flow = tflow.tflow(resp=True)
    assert http.MessageData.__post_init__(flow.response.data) is None
    assert http.Response.make(200, b"x", {"A": "b"}).headers["a"] == "b"


@pytest.mark.parametrize(("host", "answered"), [("mitm.it", True), ("api.openai.com", False)])
async def test_the_page_with_the_certificate_answers_for_its_own_host(host, answered, tmp_path):
    """http://mitm.it, and nothing else."""
    made = LeanMaster(options.Options())
    made.options.update(confdir=str(tmp_path))
    welcome = Welcome()
    made.addons.add(welcome)
    flow = tflow.tflow()
    flow.request.host, flow.live = host, True
    flow.client_conn.state = tflow.tclient_conn().state
    await made.addons.handle_lifecycle(HttpRequestHook(flow))
    made._legacy_log_events.uninstall()
    assert (flow.response is not None) == answered
