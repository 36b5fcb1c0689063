"""A drill is the real thing in the sandbox: marked everywhere, and nothing of it leaves."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.db import Database
from libs.common.ids import new_id
from services.publish import calendar_queries
from services.publish.crisis.sandbox import open_sandbox
from services.reports import queries as report_queries
from services.reports.domain import Period
from tests.publish.crisis.conftest import VALUES, CrisisDesk
from tests.publish.newsroom import API
from tests.publish.stage import Stage
from tests.publish.test_pause import scheduled

MARK = "DIỄN TẬP"


def slug_of(answer: Any) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


@pytest.fixture
async def drill(desk: CrisisDesk, stage: Stage) -> dict[str, Any]:
    await desk.drill_account(stage)
    await scheduled(desk.newsroom, 1)
    return await desk.open(await desk.write(), values=VALUES, is_drill=True, submit=True, pause="all")


@pytest.mark.mission("M27")
async def test_a_drill_runs_to_its_end_in_the_sandbox_and_is_measured(
    desk: CrisisDesk, stage: Stage, drill: dict[str, Any]
) -> None:
    room = desk.newsroom
    assert (drill["is_drill"], drill["badge"], drill["pause_id"]) == (True, MARK, None)
    empty = (await desk.ask("get", f"/situations/{drill['id']}/report")).json()
    assert (empty["submitted_minutes"], empty["released_minutes"], empty["first_delivered_minutes"]) == (0, None, None)
    room.clock.advance(timedelta(minutes=6))
    await desk.release(drill)
    room.clock.advance(timedelta(minutes=2))
    await room.deliver()
    assert (await desk.statement(drill))["state"] == "published"
    posts = await stage.posts()
    assert len(posts) == 1
    assert MARK in str(posts[0])
    room.clock.advance(timedelta(minutes=4))
    await desk.finish_steps(drill)
    told = (await desk.ask("get", f"/situations/{drill['id']}/report")).json()
    assert {name: told[name] for name in told if name.endswith("_minutes")} == {
        "submitted_minutes": 0,
        "first_approval_minutes": 6,
        "released_minutes": 6,
        "first_delivered_minutes": 8,
        "all_delivered_minutes": 8,
    }
    assert (told["channels"], told["channels_delivered"], told["badge"]) == (1, 1, MARK)
    assert (told["steps"], told["steps_in_time"], told["steps_late"], told["steps_open"]) == (2, 1, 1, 0)


@pytest.mark.mission("M27")
async def test_everything_that_a_drill_makes_is_marked(desk: CrisisDesk, drill: dict[str, Any]) -> None:
    room = desk.newsroom
    statement = await desk.statement(drill)
    assert statement["is_drill"] is True
    assert statement["body"].startswith("DIỄN TẬP: đây không phải thông tin thật.")
    tasks = (await desk.ask("get", "/tasks")).json()["items"]
    assert [task["is_drill"] for task in tasks] == [True, True]
    titles = [drill["title"], statement["title"], *(t["title"] for t in tasks), *(s["title"] for s in drill["steps"])]
    async with room.db.transaction() as session:
        told = list(
            await session.scalars(
                select(m.Notification.subject).where(~m.Notification.subject.contains("Tin 1 giờ nữa"))
            )
        )
    assert [title for title in titles if not title.startswith(MARK)] == []
    assert told
    assert [subject for subject in told if MARK not in subject] == []
    renamed = await room.client.patch(
        f"{API}/publications/{statement['id']}", json={"title": "Tên khác"}, headers=desk.first.headers
    )
    assert (renamed.status_code, renamed.json()["title"]) == (200, "DIỄN TẬP: Tên khác")


@pytest.mark.mission("M27")
async def test_a_drill_pauses_nothing(desk: CrisisDesk, drill: dict[str, Any]) -> None:
    room = desk.newsroom
    assert [m_["what"] for m_ in drill["timeline"] if m_["kind"] == "pause"] == [
        "Diễn tập tạm dừng: nếu là thật, 1 tin của mọi đơn vị sẽ được giữ lại."
    ]
    assert (await room.client.get(f"{API}/pauses", headers=room.editor)).json()["items"] == []
    room.clock.advance(timedelta(hours=2))
    assert await room.deliver() == 1, "what is real goes out as planned"


@pytest.mark.mission("M27")
async def test_nobody_outside_hears_of_a_drill(desk: CrisisDesk, drill: dict[str, Any]) -> None:
    room = desk.newsroom
    async with room.db.transaction() as session:
        before = await session.scalar(select(func.count()).select_from(m.OutboxEvent))
    await desk.release(drill)
    await room.deliver()
    withdrawn = await room.act("withdraw", await desk.statement(drill), desk.first.headers, reason="Hết diễn tập")
    assert withdrawn.status_code == 200, withdrawn.text
    await room.take_down()
    assert (await desk.statement(drill))["state"] == "withdrawn"
    title = (await desk.statement(drill))["title"]
    async with room.db.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(m.OutboxEvent)) == before, "no event"
        kinds = select(m.Channel.kind).join(m.Delivery, m.Delivery.channel_id == m.Channel.id)
        assert set(await session.scalars(kinds.where(m.Delivery.publication_id == UUID(drill["publication_id"])))) == {
            "bluesky"
        }
        period = Period(room.clock.now() - timedelta(days=1), room.clock.now() + timedelta(days=1))
        assert await report_queries.publication_states(session, period) == {"scheduled": 1}, "no count"
        asked = calendar_queries.Asked(frozenset({room.bulletin.unit_id}), period.start, period.end, with_drills=False)
        entries = await calendar_queries.list_entries(session, asked, 100)
        assert [entry.title for entry in entries] == ["Tin 1 giờ nữa"], "no subscriber's calendar"
    for page in ("/", "/feed.rss", "/feed.atom", "/feed.json", "/sitemap.xml", "/sitemap-news.xml"):
        assert title not in (await room.client.get(page)).text, page


@pytest.mark.mission("M27")
async def test_the_database_keeps_a_drill_off_every_real_channel(
    desk: CrisisDesk, drill: dict[str, Any], db_as: Callable[[str], Database]
) -> None:
    """By direct SQL, as the service's own role."""
    room = desk.newsroom
    real = await room.published(title="Tin thật")
    drill_id, now = UUID(drill["publication_id"]), room.clock.now()
    account = (await desk.statement(drill))["variants"][0]["channel_id"]

    async def refused(why: str, statement: str, **values: Any) -> None:
        with pytest.raises(DBAPIError, match=why):
            async with db_as("publish").transaction() as session:
                await session.execute(text(statement), values)

    insert = (
        "INSERT INTO deliveries (id, publication_id, channel_id, revision, state, not_before, updated_at) "
        "VALUES (:id, :publication, :channel, 1, 'pending', :now, :now)"
    )
    inside = "a drill stays in the sandbox"
    bulletin = room.bulletin.id
    await refused(inside, insert, id=new_id(now), publication=drill_id, channel=bulletin, now=now)
    await refused(inside, insert, id=new_id(now), publication=UUID(real["id"]), channel=UUID(account), now=now)
    await desk.release(drill)
    await refused(inside, "UPDATE deliveries SET channel_id = :c WHERE publication_id = :p", c=bulletin, p=drill_id)
    await refused(inside, "UPDATE variants SET channel_id = :c WHERE publication_id = :p", c=bulletin, p=drill_id)
    for table in ("publications", "tasks", "channels", "situations"):
        await refused("from the beginning|nothing real", f"UPDATE {table} SET is_drill = NOT is_drill WHERE is_drill")
    unmarked = "UPDATE publications SET title = 'Tin', revision = revision + 1, state = 'draft' WHERE is_drill"
    await refused("drill_is_marked", unmarked)
    settings = "UPDATE channels SET settings = jsonb_build_object('service', 'https://bsky.social') WHERE is_drill"
    await refused("keeps its address", settings)
    await refused("drill_in_the_sandbox|signed record", "UPDATE channels SET is_city_official = true WHERE is_drill")
    event = (
        "INSERT INTO outbox (id, subject, source, payload, headers, created_at) VALUES "
        "(:id, 'lantoa.publication.published.v1', 'publish', "
        "jsonb_build_object('publication_id', CAST(:p AS text)), '{}', :now)"
    )
    await refused("told to nobody outside", event, id=new_id(now), p=str(drill_id), now=now)
    for table in ("bulletin_texts", "partner_kits", "short_links"):
        await refused("made of a drill", f"INSERT INTO {table} (publication_id) VALUES (:p)", p=drill_id)
    pause = "UPDATE situations SET pause_id = :id"
    await refused("drill_pauses_nothing|only closes", pause, id=new_id(now))
    corrects = "UPDATE publications SET corrects_id = :p, kind = 'correction' WHERE id = :real"
    await refused("corrected by a drill", corrects, p=drill_id, real=UUID(real["id"]))


