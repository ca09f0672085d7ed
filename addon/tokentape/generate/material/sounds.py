"""Sounds as files: silence of a length, in the formats that need no encoder.

The rule: a real file that a player opens. WAV and PCM are 16-bit samples at 24 kHz as OpenAI's are; MP3 is frames whose
side information says that nothing follows (ISO 11172-3); of the rest no silence can be written by hand: it is WAV.
"""

import struct

RATE = 24_000  # samples a second
_MP3_FRAME = b"\xff\xfb\x90\xc0" + bytes(413)  # 128 kbit/s, 44.1 kHz, mono: 417 bytes
_MP3_SECONDS = 1152 / 44_100

CONTENT_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav", "pcm": "audio/pcm"}


def silence(seconds: float, form: str) -> tuple[bytes, str]:
    """The file and its Content-Type."""
    if form == "mp3":
        return _MP3_FRAME * max(1, round(seconds / _MP3_SECONDS)), CONTENT_TYPES["mp3"]
    samples = bytes(2 * int(seconds * RATE))
    if form == "pcm":
        return samples, CONTENT_TYPES["pcm"]
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16, b"data", len(samples)),
    )
    return head + samples, CONTENT_TYPES["wav"]


# Bytes a second of a file whose header does not say: 128 kbit/s.
_USUAL_RATE = 16_000


def seconds_of(raw: bytes) -> float:
    """How long a sound file is: from a WAV file's own header, else from its size."""
    if raw[:4] == b"RIFF" and raw[8:12] == b"WAVE" and len(raw) >= 44:
        rate = int.from_bytes(raw[28:32], "little")
        if rate:
            return (len(raw) - 44) / rate
    return len(raw) / _USUAL_RATE
