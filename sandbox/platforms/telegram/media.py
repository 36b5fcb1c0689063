"""Files that came by upload or were fetched: looked into, measured, and kept by their hash."""

import hashlib
import mimetypes
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from sandbox.platforms.telegram import rules
from sandbox.platforms.telegram.wire import BadRequest, File, Json


@dataclass(frozen=True, slots=True)
class Medium:
    """A file as a message holds it; `kind` is photo, video or document."""

    kind: str
    sha256: str
    size: int
    mime: str
    name: str = ""
    width: int = 0
    height: int = 0
    duration: int = 0

    @property
    def file_id(self) -> str:
        return f"AgAC{self.kind[0]}{self._short(24)}"

    def as_json(self) -> Json:
        """The value of the message's field of this kind."""
        told: Json = {"file_id": self.file_id, "file_unique_id": self._short(12), "file_size": self.size}
        match self.kind:
            case "photo":
                return {"photo": [{**told, "width": self.width, "height": self.height}]}
            case "video":
                shown = {"width": self.width, "height": self.height, "duration": self.duration}
                return {"video": {**told, **shown, "mime_type": self.mime, "file_name": self.name}}
            case _:
                return {"document": {**told, "mime_type": self.mime, "file_name": self.name}}

    def _short(self, length: int) -> str:
        return urlsafe_b64encode(bytes.fromhex(self.sha256)).decode()[:length]


class Files:
    """Known by hash and by file_id; forgotten when the sandbox ends."""

    def __init__(self) -> None:
        self._bodies: dict[str, bytes] = {}
        self._known: dict[str, Medium] = {}

    def keep(self, kind: str, file: File, facts: dict[str, int]) -> Medium:
        medium = _looked_at(kind, file, facts)
        self._bodies[medium.sha256], self._known[medium.file_id] = file.body, medium
        return medium

    def by_id(self, kind: str, file_id: str) -> Medium:
        found = self._known.get(file_id)
        if found is None:
            raise BadRequest("wrong file identifier/HTTP URL specified")
        if found.kind != kind:
            raise BadRequest(f"can't use file of type {found.kind.title()} as {kind.title()}")
        return found

    def body(self, sha256: str) -> bytes | None:
        return self._bodies.get(sha256)

    def clear(self) -> None:
        self._bodies.clear()
        self._known.clear()


def _looked_at(kind: str, file: File, facts: dict[str, int]) -> Medium:
    digest, size = hashlib.sha256(file.body).hexdigest(), len(file.body)
    if not size:
        raise BadRequest("file must be non-empty")
    most = rules.PHOTO_BYTES if kind == "photo" else rules.FILE_BYTES
    if size > most:
        raise BadRequest(f"file of size {size} bytes is too big for a {kind}; the maximum size is {most} bytes")
    mime = mimetypes.guess_type(file.name)[0] or file.mime
    if kind == "photo":
        width, height, mime = _require_photo(file.body)
        return Medium(kind, digest, size, mime, file.name, width, height)
    if kind == "video" and file.body[4:8] not in rules.VIDEO_TYPES:
        kind = "document"
    return Medium(kind, digest, size, mime, file.name, **(facts if kind == "video" else {}))


def _require_photo(body: bytes) -> tuple[int, int, str]:
    found = image_size(body)
    if found is None:
        raise BadRequest("IMAGE_PROCESS_FAILED")
    width, height, _ = found
    longer, shorter = max(width, height), min(width, height)
    if not shorter or width + height > rules.PHOTO_SIDES or longer > rules.PHOTO_RATIO * shorter:
        raise BadRequest("PHOTO_INVALID_DIMENSIONS")
    return found


def image_size(body: bytes) -> tuple[int, int, str] | None:
    """Width, height and media type, read from the bytes; None where they are no image that the platform takes."""
    if body[:8] == b"\x89PNG\r\n\x1a\n" and body[12:16] == b"IHDR":
        return _big(body, 16), _big(body, 20), "image/png"
    if body[:6] in (b"GIF87a", b"GIF89a"):
        return _little(body, 6, 2), _little(body, 8, 2), "image/gif"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return _webp(body)
    if body[:2] == b"\xff\xd8":
        return _jpeg(body)
    return None


def _jpeg(body: bytes) -> tuple[int, int, str] | None:
    at = 2
    while at + 9 < len(body) and body[at] == 0xFF:
        marker = body[at + 1]
        if marker == 0xFF:
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(body[at + 7 : at + 9]), int.from_bytes(body[at + 5 : at + 7]), "image/jpeg"
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
        else:
            at += 2 + int.from_bytes(body[at + 2 : at + 4])
    return None


def _webp(body: bytes) -> tuple[int, int, str] | None:
    match body[12:16]:
        case b"VP8X":
            return _little(body, 24, 3) + 1, _little(body, 27, 3) + 1, "image/webp"
        case b"VP8 ":
            return _little(body, 26, 2) & 0x3FFF, _little(body, 28, 2) & 0x3FFF, "image/webp"
        case b"VP8L":
            bits = _little(body, 21, 4)
            return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1, "image/webp"
        case _:
            return None


def _big(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 4])


def _little(body: bytes, at: int, length: int) -> int:
    return int.from_bytes(body[at : at + length], "little")


def facts_of(values: dict[str, Any]) -> dict[str, int]:
    """What the caller says of a video."""
    told = {name: str(values.get(name, "0")) for name in ("width", "height", "duration")}
    return {name: int(value) if value.isdecimal() else 0 for name, value in told.items()}
