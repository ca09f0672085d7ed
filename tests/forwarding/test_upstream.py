"""Where a request to be recorded goes, and with whose key."""

import pytest

from tokentape.forwarding import upstream
from tokentape.model import Request, header
from tokentape.settings import Settings, parse

KEY = "sk-proj-A1b2C3d4E5f6G7h8I9j0K1l2"
OWN = "sk-proj-Z9y8X7w6V5u4T3s2R1q0P9o8"
CHAT = "https://api.openai.com/v1/chat/completions"
AZURE = "https://mine.openai.azure.com/openai/deployments/d/chat/completions?api-version=1"
AZURE_KEY = "0123456789abcdef0123456789abcdef"


def bearer(key):
    return (("Authorization", f"Bearer {key}"),)


# what, url, headers, environ, vcr_upstream, local -> Authorization or api-key sent (None: none), or an obstacle
CASES = [
    ("own key stays", CHAT, bearer(OWN), {"OPENAI_API_KEY": KEY}, (), True, f"Bearer {OWN}"),
    ("ours in place of a dummy", CHAT, bearer("unused"), {"OPENAI_API_KEY": KEY}, (), True, f"Bearer {KEY}"),
    ("ours where there is none", CHAT, (), {"OPENAI_API_KEY": KEY}, (), True, f"Bearer {KEY}"),
    ("none at all", CHAT, (), {}, (), True, "OPENAI_API_KEY"),
    ("only dummies", CHAT, bearer("unused"), {}, (), True, "OPENAI_API_KEY"),
    ("the one sent is no key of theirs", CHAT, bearer("nonsense"), {}, (), True, "does not look like one of openai's"),
    ("not for others on the network", CHAT, (), {"OPENAI_API_KEY": KEY}, (), False, "not on this machine"),
    ("not over plain http", CHAT.replace("https", "http"), (), {"OPENAI_API_KEY": KEY}, (), True, "plain http"),
    ("openai's not to azure", AZURE, (), {"OPENAI_API_KEY": KEY}, (), True, "AZURE_OPENAI_API_KEY"),
    ("azure's not to any resource", AZURE, (), {"AZURE_OPENAI_API_KEY": AZURE_KEY}, (), True, "AZURE_OPENAI_ENDPOINT"),
    (
        "azure's to its own",
        AZURE,
        (),
        {"AZURE_OPENAI_API_KEY": AZURE_KEY, "AZURE_OPENAI_ENDPOINT": "https://mine.openai.azure.com/"},
        (),
        True,
        AZURE_KEY,
    ),
    ("unknown hosts need none", "https://example.com/", (), {}, (), True, None),
    (
        "mapped: any will do",
        CHAT,
        bearer("ollama"),
        {},
        (("api.openai.com", "http://127.0.0.1:1"),),
        True,
        "Bearer ollama",
    ),
    ("mapped: still one", CHAT, (), {}, (("api.openai.com", "http://127.0.0.1:1"),), True, "OPENAI_API_KEY"),
    (
        "mapped to plain http elsewhere",
        CHAT,
        (),
        {"OPENAI_API_KEY": KEY},
        (("api.openai.com", "http://10.1.2.3:1"),),
        True,
        "neither https nor",
    ),
]


@pytest.mark.parametrize(
    ("url", "headers", "environ", "mapping", "local", "sent"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_which_key_goes_where(url, headers, environ, mapping, local, sent):
    """A key of ours goes to its provider's own hosts or a safe target of the user's, and nowhere else."""
    plan = upstream.plan(Request("POST", url, headers), Settings(upstream=mapping), environ, local=local)
    credential = header(plan.headers, "authorization") or header(plan.headers, "api-key")
    if plan.obstacle:
        assert sent in plan.obstacle
        assert KEY not in plan.obstacle
        assert header(plan.headers, "authorization") in (None, *[value for _, value in headers])
    else:
        assert credential == sent


def test_nothing_between_the_client_and_us_goes_upstream():
    """Names, sessions and the proxy's credentials stay here."""
    ours = ("X-Cassette-Name", "x-cassette-session", "Proxy-Authorization", "proxy-connection")
    request = Request("GET", "https://example.com/", (*((name, "v") for name in ours), ("Accept", "*/*")))
    assert upstream.plan(request, Settings(), {}, local=True).headers == (("Accept", "*/*"),)


def test_a_mapped_host_gets_path_and_host_of_its_target():
    """The target's path goes in front, its host into Host; the query stays."""
    request = Request("GET", "https://example.com/v1/x?a=1", (("Host", "example.com"),))
    settings = Settings(upstream=(("example.com", "http://localhost:9/base"),))
    plan = upstream.plan(request, settings, {}, local=True)
    assert plan.url == "http://localhost:9/base/v1/x?a=1"
    assert plan.headers == (("Host", "localhost:9"),)


@pytest.mark.parametrize("mapped", ["[::1]", "[::1]:443", "example.com", "example.com:443"])
def test_a_host_is_mapped_with_its_port_or_without(mapped):
    """An address of IPv6 as well, which stands in brackets."""
    request = Request("GET", f"https://{mapped.removesuffix(':443')}/x")
    settings = parse({"upstream": f"{mapped}=http://localhost:9"})
    assert upstream.plan(request, settings, {}, local=True).url == "http://localhost:9/x"


def test_a_preflight_needs_no_credential():
    """Browsers send CORS preflights without any."""
    headers = (("Origin", "http://localhost"), ("Access-Control-Request-Method", "POST"))
    assert not upstream.plan(Request("OPTIONS", CHAT, headers), Settings(), {}, local=True).obstacle
