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
