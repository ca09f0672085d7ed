"""``python -m tokentape`` is the command ``tokentape``."""

import sys

from tokentape.cli import main

sys.exit(main())
