"""Withdrawing on the bulletin: the page says so, the lists forget it, and nothing that waits is sent."""

from datetime import timedelta

import feedparser
import pytest
from sqlalchemy import text

from libs.common.files import FileStore
from tests.publish.newsroom import API, Newsroom


@pytest.mark.mission("M30")
async def test_a_withdrawn_page_is_gone_and_says_why(newsroom: Newsroom) -> None:
    done = await newsroom.published()
    newsroom.clock.advance(timedelta(minutes=10))
    asked = await newsroom.act("withdraw", done, newsroom.speaker, reason="Sai ngày áp dụng")
    assert asked.status_code == 200
    assert [d["state"] for d in asked.json()["deliveries"]] == ["withdrawing"]
    assert await newsroom.take_down() == 1
    now = await newsroom.read(done)
    assert (now["state"], now["withdrawn_reason"]) == ("withdrawn", "Sai ngày áp dụng")
    assert [d["state"] for d in now["deliveries"]] == ["withdrawn"]
    page = await newsroom.client.get(f"/tin/{done['slug']}")
    assert page.status_code == 410
    assert "Sai ngày áp dụng" in page.text
    assert done["title"] not in page.text
    for path in ("/", "/feed.rss", "/feed.json", "/sitemap.xml", "/sitemap-news.xml"):
        assert done["title"] not in (await newsroom.client.get(path)).text, path
    assert "deleted-entry" in (await newsroom.client.get("/feed.atom")).text
    assert feedparser.parse((await newsroom.client.get("/feed.atom")).content).entries == []


@pytest.mark.mission("M30")
async def test_the_text_is_gone_from_the_disk_too(newsroom: Newsroom, files: FileStore) -> None:
    done = await newsroom.published(body="Đoạn văn cần gỡ khỏi mọi nơi.")
    await newsroom.act("withdraw", done, newsroom.speaker, reason="Lộ thông tin cá nhân")
    await newsroom.take_down()
    left = [p for p in files.root.rglob("*") if p.is_file() and "Đoạn văn cần gỡ".encode() in p.read_bytes()]
    assert left == []


@pytest.mark.mission("M30")
async def test_one_spokesperson_withdraws_and_an_editor_does_not(newsroom: Newsroom) -> None:
    done = await newsroom.published()
    refused = await newsroom.act("withdraw", done, newsroom.editor, reason="Sai")
    assert refused.status_code == 403
    assert (await newsroom.act("withdraw", done, newsroom.second_speaker, reason="Sai")).status_code == 200
    again = await newsroom.act("withdraw", done, newsroom.speaker, reason="Sai")
    assert again.status_code == 409


async def test_what_was_never_sent_is_killed_and_stays_unsent(newsroom: Newsroom) -> None:
    made = await newsroom.approved(scheduled_at=(newsroom.clock.now() + timedelta(hours=1)).isoformat())
    killed = await newsroom.act("withdraw", made, newsroom.speaker, reason="Không còn cần")
    assert killed.json()["state"] == "killed"
    newsroom.clock.advance(timedelta(hours=2))
    assert await newsroom.deliver() == 0
    assert (await newsroom.client.get(f"/tin/{made['slug']}")).status_code == 404


async def test_a_published_item_cannot_be_edited(newsroom: Newsroom) -> None:
    done = await newsroom.published()
    url = f"{API}/publications/{done['id']}"
    refused = await newsroom.client.patch(url, json={"title": "Sửa lén"}, headers=newsroom.editor)
    assert refused.status_code == 409
    assert "cải chính" in refused.json()["detail"]


@pytest.mark.mission("M30")
async def test_what_was_refused_and_then_killed_is_not_shown_on_the_bulletin(newsroom: Newsroom) -> None:
    """Its delivery was armed once and ended without a page: nothing of it may come up with the next printing."""
    made = await newsroom.approved(title="Chưa từng ra ngoài")
    async with newsroom.db.transaction() as session:
        arming = "UPDATE deliveries SET state = 'rejected', committed_at = :now WHERE publication_id = :id"
        await session.execute(text(arming), {"now": newsroom.clock.now(), "id": made["id"]})
        await session.execute(text("UPDATE publications SET state = 'failed' WHERE id = :id"), {"id": made["id"]})
    killed = await newsroom.act("withdraw", made, newsroom.speaker, reason="Không còn cần")
    assert killed.json()["state"] == "killed"
    await newsroom.published(title="Tin khác")
    front = (await newsroom.client.get("/")).text
    assert "Tin khác" in front
    assert "Chưa từng ra ngoài" not in front
    assert "Chưa từng ra ngoài" not in (await newsroom.client.get("/feed.json")).text
