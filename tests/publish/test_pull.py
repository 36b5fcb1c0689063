"""A platform fetches a file by its signed address, until it ends, and nothing else."""

import hashlib
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from tests.publish.newsroom import Newsroom

PICTURE = b"\xff\xd8\xff\xe0 not a whole picture, but bytes"
SHA = hashlib.sha256(PICTURE).hexdigest()


@pytest.fixture
def path(newsroom: Newsroom) -> str:
    newsroom.resources.files.put(PICTURE)
    return urlsplit(newsroom.resources.tools.media.link(SHA, "image/jpeg", timedelta(hours=1))).path


async def test_the_address_gives_the_file_and_its_type(newsroom: Newsroom, path: str) -> None:
    got = await newsroom.client.get(path)
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, PICTURE, "image/jpeg")
    assert got.headers["x-content-type-options"] == "nosniff"
    head = await newsroom.client.head(path)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(PICTURE)))


async def test_a_platform_may_fetch_it_in_pieces(newsroom: Newsroom, path: str) -> None:
    got = await newsroom.client.get(path, headers={"Range": "bytes=4-7"})
    assert (got.status_code, got.content) == (206, PICTURE[4:8])


async def test_it_ends(newsroom: Newsroom, path: str) -> None:
    newsroom.clock.advance(timedelta(hours=1, seconds=1))
    assert (await newsroom.client.get(path)).status_code == 404


@pytest.mark.parametrize("change", ["end", "signature", "file", "type"])
async def test_a_changed_address_gives_nothing(newsroom: Newsroom, path: str, change: str) -> None:
    _, m, end, signature, name = path.split("/")
    other = hashlib.sha256(b"another file of the library").hexdigest()
    newsroom.resources.files.put(b"another file of the library")
    changed = {
        "end": f"/{m}/{int(end) + 1}/{signature}/{name}",
        "signature": f"/{m}/{end}/{'0' * 64}/{name}",
        "file": f"/{m}/{end}/{signature}/{other}.jpg",
        "type": f"/{m}/{end}/{signature}/{SHA}.png",
    }
    assert (await newsroom.client.get(changed[change])).status_code == 404


async def test_a_file_that_is_gone_is_not_there(newsroom: Newsroom, path: str) -> None:
    newsroom.resources.files.delete(f"objects/{SHA[:2]}/{SHA}")
    assert (await newsroom.client.get(path)).status_code == 404
