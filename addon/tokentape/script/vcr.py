"""What an installed copy of tokentape gives to ``mitmdump -s``: its path is what ``tokentape script`` prints."""

from tokentape.doors.mitm.addon import Tokentape

addons = [Tokentape()]
