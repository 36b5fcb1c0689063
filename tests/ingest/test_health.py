"""How sources are, over rows and a real site: counted, learned, judged, looked at, told and read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from libs.common import models as m
from libs.common.clock import midnight as midnight_of
from libs.common.ids import new_id
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from services.ingest.health import jobs, service
from services.ingest.resources import open_resources
from tests.ingest.desk import Desk, Item, rss
from tests.ingest.site import Answer, Site
from tests.ingest.test_health_rules import BEFORE, CAPTCHA, LOGIN, REDRAWN, TOMORROW

Job = Callable[[JobContext[Any]], Awaitable[int]]


@asynccontextmanager
async def worker(desk: Desk) -> AsyncIterator[Callable[[Job], Awaitable[None]]]:
    """Runs a loop of the worker, as its role, until it has nothing to do."""
    async with open_resources(desk.settings, desk.worker_db, desk.clock) as held:
        context = JobContext(desk.worker_db, desk.clock, held, asyncio.Event())

        async def run(job: Job) -> None:
            while await job(context):
                pass

        yield run


async def events(desk: Desk) -> list[m.SourceEvent]:
    async with desk.db.transaction() as session:
        return list(await session.scalars(select(m.SourceEvent).order_by(m.SourceEvent.id)))


async def notifications(desk: Desk) -> list[m.Notification]:
    async with desk.db.transaction() as session:
        return list(await session.scalars(select(m.Notification).order_by(m.Notification.id)))


async def change(desk: Desk, source: m.Source, **values: Any) -> None:
    async with desk.db.transaction() as session:
        await session.execute(update(m.Source).where(m.Source.id == source.id).values(values))


async def brought(desk: Desk, source: m.Source, *times: datetime, body: str = "Nội dung") -> None:
    """Contents of a source, as if they had been stored at these times."""
    rows = [
        {
            "id": new_id(at), "source_id": source.id, "kind": "article", "url": f"https://tin.example/{source.id}/{n}",
            "title": f"Tin {n}", "text": body,
            "summary": "Tóm tắt ngắn.", "language": "vi", "published_from": "none", "first_seen_at": at,
            "content_hash": n.to_bytes(32, "big"), "revision": 1,
        }
        for n, at in enumerate(times)
    ]  # fmt: skip
    async with desk.db.transaction() as session:
        await session.execute(insert(m.Content), rows)


async def hours_of(desk: Desk, source: m.Source) -> dict[datetime, int]:
    async with desk.db.transaction() as session:
        rows = await session.scalars(select(m.SourceHour).where(m.SourceHour.source_id == source.id))
        return {row.hour: row.items for row in rows}


async def learned_source(desk: Desk, **more: Any) -> m.Source:
    """A source of four weeks with two items an hour, whose newest item is half an hour old."""
    now = desk.clock.now().astimezone(UTC)
    hour = now.replace(minute=0, second=0, microsecond=0)
    usual = {"created_at": now - timedelta(days=28), "last_ok_at": now, "last_item_at": now - timedelta(minutes=30)}
    source = await desk.make.source(**(usual | {"health": "ok", "health_since": now - timedelta(days=20)} | more))
    rows = [{"source_id": source.id, "hour": hour - timedelta(hours=n), "items": 2} for n in range(1, 28 * 24)]
    async with desk.db.transaction() as session:
        await session.execute(insert(m.SourceHour), rows)
        await session.execute(
            insert(m.SourceEvent).values(
                id=new_id(now - timedelta(days=20)), source_id=source.id, was="new", health="ok", cause="read",
                reason="Đọc được.", facts={}, happened_at=now - timedelta(days=20),
            )
        )  # fmt: skip
    return source


# --- counted -------------------------------------------------------------------------------------------------


async def test_hours_are_counted_from_what_was_stored(desk: Desk) -> None:
    source, other = await desk.make.source(), await desk.make.source()
    now = desk.clock.now().astimezone(UTC)
    hour = now.replace(minute=0, second=0, microsecond=0)
    await brought(desk, source, hour - timedelta(hours=3), hour - timedelta(hours=3) + timedelta(minutes=59), hour)
    await brought(desk, other, hour - timedelta(hours=1))
    async with worker(desk) as run:
        await run(jobs.count_hours)
        assert await hours_of(desk, source) == {hour - timedelta(hours=3): 2, hour: 1}
        assert await hours_of(desk, other) == {hour - timedelta(hours=1): 1}
        await brought(desk, source, hour + timedelta(minutes=1))
        desk.clock.advance(timedelta(minutes=2))
        await run(jobs.count_hours)
        await run(jobs.count_hours)
    assert (await hours_of(desk, source))[hour] == 2, "an hour under way is counted again, not added to"
    async with desk.db.transaction() as session:
        row = await session.get(m.Source, source.id)
        assert row is not None
        assert row.last_item_at == hour + timedelta(minutes=1)


async def test_counts_of_today_are_exact_at_any_moment(desk: Desk, signed_in: Any) -> None:
    """Hours that were counted, and the present hour from the contents themselves; midnight is that of Hà Nội."""
    source = await desk.make.source(name="Báo A")
    now = desk.clock.now().astimezone(UTC)
    hour = now.replace(minute=0, second=0, microsecond=0)
    midnight = midnight_of(now).astimezone(UTC)
    await brought(desk, source, midnight - timedelta(minutes=5), midnight + timedelta(minutes=5), hour)
    async with worker(desk) as run:
        await run(jobs.count_hours)
    await brought(desk, source, now)
    (row,) = (await desk.ask("GET", "/sources")).json()["items"]
    assert row["new_today"] == 3
    told = (await desk.ask("GET", "/source-health")).json()
    assert told["new_today"] == 3
    detail = (await desk.ask("GET", f"/sources/{source.id}/health")).json()
    assert (detail["today"]["seen"], detail["today"]["expected"], detail["per_week"]) == (3, None, None)


async def test_nobody_is_called_silent_before_what_there_is_was_counted(desk: Desk) -> None:
    """A database that grew before hours were counted, on its first minute."""
    now = desk.clock.now()
    source = await desk.make.source(created_at=now - timedelta(days=30), last_ok_at=now, last_item_at=None)
    await brought(desk, source, now - timedelta(hours=1))
    async with worker(desk) as run:
        await run(jobs.judge_sources)
        assert await events(desk) == []
        await run(jobs.count_hours)
        await run(jobs.judge_sources)
    assert [one.health for one in await events(desk)] == ["ok"]


# --- learned and judged --------------------------------------------------------------------------------------


async def test_a_source_that_goes_quiet_is_told_once_and_told_when_it_is_back(desk: Desk) -> None:
    source = await learned_source(desk, name="Báo A")
    async with worker(desk) as run:
        await run(jobs.learn_norms)
        await run(jobs.judge_sources)
        assert len(await events(desk)) == 1, "all is well"
        for _ in range(5):
            desk.clock.advance(timedelta(hours=2))
            await change(desk, source, last_ok_at=desk.clock.now())
            await run(jobs.judge_sources)
        _, quiet = await events(desk)
        assert (quiet.was, quiet.health, quiet.cause) == ("ok", "silent", "quiet")
        assert quiet.reason.startswith("Không có mục tin mới từ")
        assert quiet.facts["probability"] < 1e-3
        (told,) = await notifications(desk)
        assert (told.kind, told.role, told.object_id) == ("source_health", "editor", source.id)
        assert told.subject == "Nguồn “Báo A”: im lặng"
        await change(desk, source, last_item_at=desk.clock.now())
        await run(jobs.judge_sources)
        desk.clock.advance(timedelta(minutes=20))
        await change(desk, source, last_ok_at=desk.clock.now())
        await run(jobs.judge_sources)
    assert [(one.health, one.cause) for one in await events(desk)][1:] == [("silent", "quiet"), ("ok", "recovered")]
    assert [one.subject for one in await notifications(desk)][1:] == ["Nguồn “Báo A”: tốt"]


async def test_a_flood_is_told_and_ends(desk: Desk) -> None:
    source = await learned_source(desk)
    now = desk.clock.now()
    await brought(desk, source, *(now - timedelta(seconds=30 * n) for n in range(80)))
    async with worker(desk) as run:
        await run(jobs.learn_norms)
        await run(jobs.judge_sources)
        flood = (await events(desk))[-1]
        assert (flood.health, flood.facts["seen"]) == ("flooding", 80)
        assert flood.reason.startswith("80 mục tin mới trong một giờ")
        desk.clock.advance(timedelta(hours=1, minutes=30))
        await change(desk, source, last_ok_at=desk.clock.now(), last_item_at=desk.clock.now())
        await run(jobs.judge_sources)
    assert [one.health for one in await events(desk)][1:] == ["flooding", "ok"]


async def test_what_is_usual_is_read_beside_what_came(desk: Desk, signed_in: Any) -> None:
    source = await learned_source(desk)
    async with worker(desk) as run:
        await run(jobs.learn_norms)
    found = (await desk.ask("GET", f"/sources/{source.id}/health")).json()
    assert found["per_week"] == pytest.approx(336, rel=0.02)
    assert found["last_hour"]["expected"] == pytest.approx(2, rel=0.05)
    assert found["last_hour"]["usual_least"] <= 2 <= found["last_hour"]["usual_most"]
    assert found["silence_probability"] > 0.05
    assert found["learned_days"] == pytest.approx(27.8, abs=0.5)
    viewer = await signed_in(Role.VIEWER)
    assert (await desk.ask("GET", f"/sources/{source.id}/health", who=viewer)).status_code == 200
    partner = await signed_in(Role.INTEGRATOR)
    for path in (f"/sources/{source.id}/health", "/source-health", "/source-events"):
        assert (await desk.ask("GET", path, who=partner)).status_code == 403


async def test_a_source_without_a_history_is_learned_too(desk: Desk) -> None:
    source = await learned_source(desk)
    async with desk.db.transaction() as session:
        await session.execute(delete(m.SourceEvent))
    await desk.make.source(name="Chưa có gì", last_item_at=desk.clock.now())
    async with worker(desk) as run:
        await run(jobs.learn_norms)
    async with desk.db.transaction() as session:
        rows = {row.source_id: row for row in await session.scalars(select(m.SourceNorm))}
    assert rows[source.id].days > 27
    assert [row.days for row in rows.values() if row.source_id != source.id] == [0], "and is not tried again at once"


async def test_hours_of_a_trouble_teach_nothing(desk: Desk) -> None:
    source = await learned_source(desk)
    now = desk.clock.now().astimezone(UTC)
    start, end = now - timedelta(days=10), now - timedelta(days=7)
    async with desk.db.transaction() as session:
        await session.execute(delete(m.SourceHour).where(m.SourceHour.hour > start, m.SourceHour.hour < end))
        for at, was, health, cause in ((start, "ok", "failing", "server"), (end, "failing", "ok", "recovered")):
            await session.execute(
                insert(m.SourceEvent).values(
                    id=new_id(at), source_id=source.id, was=was, health=health, cause=cause,
                    reason="Thử.", facts={}, happened_at=at,
                )
            )  # fmt: skip
        (lesson,) = await service.lessons(session, now, 10)
    assert not [hour for hour in lesson.watched if start < hour < end]
    async with worker(desk) as run:
        await run(jobs.learn_norms)
    found = (await desk.ask("GET", f"/sources/{source.id}/health")).json()
    assert found["per_week"] == pytest.approx(336, rel=0.03)
    assert found["learned_days"] == pytest.approx(24.8, abs=0.5)


async def test_a_stopped_source_says_since_when_and_why(desk: Desk) -> None:
    made = await desk.register("https://a.example/rss", name="Báo A")
    async with worker(desk) as run:
        await run(jobs.judge_sources)
        body = {"state": "paused", "state_reason": "Chờ tòa soạn trả lời."}
        await desk.ask("PATCH", f"/sources/{made['id']}", json=body)
        desk.clock.advance(timedelta(minutes=5))
        await run(jobs.judge_sources)
    page = (await desk.ask("GET", "/source-events", params={"source_id": made["id"]})).json()
    first, last = page["items"][-1], page["items"][0]
    assert (first["health"], first["reason"]) == ("new", "Mới khai báo, chưa đọc lần nào.")
    assert (last["was"], last["health"], last["cause"]) == ("new", "paused", "person")
    assert last["reason"] == "Chờ tòa soạn trả lời."
    shown = await desk.health(made["id"])
    assert (shown["health"], shown["health_reason"]) == ("paused", "Chờ tòa soạn trả lời.")
    assert datetime.fromisoformat(shown["health_since"]) == desk.clock.now()
    assert await notifications(desk) == [], "whoever paused it knows"


async def test_many_that_fail_together_are_told_in_one(desk: Desk) -> None:
    """Our own line is then the likely cause, and a letter for each would bury it."""
    for _ in range(service.MANY + 2):
        source = await desk.make.source(failures=3, last_ok_at=desk.clock.now(), health="ok")
        fetch = {"id": new_id(desk.clock.now()), "source_id": source.id, "url": "x", "outcome": "timeout", "bytes": 0}
        fetch |= {"duration_ms": 1, "items_seen": 0, "items_new": 0, "fetched_at": desk.clock.now()}
        await desk.make.add(m.Fetch(**fetch))
    async with worker(desk) as run:
        await run(jobs.judge_sources)
    assert {one.health for one in await events(desk)} == {"failing"}
    (told,) = await notifications(desk)
    assert told.subject == f"{service.MANY + 2} nguồn cùng lúc: không trả lời"


async def test_articles_that_come_thin_all_at_once_are_told_and_end_when_they_come_whole(desk: Desk) -> None:
    now = desk.clock.now()
    names = {"health": "ok", "health_since": now - timedelta(days=9), "created_at": now - timedelta(days=9)}
    source, always = [await desk.make.source(last_ok_at=now, last_item_at=now, **names) for _ in range(2)]
    long = "Một đoạn văn kể chuyện khu phố. " * 40
    week = [now - timedelta(days=2, minutes=n) for n in range(40)]
    await brought(desk, source, *week, body=long)
    await brought(desk, always, *week, body="Tóm tắt ngắn.")
    hour = [now - timedelta(minutes=n) for n in range(12)]
    async with worker(desk) as run:
        await run(jobs.watch_texts)
        assert await events(desk) == []
        for one in (source, always):
            await brought(desk, one, *hour, body="Tóm tắt ngắn.")
        await run(jobs.watch_texts)
        (thin,) = await events(desk)
        assert (thin.source_id, thin.health, thin.cause) == (source.id, "broken", "thin")
        assert thin.reason.startswith("12 trong 12 bài mới chỉ còn lấy được tóm tắt, trước đây chỉ 0%")
        desk.clock.advance(timedelta(minutes=30))
        await run(jobs.count_hours)
        await run(jobs.judge_sources)
        causes = {one.source_id: one.cause for one in await events(desk)}
        assert causes == {source.id: "thin", always.id: "read"}, "answers go on being well; that ends nothing"
        assert (await desk.health(str(source.id)))["health"] == "broken"
        await brought(desk, source, *(desk.clock.now() - timedelta(seconds=n) for n in range(4)), body=long)
        await run(jobs.watch_texts)
    mine = [one for one in await events(desk) if one.source_id == source.id]
    assert [(one.health, one.cause) for one in mine] == [("broken", "thin"), ("ok", "recovered")]
    assert [one.role for one in await notifications(desk)] == ["admin", "admin"]


# --- looked at -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "health", "cause"),
    [
        (Answer(REDRAWN), "broken", "page_changed"),
        (Answer(LOGIN), "blocked", "login"),
        (Answer(CAPTCHA), "blocked", "captcha"),
    ],
)
async def test_why_a_feed_is_no_feed_any_more_is_found_by_looking(
    desk: Desk, site: Site, after: Answer, health: str, cause: str
) -> None:
    site.routes["/rss"] = Answer(rss(Item(site.url("/a"), "Tin")))
    now = desk.clock.now()
    source = await desk.make.source(
        name="Cổng B", url=site.url("/rss"), created_at=now - timedelta(days=2), last_ok_at=now, last_item_at=now,
        health="ok", health_since=now - timedelta(days=1),
    )  # fmt: skip
    async with worker(desk) as run:
        await run(jobs.probe_source)
        site.routes["/rss"] = after
        desk.clock.advance(timedelta(hours=7))
        await change(desk, source, health="broken", failures=3)
        await run(jobs.probe_source)
    (found,) = await events(desk)
    assert (found.health, found.cause) == (health, cause)
    assert [one.role for one in await notifications(desk)] == ([] if health == "broken" else ["admin"])


async def test_a_page_as_before_that_brings_nothing_is_our_reader_s_trouble(desk: Desk, site: Site) -> None:
    site.routes["/tin"] = Answer(BEFORE)
    now = desk.clock.now()
    source = await desk.make.source(
        kind="page", url=site.url("/tin"), created_at=now - timedelta(days=2), last_ok_at=now, last_item_at=now,
        health="ok", health_since=now - timedelta(days=1),
    )  # fmt: skip
    async with worker(desk) as run:
        await run(jobs.probe_source)
        await run(jobs.probe_source)
        assert site.paths().count("/tin") == 1, "a healthy source is looked at once a week"
        site.routes["/tin"] = Answer(TOMORROW)
        desk.clock.advance(timedelta(hours=7))
        # As if our reader of feeds had been set on a page that has not changed.
        await change(desk, source, health="broken", failures=3, kind="feed")
        await run(jobs.probe_source)
    (found,) = await events(desk)
    assert (found.health, found.cause, found.facts["similarity"] > 0.9) == ("broken", "reader_broke", True)
    assert found.reason == "Trang vẫn như cũ nhưng bộ đọc của hệ thống không lấy được mục tin."


async def test_a_look_asks_robots_first(desk: Desk, site: Site) -> None:
    site.routes["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /rss\n")
    site.routes["/rss"] = Answer(rss())
    now = desk.clock.now()
    await desk.make.source(
        url=site.url("/rss"), created_at=now - timedelta(days=2), last_ok_at=now, health="ok", health_since=now
    )
    async with worker(desk) as run:
        await run(jobs.probe_source)
    assert site.paths() == ["/robots.txt"]
