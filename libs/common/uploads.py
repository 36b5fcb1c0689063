"""A file that somebody sends: the body itself, or the part `file` of a form. Bounded, and held in memory alone."""

from collections.abc import AsyncGenerator

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser


class UploadRefused(ValueError):
    """What is wrong with it, in Vietnamese: too big, or no form with a file."""


class UploadTooBig(UploadRefused):
    """Larger than what is taken."""


async def read_upload(request: Request, most: int) -> bytes:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return b"".join([chunk async for chunk in _bounded(request, most)])
    parser = MultiPartParser(request.headers, _bounded(request, most), max_files=1, max_fields=10)
    parser.spool_max_size = 2 * most  # never a temporary file
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise UploadRefused("Biểu mẫu gửi lên không đọc được.") from error
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise UploadRefused("Biểu mẫu cần có phần “file”.")
    try:
        return await file.read()
    finally:
        await form.close()


async def read_beginning(request: Request, most: int) -> bytes:
    """No more of the body than that."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) >= most:
            break
    return body[:most]


async def _bounded(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise UploadTooBig(f"Giới hạn là {most // 1024**2} MB.")
        yield chunk
