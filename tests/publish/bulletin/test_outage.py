"""The database is gone, and 200 readers still get the last pages, over real connections; only search says so."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from libs.common.testing.plugin import TestServer
from tests.outage import SwitchOff, switch_of
from tests.publish.newsroom import Newsroom
from tests.publish.test_webpush_browser import served

READERS = 200


@pytest.fixture
async def address(newsroom: Newsroom) -> AsyncIterator[str]:
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    async with served(newsroom.client._transport.app, door):  # type: ignore[attr-defined]
        yield f"http://127.0.0.1:{door.getsockname()[1]}"


@pytest.fixture
async def switch_off(postgres: TestServer, database: str) -> AsyncIterator[SwitchOff]:
    async with switch_of(postgres, database, "lantoa_publish") as off:
        yield off


@pytest.mark.mission("M36")
async def test_two_hundred_readers_get_the_last_pages_without_the_database(
    newsroom: Newsroom, address: str, switch_off: SwitchOff
) -> None:
    done = await newsroom.published()
    page = f"/tin/{done['slug']}"
    paths = ["/", "/en", page, f"/en{page}", "/thang/2026-11", "/feed.rss", "/feed.atom", "/feed.json", "/sitemap.xml"]
    paths += ["/sitemap-news.xml", "/cap.atom", "/lich.ics"]
    await switch_off()

    async def read(number: int, paths: list[str]) -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=address, timeout=60) as reader:
            mine = [paths[(number + step) % len(paths)] for step in range(3)]
            return [await reader.get(path) for path in mine]

    answers: list[httpx.Response] = []
    for asked in (paths, paths[:5]):  # whole feeds are counted for one network, and all these are of one
        rounds = await asyncio.gather(*(read(number, asked) for number in range(READERS)))
        answers += [each for read_by in rounds for each in read_by]
        newsroom.clock.advance(timedelta(seconds=60))
    assert {each.status_code for each in answers} == {200}
    assert len(answers) == 2 * 3 * READERS
    assert all("stale-if-error=" in each.headers["cache-control"] for each in answers)
    shown = [each for each in answers if each.request.url.path == page]
    assert len(shown) == 51 + 120
    assert all(done["title"] in each.text for each in shown)

    async with httpx.AsyncClient(base_url=address, timeout=60) as reader:
        ready = await reader.get("/health/ready")
        assert ready.status_code == 503, "it was really gone"
        found = await reader.get("/tim", params={"q": "xe buýt"})
        assert (found.status_code, found.headers["retry-after"]) == (503, "30")
        assert "Hiện chưa tìm được" in found.text
        assert (await reader.get("/en/tim", params={"q": "bus"})).status_code == 503
        assert (await reader.get("/tim")).status_code == 200


@pytest.mark.parametrize("path", ["/", "/en", "/feed.rss", "/feed.atom", "/feed.json", "/sitemap.xml", "/cap.atom"])
async def test_who_has_it_already_is_told_so_in_a_few_bytes(newsroom: Newsroom, path: str) -> None:
    await newsroom.published()
    whole = await newsroom.client.get(path)
    etag, changed = whole.headers["etag"], whole.headers["last-modified"]
    assert parsedate_to_datetime(changed).utcoffset() is not None
    for asked in ({"If-None-Match": etag}, {"If-None-Match": f'"x", W/{etag}'}, {"If-Modified-Since": changed}):
        again = await newsroom.client.get(path, headers=asked)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert "stale-if-error=" in again.headers["cache-control"]
    other = await newsroom.client.get(path, headers={"If-None-Match": '"x"', "If-Modified-Since": changed})
    assert other.status_code == 200, "If-None-Match wins"
    odd = await newsroom.client.get(path, headers={"If-Modified-Since": "Tue, 24 Nov 2026 05:00:00 -0000"})
    assert odd.status_code in (200, 304)


async def test_what_changes_is_seen_at_once(newsroom: Newsroom) -> None:
    first = await newsroom.published(title="Tin thứ nhất của phường")
    before = await newsroom.client.get("/")
    assert before.headers["cache-control"].startswith("public, max-age=60")
    await newsroom.published(title="Tin thứ hai của phường")
    after = await newsroom.client.get("/", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert "Tin thứ hai" in after.text
    assert first["title"] in after.text


async def test_what_is_withdrawn_is_not_kept_by_a_cache_that_finds_nobody_here(newsroom: Newsroom) -> None:
    done = await newsroom.published()
    await newsroom.act("withdraw", done, newsroom.speaker, reason="Sai ngày, sẽ đăng lại sau")
    await newsroom.take_down()
    for prefix in ("", "/en"):
        gone = await newsroom.client.get(f"{prefix}/tin/{done['slug']}")
        assert (gone.status_code, gone.headers["cache-control"]) == (410, "public, max-age=60")
