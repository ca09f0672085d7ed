"""Door 2, the fast one: replay without mitmproxy in the path, a base URL and an HTTPS proxy on one port.

uvicorn parses and keeps connections (``protocol``, its own protocol with a CONNECT front), ``app`` is the ASGI app that
asks the engine, and ``wire`` writes what ASGI has no words for. ``leaves`` has the TLS of each host, ``signing`` makes
its certificate. Nothing here opens a connection to anywhere.
"""
