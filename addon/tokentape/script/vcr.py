"""What an installed copy of tokentape gives to ``mitmdump -s``: its path is what ``tokentape script`` prints."""

import sys
from pathlib import Path

# mitmproxy may be of another environment than the one tokentape stands in, or tokentape may not be installed at all.
ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.append(ROOT)

from tokentape.doors.mitm.addon import Tokentape  # noqa: E402  only now it can be found

addons = [Tokentape()]
