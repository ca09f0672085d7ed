"""tokentape: a recording forward proxy for LLM APIs, built as a mitmproxy addon.

The package's architecture is told on one page in ``addon/README.md``. Importing the package imports nothing heavy:
each room is imported where it is used.
"""

__version__ = "0.1.0"
