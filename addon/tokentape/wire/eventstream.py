"""AWS event streams (``application/vnd.amazon.eventstream``), as far as recording needs them: where a message ends.

A message opens with its total length and the length of its headers, both four bytes, big-endian, and ends with a
checksum of four bytes; so it has 16 bytes at least (Smithy's event stream specification, "message format"). Checksums
are not looked at: what is no chain of lengths is left in one piece.
"""

_SHORTEST = 16


def message_ends(body: bytes | bytearray) -> list[int]:
    """Where in a stream its messages end, as offsets; a rest that is no whole message is not counted."""
    ends: list[int] = []
    position = 0
    while position + _SHORTEST <= len(body):
        length = int.from_bytes(body[position : position + 4])
        if length < _SHORTEST or position + length > len(body):
            break
        position += length
        ends.append(position)
    return ends


def read_message(message: bytes) -> tuple[dict[str, str], bytes]:
    """The headers that are text, and the payload, of one message as ``message_ends`` cuts it. What is broken is left
    out."""
    length = int.from_bytes(message[4:8])
    return _headers(message[12 : 12 + length]), message[12 + length : -4]


# The bytes of a header's value by its type; of types 6 and 7 (bytes and text) two bytes say how many.
_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_TEXT = 7


def _headers(block: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(block):
        name = block[at + 1 : at + 1 + block[at]].decode(errors="replace")
        at += 1 + block[at]
        kind = block[at] if at < len(block) else -1
        at += 1
        size = _FIXED.get(kind)
        if size is None:
            size = int.from_bytes(block[at : at + 2])
            at += 2
        if kind == _TEXT:
            found[name] = block[at : at + size].decode(errors="replace")
        at += size
    return found
