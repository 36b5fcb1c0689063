"""The film of the sample publication: a dot travels over the map, drawn frame by frame and written as MP4 by hand.

Each frame is a JPEG (object type 0x6C of ISO/IEC 14496-1, "MPEG-4 visual" boxes of 14496-14), so that no encoder is
needed; VLC, ffmpeg and the platforms read it, browsers do not. The same bytes every time.
"""

import io
import struct
from collections.abc import Sequence

from PIL import Image, ImageDraw

FILM_ALT = "Hoạt hình vẽ thử: một chấm đỏ đi qua các tuyến phố trên bản đồ, dài sáu giây."
WIDTH, HEIGHT, RATE, SECONDS = 640, 360, 4, 6
_PAPER, _STREET, _LAKE, _DOT = "#f1efe6", "#ffffff", "#bcd9e6", "#c0392b"
_JPEG_OBJECT = 0x6C
_UPRIGHT = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)


def sample_film() -> bytes:
    """A whole MP4 of six seconds, some hundred kilobytes."""
    frames = [_frame(number) for number in range(RATE * SECONDS)]
    start = _box(b"ftyp", b"isom", struct.pack(">I", 512), b"isommp42")
    # The index names where the frames lie, which follows it: its own length does not depend on that.
    length = len(start) + len(_index(frames, 0)) + 8
    return start + _index(frames, length) + _box(b"mdat", *frames)


def _frame(number: int) -> bytes:
    image = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    draw = ImageDraw.Draw(image)
    draw.ellipse((430, 40, 580, 160), fill=_LAKE)
    for x in range(-100, WIDTH, 90):
        draw.line((x, HEIGHT, x + 140, 0), fill=_STREET, width=12)
    for y in range(40, HEIGHT, 80):
        draw.line((0, y, WIDTH, y - 20), fill=_STREET, width=10)
    x = 40 + number * (WIDTH - 80) // (RATE * SECONDS)
    draw.ellipse((x - 16, 184, x + 16, 216), fill=_DOT, outline=_STREET, width=4)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


def _index(frames: Sequence[bytes], first: int) -> bytes:
    """`moov`: one video track whose frames follow each other from byte `first`. Times are in frames."""
    count = len(frames)
    times = struct.pack(">IIII", 0, 0, RATE, count)
    moving = struct.pack(">IH", 1 << 16, 0x100) + bytes(10) + _UPRIGHT + bytes(24) + struct.pack(">I", 2)
    movie = _full(b"mvhd", times, moving)
    shown = struct.pack(">IIIII", 0, 0, 1, 0, count) + bytes(16) + _UPRIGHT
    track = _full(b"tkhd", shown, struct.pack(">II", WIDTH << 16, HEIGHT << 16), flags=7)
    media = _box(
        b"mdia",
        _full(b"mdhd", times, struct.pack(">HH", 0x55C4, 0)),
        _full(b"hdlr", bytes(4), b"vide", bytes(12), b"\0"),
        _box(b"minf", _full(b"vmhd", bytes(8), flags=1), _here(), _table(frames, first)),
    )
    return _box(b"moov", movie, _box(b"trak", track, media))


def _here() -> bytes:
    """The frames lie in this very file."""
    return _box(b"dinf", _full(b"dref", struct.pack(">I", 1), _full(b"url ", flags=1)))


def _table(frames: Sequence[bytes], first: int) -> bytes:
    """`stbl`: what a frame is, how long it is shown, how large it is and where it lies (all in one chunk)."""
    count = len(frames)
    sizes = struct.pack(f">II{count}I", 0, count, *(len(frame) for frame in frames))
    return _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1), _entry()),
        _full(b"stts", struct.pack(">III", 1, count, 1)),
        _full(b"stsc", struct.pack(">IIII", 1, 1, count, 1)),
        _full(b"stsz", sizes),
        _full(b"stco", struct.pack(">II", 1, first)),
    )


def _entry() -> bytes:
    """`mp4v` with the descriptor that says JPEG."""
    head = bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">HH", WIDTH, HEIGHT)
    resolution = struct.pack(">II", 72 << 16, 72 << 16)
    tail = bytes(4) + struct.pack(">H", 1) + bytes(32) + struct.pack(">Hh", 24, -1)
    decoder = _descriptor(4, struct.pack(">BB", _JPEG_OBJECT, 0x11), bytes(11))
    stream = _descriptor(3, struct.pack(">HB", 1, 0), decoder, _descriptor(6, b"\x02"))
    return _box(b"mp4v", head, resolution, tail, _full(b"esds", stream))


def _descriptor(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">BB", tag, len(body)) + body


def _box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def _full(name: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return _box(name, struct.pack(">I", flags), *parts)
