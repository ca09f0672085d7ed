"""The entry for ``mitmdump -s addon/vcr.py`` (also mitmweb and mitmproxy), from a clone. No logic lives here.

mitmproxy puts this folder on the import path while it loads the script, so the package beside it is found.
"""

try:
    from tokentape.doors.mitm.addon import Tokentape
except ModuleNotFoundError as missing:
    packages = {"yaml": "pyyaml", "brotli": "brotli", "zstandard": "zstandard", "mitmproxy": "'mitmproxy>=12.2,<13'"}
    package = packages.get((missing.name or "").partition(".")[0])
    if package is None:
        raise
    from sys import executable

    raise ImportError(
        f"tokentape needs {package}, which this Python lacks: {executable} -m pip install {package}"
    ) from None

addons = [Tokentape()]
