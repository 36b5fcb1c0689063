"""The media library in tests: pictures made on the spot, uploaded as an editor does."""

import io
from typing import Any

import httpx
from PIL import Image

from tests.publish.newsroom import API, Newsroom


def jpeg(width: int = 640, height: int = 400, colour: tuple[int, int, int] = (30, 90, 60), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "JPEG", **options)
    return out.getvalue()


async def send(newsroom: Newsroom, data: bytes, name: str = "anh.jpg", **words: str) -> httpx.Response:
    files = {"file": (name, data, "application/octet-stream")}
    return await newsroom.client.post(f"{API}/media", files=files, data=words, headers=newsroom.editor)


async def upload(newsroom: Newsroom, data: bytes | None = None, **words: str) -> dict[str, Any]:
    words = {"alt": "Xe buýt số 32 ở bến Giáp Bát", **words}
    made = await send(newsroom, jpeg() if data is None else data, **words)
    assert made.status_code == 201, made.text
    return dict(made.json())
