"""Door 1: mitmproxy, with every listen mode and protocol it speaks. Nothing outside of this room imports mitmproxy."""
