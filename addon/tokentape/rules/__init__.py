"""``library.toml``: what a library says about comparing and redacting.

``rulesfile`` reads it, ``redactfile`` its ``[redact]`` (``extra`` is what that says), with ``spots`` to say where a
mistake stands · ``rules`` puts together what holds for a cassette: a ``profile``, all that the form of a request
depends on besides the request.
"""
