"""Where a request goes that is to be recorded, and with whose key.

``upstream`` decides it, ``sigv4`` signs again for AWS, ``proxies`` reads which proxy of the environment leads there.
"""
