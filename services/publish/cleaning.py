"""From an upload to files of the media library: cleaned, with smaller renditions, stored by content."""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from libs.common.files import PIECE, FileStore, Stored
from services.publish import formats, images, video
from services.publish.media_problems import MediumUnreadable
from services.publish.uploads import Upload

SECONDS = 60
TOO_HEAVY = "Ảnh này quá nặng để xử lý; hãy thu nhỏ hoặc lưu lại thành JPEG rồi gửi lại."


@dataclass(frozen=True)
class KeptFile:
    role: str
    stored: Stored
    mime: str
    width: int
    height: int


@dataclass(frozen=True)
class Kept:
    """What is in the store now; `files` has the original first. `is_ai_made`: the upload itself said so."""

    mime: str
    width: int
    height: int
    duration_ms: int | None
    is_ai_made: bool
    files: tuple[KeptFile, ...]


async def keep(upload: Upload, files: FileStore, pixels: int, turn: asyncio.Semaphore) -> Kept:
    """Raises MediumUnreadable with the reason and the way out."""
    if upload.is_video:
        return await _keep_video(upload, files)
    async with turn:
        return await _keep_picture(upload, files, pixels)


async def _keep_video(upload: Upload, files: FileStore) -> Kept:
    try:
        read = await asyncio.to_thread(video.read, upload.file, upload.size)
    except video.BadVideo as bad:
        raise MediumUnreadable(bad.reason.vi) from bad
    stored = await files.put_stream(_cleaned(upload.file, read))
    original = KeptFile("original", stored, read.mime, read.width, read.height)
    return Kept(read.mime, read.width, read.height, read.duration_ms, read.is_ai_made, (original,))


async def _cleaned(file: IO[bytes], read: video.Video) -> AsyncIterator[bytes]:
    offset = 0
    async for piece in _pieces(file):
        yield video.cleaned(read, offset, piece)
        offset += len(piece)


async def _keep_picture(upload: Upload, files: FileStore, pixels: int) -> Kept:
    with ExitStack() as stack:
        outs = [stack.enter_context(_unnamed(files.root)) for _ in images.ROLES]
        told = await _cleaned_apart(upload.file, outs, pixels)
        if "refused" in told:
            raise MediumUnreadable(told["refused"]["vi"])
        kept: dict[str, KeptFile] = {}
        for out, made in zip(outs, told["files"], strict=True):
            stored = kept[made["same_as"]].stored if made["same_as"] else await files.put_stream(_pieces(out))
            kept[made["role"]] = KeptFile(made["role"], stored, made["mime"], made["width"], made["height"])
    return Kept(told["mime"], told["width"], told["height"], None, told["is_ai_made"], tuple(kept.values()))


def _unnamed(folder: Path) -> IO[bytes]:
    return tempfile.TemporaryFile(dir=folder)


async def _cleaned_apart(source: IO[bytes], outs: Sequence[IO[bytes]], pixels: int) -> dict[str, Any]:
    """`images` as a program of its own: what a hostile picture breaks there breaks alone."""
    numbers = [out.fileno() for out in outs]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        images.__name__,
        *(str(number) for number in (pixels, *numbers)),
        stdin=source.fileno(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        pass_fds=numbers,
        env={},
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), SECONDS)
        told: dict[str, Any] = json.loads(said)
    except TimeoutError as error:
        raise MediumUnreadable(TOO_HEAVY) from error
    except ValueError as error:  # it ended without a word: out of memory, out of time, or a broken decoder
        raise MediumUnreadable(formats.DAMAGED.vi) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return told


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    file.seek(0)
    while piece := await asyncio.to_thread(file.read, PIECE):
        yield piece
