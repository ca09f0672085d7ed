"""Images and sounds in a prompt: whether they can be looked at, and how many tokens they are.

The rule: an image is known by the first bytes of its file, of which only the size is read; nothing is fetched, so an
image behind a URL counts as one of 1024 by 1024.
"""

import base64
import binascii
import struct

from tokentape.generate.problems import Invalid

# OpenAI's guide "Images and vision", calculating costs, gpt-4o: 85 tokens for any image, and 170 for each tile of 512
# pixels after fitting it into 2048 by 2048 and its shorter side to 768.
_BASE, _TILE, _TILE_SIDE, _BOX, _SHORT_SIDE = 85, 170, 512, 2048, 768
_UNSEEN = (1024, 1024)
# OpenAI's guide "Managing costs" of the realtime API: a token is a tenth of a second of the user's audio; a second is
# here the 32,000 bytes of 16-bit samples at 16 kHz.
_BYTES_PER_TOKEN = 3200

_LOOKED_AT = 4 * 32_768  # characters of base64

_UNSUPPORTED = "You uploaded an unsupported image. Please make sure your image has of one the following formats: {}."
_FORMATS = "['png', 'jpeg', 'gif', 'webp']"


def check_image(url: str, param: str) -> None:
    """Raises Invalid where an image is neither behind a URL nor in a data URL that holds one."""
    if url.startswith(("http://", "https://")):
        return
    if not url.startswith("data:"):
        raise Invalid(
            f"Invalid '{param}'. Expected a valid URL, but got a value with an invalid format.", param, "invalid_value"
        )
    if size_in(url) is None:
        raise Invalid(_UNSUPPORTED.format(_FORMATS), param, "invalid_image_format")


def check_audio(data: str, param: str) -> None:
    """Raises Invalid where a sound is not base64."""
    try:
        base64.b64decode(data[:4096], validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(f"Invalid '{param}'. Expected a base64-encoded audio file.", param, "invalid_value") from None


def image_tokens(url: str, detail: str | None) -> int:
    """Tokens of an image in a prompt."""
    if detail == "low":
        return _BASE
    width, height = size_in(url) or _UNSEEN
    width, height = _fitted(width, height)
    return _BASE + _TILE * -(-width // _TILE_SIDE) * -(-height // _TILE_SIDE)


def _fitted(width: int, height: int) -> tuple[int, int]:
    shrink = min(1.0, _BOX / max(width, height, 1))
    width, height = max(1, int(width * shrink)), max(1, int(height * shrink))
    shrink = min(1.0, _SHORT_SIDE / min(width, height))
    return max(1, int(width * shrink)), max(1, int(height * shrink))


def audio_tokens(data: str) -> int:
    """Tokens of a sound in a prompt, from the length of its base64."""
    return max(1, len(data) * 3 // 4 // _BYTES_PER_TOKEN)


def size_in(url: str) -> tuple[int, int] | None:
    """Width and height of the image in a data URL; None where it holds none."""
    head, comma, data = url.partition(",")
    if not comma or not head.endswith(";base64"):
        return None
    try:
        # A JPEG says its size behind what cameras write into it.
        raw = base64.b64decode(data[:_LOOKED_AT] if len(data) % 4 == 0 else data, validate=True)
    except (binascii.Error, ValueError):
        return None
    return size_of(raw)


def size_of(raw: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG, GIF, WebP or JPEG file from its first bytes; None for anything else."""
    if raw.startswith(b"\x89PNG\r\n\x1a\n") and len(raw) >= 24:
        return struct.unpack(">II", raw[16:24])
    if raw[:6] in (b"GIF87a", b"GIF89a") and len(raw) >= 10:
        return struct.unpack("<HH", raw[6:10])
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return _UNSEEN
    return _jpeg_size(raw) if raw.startswith(b"\xff\xd8") else None


def _jpeg_size(raw: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(raw) and raw[at] == 0xFF:
        marker, length = raw[at + 1], int.from_bytes(raw[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a start of frame
            height, width = struct.unpack(">HH", raw[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return _UNSEEN if len(raw) > 64 else None
