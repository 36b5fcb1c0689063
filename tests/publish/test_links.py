"""Short links of our own domain and their clicks, and addresses in a text that lead nowhere."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.testing.make import Make
from services.publish import link_jobs
from services.publish.service import links
from tests.publish.newsroom import API, Newsroom

PHONE = {"User-Agent": "Mozilla/5.0 (Linux; Android 14; vi-VN) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"}
MOVED = "302 Found\r\nLocation: /mat"
CRAWLERS = (
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mastodon/4.3.0 (http.rb/5.2; +https://mastodon.social/)",
    "TelegramBot (like TwitterBot)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Bluesky Cardyb/1.1",
    "curl/8.5",
    "",
)


async def links_of(newsroom: Newsroom, made: dict[str, Any]) -> dict[str, Any]:
    got = await newsroom.client.get(f"{API}/publications/{made['id']}/links", headers=newsroom.editor)
    assert got.status_code == 200, got.text
    [link] = got.json()["links"]
    return dict(link)


async def preview(newsroom: Newsroom, made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    got = await newsroom.client.get(f"{API}/publications/{made['id']}/preview", headers=newsroom.editor)
    return {channel["kind"]: channel for channel in got.json()["channels"]}


@pytest.fixture
async def account(make: Make) -> m.Channel:
    return await make.channel("bluesky", settings={"service": "https://bsky.example"})


def test_a_code_is_fixed_by_publication_and_channel() -> None:
    one, two, channel = uuid4(), uuid4(), uuid4()
    code = links.code_of(one, channel)
    assert code == links.code_of(one, channel)
    assert len(code) == links.LENGTH
    assert set(code) <= set(links.ALPHABET)
    assert len({code, links.code_of(two, channel), links.code_of(one, two), links.code_of(channel, one)}) == 4


async def test_a_channel_carries_the_short_link_and_the_bulletin_its_own(
    newsroom: Newsroom, account: m.Channel
) -> None:
    made = await newsroom.draft(newsroom.bulletin, account)
    link = await links_of(newsroom, made)
    assert link["url"] == f"https://tin.example.vn/l/{link['code']}"
    shown = await preview(newsroom, made)
    assert shown["bluesky"]["link"] == link["url"]
    assert link["url"] in shown["bluesky"]["text"]
    assert shown["own_site"]["link"] == f"https://tin.example.vn/tin/{made['slug']}"
    assert link["target"].endswith(
        f"/tin/{made['slug']}?utm_source=bluesky&utm_medium=social&utm_campaign={made['slug']}"
    )


async def test_a_channel_may_keep_the_long_link(newsroom: Newsroom, make: Make) -> None:
    account = await make.channel("bluesky", settings={"service": "https://bsky.example", "links": "full"})
    made = await newsroom.draft(newsroom.bulletin, account)
    assert (await preview(newsroom, made))["bluesky"]["link"] == f"https://tin.example.vn/tin/{made['slug']}"
    got = await newsroom.client.get(f"{API}/publications/{made['id']}/links", headers=newsroom.editor)
    assert got.json()["links"] == []


async def test_without_a_page_there_is_no_link(newsroom: Newsroom, account: m.Channel) -> None:
    made = await newsroom.draft(account)
    assert (await preview(newsroom, made))["bluesky"]["link"] is None


async def test_the_campaign_is_named_in_the_target_also_when_it_is_chosen_later(
    newsroom: Newsroom, account: m.Channel
) -> None:
    made = await newsroom.draft(newsroom.bulletin, account)
    body = {"year": 2026, "title": "Truyền thông năm 2026"}
    plan = await created(newsroom, "plans", **body)
    months = {"starts_on": "2026-11-01", "ends_on": "2026-12-31"}
    theme = await created(newsroom, f"plans/{plan['id']}/themes", title="Giao thông", **months)
    told = {"title": "Tháng an toàn giao thông", "audience": "Người đi làm", **months}
    campaign = await created(newsroom, f"themes/{theme['id']}/campaigns", **told)
    put = await newsroom.client.put(
        f"{API}/publications/{made['id']}/campaign", json={"campaign_id": campaign["id"]}, headers=newsroom.editor
    )
    assert put.is_success, put.text
    link = await links_of(newsroom, made)
    assert link["target"].endswith("?utm_source=bluesky&utm_medium=social&utm_campaign=thang-an-toan-giao-thong")
    got = await newsroom.client.get(f"/l/{link['code']}", headers=PHONE)
    assert got.headers["location"] == link["target"]


async def created(newsroom: Newsroom, path: str, **body: Any) -> dict[str, Any]:
    made = await newsroom.client.post(f"{API}/{path}", json=body, headers=newsroom.editor)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def test_following_a_link_leads_to_the_page_and_tells_nobody(newsroom: Newsroom, account: m.Channel) -> None:
    made = await newsroom.draft(newsroom.bulletin, account)
    link = await links_of(newsroom, made)
    got = await newsroom.client.get(f"/l/{link['code']}", headers={**PHONE, "Referer": "https://bsky.app/profile/x"})
    assert (got.status_code, got.headers["location"]) == (302, link["target"])
    assert "set-cookie" not in got.headers
    assert got.headers["referrer-policy"] == "no-referrer"
    assert got.headers["cache-control"].startswith("private")
    assert got.headers["x-robots-tag"] == "noindex"


async def test_clicks_are_counted_by_day_and_only_of_readers(newsroom: Newsroom, account: m.Channel) -> None:
    made = await newsroom.draft(newsroom.bulletin, account)
    path = f"/l/{(await links_of(newsroom, made))['code']}"
    for _ in range(3):
        await newsroom.client.get(path, headers=PHONE)
    await newsroom.client.head(path, headers=PHONE)
    for ahead in ({"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}):
        await newsroom.client.get(path, headers={**PHONE, **ahead})
    for agent in CRAWLERS:
        await newsroom.client.get(path, headers={"User-Agent": agent})
    newsroom.clock.advance(timedelta(hours=13))  # past midnight in Hà Nội
    await newsroom.client.get(path, headers=PHONE)
    newsroom.clock.advance(timedelta(hours=-13))  # the editor's token does not last so long
    link = await links_of(newsroom, made)
    assert link["clicks"] == 4
    assert link["days"] == [{"day": "2026-11-24", "clicks": 3}, {"day": "2026-11-25", "clicks": 1}]
    assert link["as_of"].startswith(newsroom.clock.now().isoformat()[:19])
    assert "Không lưu gì về người mở" in link["definition"]


def test_nothing_about_who_followed_can_be_kept() -> None:
    assert [column.name for column in m.LinkClicks.__table__.columns] == ["code", "day", "clicks"]


@pytest.mark.parametrize("code", ["000000000", "khong-co", "..%2F..%2Fetc", "ABCDEFGHJ", "a" * 200])
async def test_an_unknown_code_is_a_page_in_vietnamese(newsroom: Newsroom, code: str) -> None:
    got = await newsroom.client.get(f"/l/{code}", headers=PHONE)
    assert got.status_code == 404


async def test_the_link_of_what_was_withdrawn_leads_to_the_page_that_says_so(
    newsroom: Newsroom, account: m.Channel
) -> None:
    made = await newsroom.approved(newsroom.bulletin, account)
    await newsroom.deliver()
    link = await links_of(newsroom, made)
    await newsroom.act("withdraw", made, newsroom.speaker, reason="Sai ngày áp dụng")
    await newsroom.take_down()
    got = await newsroom.client.get(f"/l/{link['code']}", headers=PHONE)
    page = await newsroom.client.get(httpx.URL(got.headers["location"]).path)
    assert page.status_code == 410
    assert "Sai ngày áp dụng" in page.text


@pytest.mark.mission("M36")
async def test_links_lead_on_when_the_database_is_down(
    newsroom: Newsroom, account: m.Channel, database: str, postgres: Any
) -> None:
    made = await newsroom.approved(newsroom.bulletin, account)
    await newsroom.deliver()
    link = await links_of(newsroom, made)
    admin = await asyncpg.connect(postgres.url("postgres").replace("+asyncpg", ""))
    await admin.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
    service = await asyncpg.connect(postgres.url("postgres", "lantoa_publish").replace("+asyncpg", ""))
    await service.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = current_user", database
    )
    await service.close()
    try:
        got = await newsroom.client.get(f"/l/{link['code']}", headers=PHONE)
        assert (got.status_code, got.headers["location"]) == (302, link["target"])
        assert (await newsroom.client.get("/l/000000000", headers=PHONE)).status_code == 404
    finally:
        await admin.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
        await admin.close()


async def test_a_code_that_is_anothers_is_refused(newsroom: Newsroom, account: m.Channel) -> None:
    """Two of 35 million million may fall together; then the second is refused, and never leads to the first."""
    first, second = await newsroom.draft(), await newsroom.draft()
    taken = links.code_of(UUID(second["id"]), account.id)
    values = {"publication_id": UUID(first["id"]), "channel_id": account.id, "target": "/tin/tin-khac"}
    async with newsroom.db.transaction() as session:
        session.add(m.ShortLink(code=taken, created_at=newsroom.clock.now(), **values))
    body = {"channel_ids": [str(newsroom.bulletin.id), str(account.id)]}
    url = f"{API}/publications/{second['id']}"
    refused = await newsroom.client.patch(url, json=body, headers=newsroom.editor)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:lantoa:problem:short-link-taken")
    got = await newsroom.client.get(f"/l/{taken}", headers=PHONE)
    assert f"/tin/{first['slug']}?" in got.headers["location"]


# --- addresses that lead nowhere ---------------------------------------------------------------------


@pytest.fixture
async def web(newsroom: Newsroom) -> AsyncIterator[str]:
    """Other people's pages, served on loopback, which the newsroom may then reach (as in a replay)."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readline()).decode()
        status = {"/con": "200 OK", "/mat": "404 Not Found", "/het": "410 Gone", "/loi": "503 Busy", "/chuyen": MOVED}
        head = status.get(line.split()[1], "200 OK")
        writer.write(f"HTTP/1.1 {head}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    newsroom.resources = replace(newsroom.resources, replay=True)
    newsroom.client._transport.app.state.resources = newsroom.resources  # type: ignore[attr-defined]
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def check(newsroom: Newsroom, made: dict[str, Any]) -> dict[str, str]:
    done = await newsroom.act("check-links", made, newsroom.editor)
    assert done.status_code == 200, done.text
    return {link["url"]: link["state"] for link in done.json()["links"]}


async def test_a_dead_link_is_told_and_keeps_from_submitting(newsroom: Newsroom, web: str) -> None:
    made = await newsroom.draft(
        body=f"Xem {web}/con, {web}/mat và {web}/loi.", source_note=f"Thông báo {web}/het", summary=f"{web}/chuyen"
    )
    assert await check(newsroom, made) == {
        f"{web}/con": "alive",
        f"{web}/mat": "dead",
        f"{web}/loi": "unclear",
        f"{web}/het": "dead",
        f"{web}/chuyen": "dead",
    }
    refused = await newsroom.act("submit", made, newsroom.editor)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:lantoa:problem:dead-links")
    assert f"{web}/mat" in refused.json()["detail"]
    assert "Hãy sửa hoặc bỏ liên kết" in refused.json()["detail"]
    body = {"body": f"Xem {web}/con.", "source_note": "Thông báo 12", "summary": ""}
    await newsroom.client.patch(f"{API}/publications/{made['id']}", json=body, headers=newsroom.editor)
    assert (await newsroom.act("submit", made, newsroom.editor)).status_code == 200


async def test_what_is_alive_again_is_settled(newsroom: Newsroom, web: str) -> None:
    made = await newsroom.draft(body=f"Xem {web}/mat.")
    await check(newsroom, made)
    await check(newsroom, made)
    async with newsroom.db.transaction() as session:
        [task] = list(await session.scalars(select(m.Task)))
        assert (task.kind, task.link, task.state) == ("dead_link", f"{web}/mat", "open")
    done = await newsroom.client.post(
        f"{API}/tasks/{task.id}/done", json={"evidence_url": f"{web}/con"}, headers=newsroom.editor
    )
    assert done.status_code == 200, done.text
    assert (await newsroom.act("submit", made, newsroom.editor)).status_code == 200


async def test_the_worker_looks_at_fresh_drafts_by_itself(newsroom: Newsroom, web: str) -> None:
    made = await newsroom.draft(body=f"Xem {web}/mat.")
    await newsroom.draft(body="Không có liên kết.")
    for _ in range(2):
        await link_jobs.check_draft_links(newsroom.context)
    async with newsroom.db.transaction() as session:
        [told] = list(await session.scalars(select(m.Notification)))
    assert told.kind == "task_dead_link"
    assert f"{web}/mat" in (told.body or "")
    assert (await newsroom.act("submit", made, newsroom.editor)).status_code == 409
    newsroom.clock.advance(timedelta(minutes=10))
    await newsroom.draft(title="Cũ rồi", body="Không.")
    assert await link_jobs.check_draft_links(newsroom.context) == 0


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:5432/", "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/"]
)
async def test_our_own_network_is_never_asked(newsroom: Newsroom, address: str) -> None:
    made = await newsroom.draft(body=f"Xem {address} nhé.")
    done = await newsroom.act("check-links", made, newsroom.editor)
    [link] = done.json()["links"]
    assert link["state"] == "unclear"
    assert "Từ chối" in link["reason"]


async def test_only_editors_of_the_unit_have_links_checked(newsroom: Newsroom, web: str) -> None:
    made = await newsroom.draft(body=f"Xem {web}/mat.")
    assert (await newsroom.act("check-links", made, newsroom.admin)).status_code == 403
    assert (
        await newsroom.client.post(f"{API}/publications/{uuid4()}/check-links", headers=newsroom.editor)
    ).status_code == 404
