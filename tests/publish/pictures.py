"""Pictures for tests: small PNGs and JPEGs of one colour, each its own bytes, laid into the media library."""

import hashlib
import io
import struct
import zlib
from uuid import UUID

from PIL import Image
from sqlalchemy import select

from libs.common import models as m
from libs.common.ids import new_id
from tests.publish.newsroom import Newsroom


def png(width: int = 64, height: int = 48, colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    rows = (b"\x00" + bytes(colour) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    written = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def jpg(number: int = 0, width: int = 64, height: int = 48) -> bytes:
    """What every platform takes; another number, other bytes."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, number % 250, 30)).save(out, "JPEG", comment=f"Ảnh {number}")
    return out.getvalue()


async def shelve(
    newsroom: Newsroom,
    data: bytes,
    alt: str = "Bản đồ khu vực ngập",
    size: tuple[int, int] = (64, 48),
    mime: str = "image/png",
) -> UUID:
    """A picture of the newsroom's unit; the id that a publication shows it by."""
    key, digest = newsroom.resources.files.put(data), hashlib.sha256(data).digest()
    medium_id, now = new_id(newsroom.clock.now()), newsroom.clock.now()
    shape = {"mime": mime, "size": len(data), "width": size[0], "height": size[1]}
    async with newsroom.db.transaction() as session:
        somebody = await session.scalar(select(m.Person.id).limit(1))
        assert somebody is not None
        told = {"unit_id": newsroom.bulletin.unit_id, "alt": alt, "created_by": somebody, "created_at": now}
        session.add(m.Medium(id=medium_id, sha256=digest, **told, **shape))
        await session.flush()
        session.add(m.MediaFile(medium_id=medium_id, role="original", sha256=digest, key=key, **shape))
    return medium_id
