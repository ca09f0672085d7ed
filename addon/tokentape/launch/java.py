"""The system properties that lead a Java program through the proxy.

Pure. Java looks at no proxy variable and at no PEM file, but every Java program reads ``JAVA_TOOL_OPTIONS``.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

# Of a file of public certificates: no secret, but Java wants one.
STORE_PASSWORD = "changeit"


def options(proxy_url: str, exceptions: Iterable[str], trust_store: str) -> str:
    """Java's system properties for a proxy and a trust store ("" for Java's own); it reads no variable but this one."""
    where = urlsplit(proxy_url)
    properties = {
        **{f"{scheme}.proxyHost": where.hostname or "" for scheme in ("http", "https")},
        **{f"{scheme}.proxyPort": str(where.port or 80) for scheme in ("http", "https")},
        "http.nonProxyHosts": "|".join(_pattern(entry) for entry in exceptions),
    }
    if trust_store:
        trust = {"trustStore": trust_store, "trustStoreType": "PKCS12", "trustStorePassword": STORE_PASSWORD}
        properties |= {f"javax.net.ssl.{name}": value for name, value in trust.items()}
    return " ".join(_word(f"-D{name}={value}") for name, value in properties.items())


def _pattern(entry: str) -> str:
    """An entry of ``NO_PROXY`` as Java writes it: a whole host name, with ``*`` at an end."""
    if ":" in entry:
        return f"[{entry}]" if entry.count(":") > 1 else entry.partition(":")[0]
    return f"*{entry}" if entry.startswith(".") else entry


def _word(text: str) -> str:
    return f'"{text}"' if " " in text else text
