"""The table of runtimes."""

import ast

import pytest

from tokentape.doctor.probes import OTHER, PAST, PROBES, TRUST, kind_of

PLACES = {"url": "https://a/page", "page": "https://a/repository", "python": "python3", "file": "/tmp/x"}


def test_names_are_their_own():
    """Each probe can be chosen, and told from the others."""
    names = [probe.name for probe in PROBES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_each_asks_for_the_page_and_has_a_line_for_both_troubles(probe):
    """Nothing is left to be filled in, and what can go wrong can be mended."""
    words = probe.words(**PLACES)
    said = " ".join(words)
    assert "https://a/" in said
    assert not [name for name in PLACES if f"{{{name}}}" in said]
    assert probe.mend(TRUST)
    assert probe.mend(PAST)
    assert probe.mend(OTHER) == ""
    assert bool(probe.file) == bool(probe.source) == ("/tmp/x" in words)
    if words[0] == "python3":
        ast.parse(words[2])


@pytest.mark.parametrize(
    ("said", "came", "kind"),
    [
        ("curl: (60) SSL certificate problem: unable to get local issuer certificate", True, TRUST),
        ("javax.net.ssl.SSLHandshakeException: PKIX path building failed", True, TRUST),
        ("tls: failed to verify certificate: x509: certificate signed by unknown authority", True, TRUST),
        ("error sending request: invalid peer certificate: UnknownIssuer", True, TRUST),
        ("curl: (22) The requested URL returned error: 500", True, OTHER),
        ("Could not resolve host: canary.invalid", False, PAST),
        ("SSL certificate problem", False, PAST),
    ],
)
def test_of_which_kind_trouble_is(said, came, kind):
    """Whether the program came to the proxy is seen; only then its words say why it went no further."""
    assert kind_of(said, came=came) == kind