async def test_a_real_publication_and_a_drill_do_not_share_channels(
    desk: CrisisDesk, stage: Stage, drill: dict[str, Any]
) -> None:
    room = desk.newsroom
    account = (await desk.statement(drill))["variants"][0]["channel_id"]
    body = {"title": "Tin thật", "body": "Nội dung.", "channel_ids": [account]}
    mixed = await room.client.post(f"{API}/publications", json=body, headers=room.editor)
    assert (mixed.status_code, slug_of(mixed)) == (422, "drill-stays-inside")
    to_bulletin = {"channel_ids": [str(room.bulletin.id)]}
    moved = await room.client.patch(
        f"{API}/publications/{drill['publication_id']}", json=to_bulletin, headers=desk.first.headers
    )
    assert (moved.status_code, slug_of(moved)) == (422, "drill-stays-inside")
    forged = await room.client.post(f"{API}/publications", json={**body, "is_drill": True}, headers=room.editor)
    assert forged.status_code == 422, "only a situation makes a drill"


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "own_site", "settings": {"service": "http://127.0.0.1:1"}},
        {"kind": "email", "settings": {"service": "http://127.0.0.1:1", "list": "a"}},
        {"settings": {"service": "https://bsky.social"}},
        {"settings": {"service": "http://127.0.0.1:1", "web": "https://bsky.app"}},
        {"settings": {"service": "http://127.0.0.1:1", "more": {"at": "https://bsky.app"}}},
        {"settings": {}},
    ],
)
async def test_an_account_of_drills_is_on_the_sandbox_alone(desk: CrisisDesk, changes: dict[str, Any]) -> None:
    body = {
        "kind": "bluesky",
        "name": "Diễn tập",
        "address": "x",
        "settings": {"service": "http://127.0.0.1:1"},
        "is_drill": True,
    }
    refused = await desk.newsroom.client.post(f"{API}/channels", json={**body, **changes}, headers=desk.newsroom.admin)
    assert (refused.status_code, slug_of(refused)) == (422, "invalid-channel"), refused.text


