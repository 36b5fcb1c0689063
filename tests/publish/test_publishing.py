"""From a draft to the public page, over HTTP and the worker's loops."""

import re
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.db import Database
from tests.publish.newsroom import API, Newsroom


async def events(db: Database, subject: str) -> list[dict[str, Any]]:
    async with db.transaction() as session:
        query = select(m.OutboxEvent.payload).where(m.OutboxEvent.subject == subject).order_by(m.OutboxEvent.id)
        return list(await session.scalars(query))


@pytest.mark.mission("M36")
async def test_a_draft_becomes_a_public_page(newsroom: Newsroom) -> None:
    made = await newsroom.draft(affects_rights=True, source_note="Thông báo 412/TB-SXD")
    assert (made["state"], made["revision"], made["slug"]) == ("draft", 1, "dieu-chinh-lo-trinh-xe-buyt-so-32")
    assert (await newsroom.client.get(f"/tin/{made['slug']}")).status_code == 404
    await newsroom.act("submit", made, newsroom.editor)
    approved = await newsroom.act("approve", made, newsroom.speaker, content_hash=made["content_hash"])
    assert approved.json()["state"] == "approved"
    assert await newsroom.deliver() == 1
    done = await newsroom.read(made)
    assert done["state"] == "published"
    assert [d["state"] for d in done["deliveries"]] == ["published"]
    assert done["deliveries"][0]["platform_url"] == f"https://tin.example.vn/tin/{made['slug']}"
    page = await newsroom.client.get(f"/tin/{made['slug']}")
    assert page.status_code == 200
    assert made["title"] in page.text
    assert "Thông báo 412/TB-SXD" in page.text
    assert "Liên quan trực tiếp đến quyền" in (await newsroom.client.get("/")).text
    assert made["title"] in (await newsroom.client.get("/feed.rss")).text
    assert made["slug"] in (await newsroom.client.get("/sitemap.xml")).text
    assert made["slug"] in (await newsroom.client.get("/sitemap-news.xml")).text
    assert made["title"] in (await newsroom.client.get("/thang/2026-11")).text


async def test_what_was_done_is_told_once(newsroom: Newsroom) -> None:
    done = await newsroom.published()
    await newsroom.deliver()
    assert len(await events(newsroom.db, "lantoa.publication.approved.v1")) == 1
    [confirmed] = await events(newsroom.db, "lantoa.delivery.confirmed.v1")
    assert (confirmed["state"], confirmed["publication_id"]) == ("published", done["id"])
    [published] = await events(newsroom.db, "lantoa.publication.published.v1")
    assert published["url"] == f"https://tin.example.vn/tin/{done['slug']}"
    assert published["title"] == done["title"]


async def test_a_scheduled_publication_waits_for_its_time(newsroom: Newsroom) -> None:
    at = newsroom.clock.now() + timedelta(hours=2)
    made = await newsroom.approved(scheduled_at=at.isoformat())
    assert made["state"] == "scheduled"
    assert await newsroom.deliver() == 0
    newsroom.clock.advance(timedelta(hours=2))
    assert await newsroom.deliver() == 1
    assert (await newsroom.read(made))["state"] == "published"


@pytest.mark.mission("M29")
async def test_preview_is_what_is_sent(newsroom: Newsroom) -> None:
    made = await newsroom.draft()
    url = f"{API}/publications/{made['id']}/preview"
    before = (await newsroom.client.get(url, headers=newsroom.editor)).json()
    assert before["content_hash"] == made["content_hash"]
    await newsroom.act("submit", made, newsroom.editor)
    await newsroom.act("approve", made, newsroom.speaker, content_hash=made["content_hash"])
    await newsroom.deliver()
    async with newsroom.db.transaction() as session:
        delivery = await session.scalar(select(m.Delivery))
    assert delivery is not None
    assert delivery.handle["sending"]["payload"] == before["channels"][0]["payload"]


async def test_submitting_tells_the_spokespersons(newsroom: Newsroom) -> None:
    made = await newsroom.draft()
    await newsroom.act("submit", made, newsroom.editor)
    async with newsroom.db.transaction() as session:
        [told] = list(await session.scalars(select(m.Notification)))
    assert (told.kind, told.role, str(told.object_id)) == ("approval_needed", "spokesperson", made["id"])
    assert made["title"] in told.subject


@pytest.mark.mission("M36")
async def test_the_bulletin_stands_when_the_database_is_down(newsroom: Newsroom, database: str, postgres: Any) -> None:
    done = await newsroom.published()
    admin = await asyncpg.connect(postgres.url("postgres").replace("+asyncpg", ""))
    service = await asyncpg.connect(postgres.url("postgres", "lantoa_publish").replace("+asyncpg", ""))
    await admin.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
    await service.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = current_user",
        database,
    )
    await service.close()
    try:
        assert (await newsroom.client.get("/health/ready")).status_code == 503
        for path in ("/", f"/tin/{done['slug']}", "/feed.rss", "/feed.atom", "/feed.json", "/sitemap-news.xml"):
            assert (await newsroom.client.get(path)).status_code == 200, path
    finally:
        await admin.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
        await admin.close()


async def test_pages_answer_conditional_requests(newsroom: Newsroom) -> None:
    done = await newsroom.published()
    for path in ("/", f"/tin/{done['slug']}", "/feed.rss", "/feed.atom", "/feed.json"):
        first = await newsroom.client.get(path)
        tag, changed = first.headers["etag"], first.headers["last-modified"]
        assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
        again = await newsroom.client.get(path, headers={"If-None-Match": f'"x", W/{tag}'})
        assert (again.status_code, again.content) == (304, b"")
        assert (await newsroom.client.get(path, headers={"If-Modified-Since": changed})).status_code == 304
        other = {"If-None-Match": '"x"', "If-Modified-Since": changed}
        assert (await newsroom.client.get(path, headers=other)).status_code == 200
        beyond = {"If-Modified-Since": "Tue, 24 Nov 99999999999999999999 08:00:00 GMT"}
        assert (await newsroom.client.get(path, headers=beyond)).status_code == 200
    assert "default-src 'none'" in first.headers.get("content-security-policy", "")


@pytest.mark.parametrize("path", ["/tin/khong-co", "/tin/..%2F..%2Fetc", "/thang/2020-01", "/thang/x", "/feed.exe"])
async def test_what_is_not_there_is_a_page_in_vietnamese(newsroom: Newsroom, path: str) -> None:
    missing = await newsroom.client.get(path)
    assert missing.status_code == 404


async def test_two_with_the_same_title_get_two_addresses(newsroom: Newsroom) -> None:
    first, second = await newsroom.draft(), await newsroom.draft()
    assert first["slug"] != second["slug"]
    assert second["slug"].startswith(first["slug"])


async def test_lists_are_pages(newsroom: Newsroom) -> None:
    made = [await newsroom.draft(title=f"Tin {n}") for n in range(3)]
    url = f"{API}/publications?limit=2"
    first = (await newsroom.client.get(url, headers=newsroom.editor)).json()
    rest = (await newsroom.client.get(f"{url}&cursor={first['next_cursor']}", headers=newsroom.editor)).json()
    assert [p["id"] for p in first["items"] + rest["items"]] == [p["id"] for p in reversed(made)]
    assert rest["next_cursor"] is None
