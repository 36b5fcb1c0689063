"""Taking an uploaded file: streamed to disk as it comes, judged by its first bytes, and never whole in memory.

The file has no name on the disk, so that nothing is left of it, whatever happens.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from services.publish import formats, video
from services.publish.media_problems import UnsupportedMedium, UploadIncomplete, UploadTooLarge
from services.publish.settings import MediaSettings

if TYPE_CHECKING:  # the library has it for type checkers alone
    from python_multipart.multipart import MultipartCallbacks

HEAD = 32
PIECE = 256 * 1024
MAX_FIELD = 8192
MAX_PARTS = 20
MEGABYTE = 1_000_000
OVERHEAD = 64 * 1024
"""Bytes of a form besides its file."""
TAKEN = "ảnh JPEG, PNG, WebP, GIF hoặc video MP4, MOV"


@dataclass(frozen=True)
class Upload:
    """`file` stands at its beginning; `is_video` by content."""

    file: IO[bytes]
    size: int
    is_video: bool
    fields: dict[str, str]


@asynccontextmanager
async def receive(request: Request, folder: Path, limits: MediaSettings) -> AsyncIterator[Upload]:
    """The file `file` of a multipart form and the form's other fields; raises the problems named above."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise UploadIncomplete("Hãy gửi biểu mẫu multipart/form-data có phần “file”.")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max(limits.video_bytes, limits.image_bytes) + OVERHEAD:
        raise _too_large("Video", limits.video_bytes)
    with _unnamed(folder) as file:
        form = _Form(file, limits)
        try:
            await _take(request, form, MultipartParser(boundary, form.callbacks()))
        except (FormParserError, ClientDisconnect, UnicodeDecodeError) as error:
            raise UploadIncomplete("Việc tải lên bị đứt quãng; hãy gửi lại.") from error
        if not form.is_whole or form.is_video is None:
            raise UploadIncomplete("Không thấy tệp trong biểu mẫu (phần “file”), hoặc việc tải lên bị đứt quãng.")
        file.seek(0)
        yield Upload(file, form.size, form.is_video, form.fields)


def _unnamed(folder: Path) -> IO[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder)


async def _take(request: Request, form: "_Form", parser: MultipartParser) -> None:
    async for chunk in request.stream():
        parser.write(chunk)
        if form.waiting >= PIECE:
            await asyncio.to_thread(form.flush)
    parser.finalize()
    await asyncio.to_thread(form.flush)


@dataclass
class _Form:
    """What the parser calls back; of the file only what has not been written yet is held."""

    file: IO[bytes]
    limits: MediaSettings
    fields: dict[str, str] = field(default_factory=dict)
    size: int = 0
    is_video: bool | None = None
    is_whole: bool = False
    _held: bytearray = field(default_factory=bytearray)
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _header: list[bytearray] = field(default_factory=lambda: [bytearray(), bytearray()])
    _name: str = ""
    _value: bytearray = field(default_factory=bytearray)
    _parts: int = 0

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self.part_begin,
            "on_part_data": self.part_data,
            "on_part_end": self.part_end,
            "on_header_field": self.header_field,
            "on_header_value": self.header_value,
            "on_header_end": self.header_end,
            "on_headers_finished": self.headers_finished,
            "on_end": self.end,
        }

    @property
    def waiting(self) -> int:
        return len(self._held)

    def flush(self) -> None:
        self.file.write(self._held)
        self._held.clear()

    def part_begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise UploadIncomplete("Biểu mẫu có quá nhiều phần.")
        self._headers.clear()
        self._value.clear()

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0] += data[start:end]
        self._require_short()

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1] += data[start:end]
        self._require_short()

    def _require_short(self) -> None:
        if len(self._header[0]) + len(self._header[1]) > MAX_FIELD or len(self._headers) > MAX_PARTS:
            raise UploadIncomplete("Phần đầu của biểu mẫu quá dài.")

    def header_end(self) -> None:
        name, value = (bytes(part) for part in self._header)
        self._headers[name.lower()] = value
        self._header = [bytearray(), bytearray()]

    def headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._name = options.get(b"name", b"").decode()
        if self._name == "file" and self.size:
            raise UploadIncomplete("Mỗi lần chỉ gửi một tệp.")

    def part_data(self, data: bytes, start: int, end: int) -> None:
        piece = data[start:end]
        if self._name == "file":
            self._file_data(piece)
        else:
            self._value += piece
            if len(self._value) > MAX_FIELD:
                raise UploadIncomplete(f"Trường “{self._name[:40]}” quá dài.")

    def part_end(self) -> None:
        if self._name == "file":
            self._judge(last=True)
        else:
            self.fields[self._name] = bytes(self._value).decode()

    def end(self) -> None:
        self.is_whole = True

    def _file_data(self, piece: bytes) -> None:
        self._held += piece
        self.size += len(piece)
        self._judge()
        most = self.limits.video_bytes if self.is_video else self.limits.image_bytes
        if self.size > most:
            raise _too_large("Video" if self.is_video else "Ảnh", most)

    def _judge(self, *, last: bool = False) -> None:
        """Once, as soon as there is enough to tell by, so that nobody uploads for an hour in vain."""
        if self.is_video is None and (last or self.size >= HEAD):
            head = bytes(self._held[:HEAD])
            self.is_video = formats.mime_of(head) is None
            if self.is_video and not video.is_video(head):
                raise UnsupportedMedium(_what_instead(head))


def _what_instead(head: bytes) -> str:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:256].lower()
    if text.startswith((b"<?xml", b"<svg", b"<!doctype svg", b"<!--")):
        return f"Không nhận SVG, vì tệp SVG có thể mang mã lệnh; hãy xuất hình thành PNG. Các loại nhận: {TAKEN}."
    if not head:
        return "Tệp rỗng; hãy chọn lại tệp."
    return f"Chỉ nhận {TAKEN}, xét theo nội dung chứ không theo tên tệp; hãy lưu lại thành một trong các loại đó."


def _too_large(what: str, most: int) -> UploadTooLarge:
    return UploadTooLarge(f"{what} nặng hơn {most / MEGABYTE:.0f} MB; hãy giảm kích thước hoặc độ dài rồi gửi lại.")
