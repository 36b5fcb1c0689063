"""What a file really is, from its own bytes: type by magic numbers, size of the picture, and whether it is whole.

Written from the formats' specifications; what the sender says about a file is never believed.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_ISO_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
}
_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class Sniffed:
    """`width` and `height` in pixels, where the format tells them; `whole`: no end is missing that can be seen."""

    mime: str
    width: int | None = None
    height: int | None = None
    whole: bool = True


def sniff(data: bytes) -> Sniffed | None:
    """None for what is no picture, sound or film at all."""
    for magic, read in _READERS:
        if data.startswith(magic):
            return read(data)
    if data[4:8] == b"ftyp":
        return _iso(data)
    if data[:2] == b"\xff\xfb" or data[:3] == b"ID3":
        return Sniffed("audio/mpeg")
    return None


def _jpeg(data: bytes) -> Sniffed:
    size = _jpeg_size(data)
    if size is None:
        return Sniffed("image/jpeg", whole=False)
    return Sniffed("image/jpeg", *size, whole=b"\xff\xd9" in data[-64:])


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 1 if marker == 0xFF else 2 if marker in _JPEG_BARE else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _png(data: bytes) -> Sniffed:
    if data[12:16] != b"IHDR" or len(data) < 24:
        return Sniffed("image/png", whole=False)
    width, height = struct.unpack(">II", data[16:24])
    return Sniffed("image/png", width, height, whole=b"IDAT" in data and b"IEND" in data[-16:])


def _gif(data: bytes) -> Sniffed:
    if len(data) < 14:
        return Sniffed("image/gif", whole=False)
    width, height = struct.unpack("<HH", data[6:10])
    return Sniffed("image/gif", width, height, whole=data.rstrip(b"\0").endswith(b"\x3b"))


def _riff(data: bytes) -> Sniffed | None:
    size = int.from_bytes(data[4:8], "little")
    whole = len(data) >= size + 8
    match data[8:12]:
        case b"WEBP":
            width, height = _webp_size(data)
            return Sniffed("image/webp", width, height, whole=whole and width is not None)
        case b"WAVE":
            return Sniffed("audio/wav", whole=whole)
        case _:
            return None


def _webp_size(data: bytes) -> tuple[int | None, int | None]:
    match data[12:16]:
        case b"VP8X" if len(data) >= 30:
            return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
        case b"VP8L" if len(data) >= 25:
            bits = int.from_bytes(data[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 " if len(data) >= 30:
            width, height = struct.unpack("<HH", data[26:30])
            return width & 0x3FFF, height & 0x3FFF
        case _:
            return None, None


def _iso(data: bytes) -> Sniffed:
    """The ISO base media family: MP4, QuickTime, HEIC, AVIF."""
    mime = _ISO_BRANDS.get(data[8:12], "video/mp4")
    if mime.startswith("image/"):
        at = data.find(b"ispe")
        if at < 0 or at + 16 > len(data):
            return Sniffed(mime, whole=False)
        return Sniffed(mime, *struct.unpack(">II", data[at + 8 : at + 16]))
    names = dict(_boxes(data))
    whole = b"moov" in names and b"mdat" in names
    return Sniffed(mime, *_track_size(data), whole=whole)


def _boxes(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Type and end of each top-level box that lies wholly in the data."""
    at = 0
    while at + 8 <= len(data):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        end = len(data) if size == 0 else at + size
        if end < at + 8 or end > len(data):
            return
        yield name, end
        at = end


def _track_size(data: bytes) -> tuple[int | None, int | None]:
    """From the first track header that has a picture; the numbers are 16.16 fixed point."""
    at = data.find(b"tkhd")
    while at >= 0:
        tail = at + (92 if data[at + 4 : at + 5] == b"\x01" else 80)
        width, height = (int.from_bytes(data[tail + n : tail + n + 2], "big") for n in (0, 4))
        if width and height:
            return width, height
        at = data.find(b"tkhd", at + 4)
    return None, None


_READERS: tuple[tuple[bytes, Callable[[bytes], Sniffed | None]], ...] = (
    (b"\xff\xd8\xff", _jpeg),
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"GIF87a", _gif),
    (b"GIF89a", _gif),
    (b"RIFF", _riff),
    (b"\x1a\x45\xdf\xa3", lambda data: Sniffed("video/webm", whole=len(data) > 64)),
    (b"OggS", lambda data: Sniffed("video/ogg" if b"theora" in data[:256] else "audio/ogg")),
    (b"fLaC", lambda data: Sniffed("audio/flac")),
)
