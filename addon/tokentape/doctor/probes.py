"""The runtimes that are looked for, the smallest program of each that asks for a page, and the lines that mend it.

Pure: a table. A program writes the page to its stdout, and knows of no proxy and no certificate.
"""

from collections.abc import Sequence
from dataclasses import dataclass

TRUST = "trust"
"""The program came to the proxy, and does not trust its certificate."""
PAST = "past"
"""The program did not come to the proxy."""
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Probe:
    """How to ask a runtime.

    ``command`` is its words, in which ``{url}``, ``{page}`` (of a git repository), ``{python}`` and ``{file}`` stand
    for what they say; ``{file}`` holds ``source`` and is called ``file``. ``module`` is a Python module that has to be
    there. ``mends`` has a line for trouble of a kind, with ``{proxy}``, ``{pem}``, ``{java}`` and ``{preload}`` in it.
    ``optional``: what fails is worth knowing, and no fault of the set-up.
    """

    name: str
    command: tuple[str, ...]
    mends: tuple[tuple[str, str], ...]
    module: str = ""
    file: str = ""
    source: str = ""
    optional: bool = False

    def mend(self, kind: str) -> str:
        """The line for trouble of a kind, or ""."""
        return dict(self.mends).get(kind, "")

    def words(self, **places: str) -> list[str]:
        """The command to run; a word that only has braces of its own stays."""
        return [_filled(word, places) for word in self.command]


def _filled(word: str, places: dict[str, str]) -> str:
    for name, value in places.items():
        word = word.replace(f"{{{name}}}", value)
    return word


def _both(trust: str, past: str) -> tuple[tuple[str, str], ...]:
    return ((TRUST, trust), (PAST, past))


_EXPORTED = "export HTTPS_PROXY={proxy} https_proxy={proxy}"
_PYTHON = _both("export SSL_CERT_FILE={pem}", _EXPORTED)
_NODE = _both("export NODE_EXTRA_CA_CERTS={pem}", "export NODE_OPTIONS='{preload}'   (a script may have replaced it)")

_FETCH = "fetch('{url}').then((answer) => answer.text()).then((text) => console.log(text))"
_GET = "require('https').get('{url}', (answer) => answer.pipe(process.stdout))"
_AIOHTTP = """
import aiohttp, asyncio
async def main():
    async with aiohttp.ClientSession({how}) as session:
        async with session.get("{url}") as answer:
            print(await answer.text())
asyncio.run(main())
"""
_GO = """package main

import (
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	answer, err := http.Get(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	io.Copy(os.Stdout, answer.Body)
}
"""
_JAVA = """import java.net.URI;
import java.net.http.*;

class Canary {
    public static void main(String[] words) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(words[0])).build();
        System.out.println(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body());
    }
}
"""

PROBES: Sequence[Probe] = (
    Probe("curl", ("curl", "-sS", "{url}"), _both("export CURL_CA_BUNDLE={pem}", _EXPORTED)),
    Probe(
        "wget",
        ("wget", "-nv", "-O-", "{url}"),
        _both("wget --ca-certificate={pem}   (or: echo ca_certificate={pem} >>~/.wgetrc)", _EXPORTED),
        optional=True,  # no variable mends it where it is built with GnuTLS, as on Debian
    ),
    Probe("git", ("git", "ls-remote", "{page}"), _both("export GIT_SSL_CAINFO={pem}", _EXPORTED)),
    Probe(
        "python urllib",
        ("{python}", "-c", "import urllib.request as u; print(u.urlopen('{url}').read().decode())"),
        _PYTHON,
    ),
    Probe("python httpx", ("{python}", "-c", "import httpx; print(httpx.get('{url}').text)"), _PYTHON, module="httpx"),
    Probe(
        "python requests",
        ("{python}", "-c", "import requests; print(requests.get('{url}').text)"),
        _both("export REQUESTS_CA_BUNDLE={pem}", _EXPORTED),
        module="requests",
    ),
    Probe(
        "python aiohttp, trust_env=True",
        ("{python}", "-c", _AIOHTTP.replace("{how}", "trust_env=True")),
        _PYTHON,
        module="aiohttp",
    ),
    Probe(
        "python aiohttp",
        ("{python}", "-c", _AIOHTTP.replace("{how}", "")),
        _both("export SSL_CERT_FILE={pem}", "aiohttp.ClientSession(trust_env=True)   (in the program)"),
        module="aiohttp",
        optional=True,
    ),
    Probe("node fetch", ("node", "-e", _FETCH), _NODE),
    Probe("node https", ("node", "-e", _GET), _NODE),
    Probe("deno", ("deno", "eval", _FETCH), _both("export DENO_CERT={pem}", _EXPORTED)),
    Probe("bun", ("bun", "-e", _FETCH), _both("export NODE_EXTRA_CA_CERTS={pem}", _EXPORTED)),
    Probe(
        "go",
        ("go", "run", "{file}", "{url}"),
        _both("export SSL_CERT_FILE={pem}   (on macOS and Windows: trust it in the system's store)", _EXPORTED),
        file="canary.go",
        source=_GO,
    ),
    Probe(
        "java",
        ("java", "{file}", "{url}"),
        _both("export JAVA_TOOL_OPTIONS='{java}'", "export JAVA_TOOL_OPTIONS='{java}'"),
        file="Canary.java",
        source=_JAVA,
    ),
    Probe(
        "ruby",
        ("ruby", "-ropen-uri", "-e", "puts URI.open('{url}').read"),
        _both("export SSL_CERT_FILE={pem}", _EXPORTED),
    ),
)

# What programs say when they do not trust a certificate.
_DISTRUST = ("certificate", "ssl", "tls", "pkix", "x509", "unknownissuer", "unable to get local issuer")


def kind_of(said: str, *, came: bool) -> str:
    """Of which kind a failure is, by what the program said and whether it came to the proxy."""
    if not came:
        return PAST
    lower = said.lower()
    return TRUST if any(sign in lower for sign in _DISTRUST) else OTHER
