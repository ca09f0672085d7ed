"""The way out through a proxy of the environment, flow by flow."""

from mitmproxy import connection
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.test import taddons, tflow

from tokentape.doors.mitm.outward import Outward


def test_the_proxy_of_one_host_is_not_that_of_the_next_on_the_connection():
    """Flows of plain HTTP share what mitmproxy knows of the server: a host of NO_PROXY is reached directly."""
    outward = Outward({"http_proxy": "http://key:word@proxy.example:8080", "no_proxy": "near.example"})
    first, second = tflow.tflow(), tflow.tflow()
    first.server_conn = second.server_conn = connection.Server(address=None)
    with taddons.context(Proxyserver()):
        assert outward.lead(first, "http://far.example/") == ("proxy.example", 8080)
        assert outward.lead(second, "http://near.example/") is None
    assert second.server_conn.via is None


def test_a_way_that_mitmproxy_has_chosen_stays():
    """What is sent again in mode upstream has its proxy from mitmproxy."""
    flow = tflow.tflow()
    flow.server_conn = connection.Server(address=None)
    flow.server_conn.via = ("http", ("its.example", 3128))
    with taddons.context(Proxyserver()):
        Outward({}).lead(flow, "http://far.example/")
    assert flow.server_conn.via == ("http", ("its.example", 3128))
