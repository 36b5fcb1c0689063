"""Files of pictures, judged by their bytes: which format, where the picture ends, and what is hidden besides it.

Imports nothing of ours: the cleaning of pictures runs apart (see images.py).
"""

import mmap
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Buffer = bytes | mmap.mmap
FOREIGN = re.compile(
    rb"<script|<html|<!doctype|<\?php|<svg[\s>]|%PDF-|\x7fELF|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|#!/(?:usr/)?bin/",
    re.IGNORECASE,
)
"""Beginnings of what a browser, a reader or a shell would run."""
HEAD = 4096


@dataclass(frozen=True)
class Reason:
    """Why a file is not taken and what to do instead, in Vietnamese; and in English for the log."""

    vi: str
    en: str


TRUNCATED = Reason("Tệp bị cắt cụt, chưa tải lên trọn vẹn; hãy lấy lại tệp gốc và gửi lại.", "truncated file")
DAMAGED = Reason(
    "Không đọc được ảnh này; hãy mở bằng phần mềm ảnh, lưu lại thành JPEG hoặc PNG rồi gửi lại.", "damaged"
)
FOREIGN_INSIDE = Reason(
    "Tệp ảnh chứa kèm nội dung của một loại tệp khác; hãy mở ảnh, lưu lại thành JPEG hoặc PNG rồi gửi lại.",
    "another format inside",
)


class BadPicture(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.en)
        self.reason = reason


def mime_of(head: bytes) -> str | None:
    """By the first bytes of a file, whatever its name says; None where it is no picture that is taken."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def _jpeg_end(data: Buffer) -> int:
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise BadPicture(DAMAGED)
        marker = data[at + 1]
        if marker == 0xD9:
            return at + 2
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4])
        if marker == 0xFE and FOREIGN.search(data[at : at + 2 + length]):
            raise BadPicture(FOREIGN_INSIDE)
        at += 2 + length
        if marker == 0xDA:
            found = _JPEG_MARKER.search(data, at)
            if found is None:
                raise BadPicture(TRUNCATED)
            at = found.start()
    if data[at : at + 2] == b"\xff\xd9":
        return at + 2
    raise BadPicture(TRUNCATED)


_JPEG_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")


def _png_end(data: Buffer) -> int:
    at = 8
    while at + 12 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        at += 12 + length
        if kind == b"IEND":
            return at
    raise BadPicture(TRUNCATED)


def _webp_end(data: Buffer) -> int:
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise BadPicture(TRUNCATED)
    return end


def _gif_end(data: Buffer) -> int:
    *_, (_, end) = _gif_blocks(data)
    return end


END_OF: dict[str, Callable[[Buffer], int]] = {
    "image/jpeg": _jpeg_end,
    "image/png": _png_end,
    "image/webp": _webp_end,
    "image/gif": _gif_end,
}


def _gif_blocks(data: Buffer) -> Iterator[tuple[int, int]]:
    """Where each block begins and ends: the header with its colours first, the trailer last."""
    at = 13 + _gif_colours(data, 10)
    yield 0, at
    while at < len(data):
        begin, kind = at, data[at]
        if kind == 0x3B:
            yield begin, at + 1
            return
        if kind == 0x21:
            at = _gif_sub_blocks(data, at + 2)
        elif kind == 0x2C:
            at = _gif_sub_blocks(data, at + 11 + _gif_colours(data, at + 9))
        else:
            raise BadPicture(DAMAGED)
        yield begin, at
    raise BadPicture(TRUNCATED)


def _gif_colours(data: Buffer, at: int) -> int:
    if at >= len(data):
        raise BadPicture(TRUNCATED)
    flags = data[at]
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_sub_blocks(data: Buffer, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    if at >= len(data):
        raise BadPicture(TRUNCATED)
    return at + 1


def gif_without_words(data: bytes) -> Iterator[bytes]:
    """The picture blocks, their timing and the loop; no comments, plain text or other programs' blocks (XMP)."""
    for begin, end in _gif_blocks(data):
        block = data[begin:end]
        if begin and block[0] == 0x21 and block[1] != 0xF9 and block[3:14] != b"NETSCAPE2.0":
            continue
        yield block


def ends_as_archive(data: Buffer) -> bool:
    """Whether a ZIP's end record closes the file: unpackers read from there and do not mind what comes before."""
    tail = data[-65_557:]
    at = tail.rfind(b"PK\x05\x06")
    return at >= 0 and at + 22 <= len(tail) and int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail) - at - 22
