"""The variables of a program behind the proxy."""

import pytest

from tokentape.launch.environment import NODE_PRELOAD, TRUST, covers_provider, environment, no_proxy

PROXY = "http://127.0.0.1:4321"


def test_every_proxy_variable_in_both_cases():
    """Programs look at either case, and at ALL_PROXY for what the others leave open."""
    made = environment({"ALL_PROXY": "socks5://elsewhere", "https_proxy": "http://corporate"}, PROXY, "/ca.pem")
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        assert made[name] == made[name.lower()] == PROXY


@pytest.mark.parametrize("trust", TRUST, ids=lambda trust: trust.variable)
def test_every_runtime_gets_the_bundle(trust):
    """Each runtime's own variable points to the file of roots, whatever it held before."""
    assert environment({trust.variable: "/old.pem"}, PROXY, "/ca.pem")[trust.variable] == "/ca.pem"
    assert trust.readers


def test_the_rest_of_the_environment_stays_and_the_original_is_not_changed():
    """What is not about proxies or certificates reaches the program as it was."""
    base = {"PATH": "/bin", "OPENAI_API_KEY": "unused"}
    made = environment(base, PROXY, "/ca.pem")
    assert made["PATH"] == "/bin"
    assert made["OPENAI_API_KEY"] == "unused"
    assert base == {"PATH": "/bin", "OPENAI_API_KEY": "unused"}


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ({}, "localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "corp.internal, .local"}, "corp.internal,.local,localhost,127.0.0.1,::1"),
        ({"no_proxy": "127.0.0.1,10.0.0.1"}, "127.0.0.1,10.0.0.1,localhost,::1"),
        ({"NO_PROXY": "a.internal", "no_proxy": "b.internal"}, "a.internal,b.internal,localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "*"}, "localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "api.openai.com,a.internal"}, "a.internal,localhost,127.0.0.1,::1"),
    ],
)
def test_loopback_goes_past_the_proxy_and_apis_do_not(base, expected):
    """Exceptions are kept and loopback added; those that would take an API past the tape go."""
    assert ",".join(no_proxy(base)) == expected
    made = environment(base, PROXY, "/ca.pem")
    assert made["NO_PROXY"] == made["no_proxy"] == expected


@pytest.mark.parametrize(
    ("entry", "covers"),
    [
        ("*", True),
        ("openai.com", True),
        (".openai.com", True),
        ("*.openai.com", True),
        ("API.openai.com:443", True),
        (".azure.com", True),
        ("my-resource.openai.azure.com", True),
        ("notopenai.com", False),
        ("openai.com.evil.example", False),
        ("localhost", False),
        ("10.0.0.0/8", False),
    ],
)
def test_which_exceptions_cover_an_api(entry, covers):
    """An entry covers an API when it is its host or a domain above it."""
    assert covers_provider(entry) is covers


def test_node_loads_our_file_and_keeps_its_own_options():
    """The preload comes behind what is there, once, and is a file of the package."""
    made = environment({"NODE_OPTIONS": "--no-warnings"}, PROXY, "/ca.pem")
    assert NODE_PRELOAD.is_file()
    assert made["NODE_OPTIONS"] == f'--no-warnings --require "{NODE_PRELOAD}"'
    assert environment(made, PROXY, "/ca.pem")["NODE_OPTIONS"] == made["NODE_OPTIONS"]


def test_java_keeps_its_own_options_and_the_last_one_counts():
    """Ours come behind, so in one tokentape inside of another the inner one's are in effect."""
    outer = environment({"JAVA_TOOL_OPTIONS": "-Xmx64m"}, PROXY, "/ca.pem", "/ca.p12")["JAVA_TOOL_OPTIONS"]
    assert outer.startswith("-Xmx64m -Dhttp.proxyHost=127.0.0.1 ")
    inner = environment({"JAVA_TOOL_OPTIONS": outer}, "http://127.0.0.1:5555", "/ca.pem", "/ca.p12")[
        "JAVA_TOOL_OPTIONS"
    ]
    assert inner.startswith(outer)
    assert inner.rindex("proxyPort=5555") > inner.rindex("proxyPort=4321")