@pytest.mark.mission("M27")
async def test_the_calls_of_a_drill_end_at_the_sandbox_or_nowhere(sandbox_url: str) -> None:
    async with open_sandbox(["https://sandbox.hanoi.example"]) as sandbox:
        assert (await sandbox.http.get(f"{sandbox_url}/control/ledger")).is_success
        outside = (
            "https://bsky.social/xrpc",
            "http://sandbox.hanoi.example/",
            "https://sandbox.hanoi.example:8443/",
            "https://sandbox.hanoi.example.evil.example/",
            "https://127.0.0.1.evil.example/",
            "https://a@sandbox.hanoi.example/",
        )
        for address in outside:
            assert not sandbox.holds(address), address
            with pytest.raises(httpx.ConnectError, match="the sandbox alone"):
                await sandbox.http.get(address)
        assert sandbox.holds("https://sandbox.hanoi.example/bluesky")


async def test_without_an_account_on_the_sandbox_there_is_no_drill(desk: CrisisDesk) -> None:
    playbook = await desk.write()
    refused = await desk.ask("post", f"/playbooks/{playbook['id']}/open", values=VALUES, is_drill=True)
    assert (refused.status_code, slug_of(refused)) == (409, "no-drill-channel")
    assert (await desk.ask("get", "/situations")).json()["items"] == []
