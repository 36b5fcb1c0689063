"""Partitions whose time has passed go, each when its youngest row is too old; nothing else does."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from libs.common import models as m
from libs.common import retention
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.partitions import ensure_partitions
from libs.common.retention import Retired, limits
from libs.common.testing.make import Make
from libs.common.testing.plugin import OWNER, TestServer
from tests.common.backbone.command import command

pytestmark = pytest.mark.mission("M37")
SEEN = datetime(2026, 8, 20, tzinfo=UTC)
"""Its month ends with August: 90 days later is 30 November."""
Retire = Callable[..., Any]


@pytest.fixture
async def old(db: Database) -> None:
    """An installation that was there in August."""
    async with db.engine.begin() as connection:
        await connection.run_sync(ensure_partitions, SEEN)


@pytest.fixture
def retire(postgres: TestServer, database: str) -> Retire:
    async def run(now: datetime, **more: Any) -> Retired:
        return await retention.retire(postgres.url(database, OWNER), limits(**more), now, lock_wait="50ms")

    return run


async def partitions(db: Database, table: str) -> set[str]:
    async with db.transaction() as session:
        query = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:table AS regclass)")
        return set(await session.scalars(query, {"table": table}))


async def emitted(db: Database, at: datetime, *, is_sent: bool) -> None:
    async with db.transaction() as session:
        statement = text(
            "INSERT INTO outbox (id, subject, source, payload, headers, created_at, published_at) "
            "VALUES (:id, 'lantoa.content.ingested.v1', 'ingest', '{}', '{}', :at, :sent)"
        )
        await session.execute(statement, {"id": new_id(at), "at": at, "sent": at if is_sent else None})


async def count(db: Database, table: str) -> int:
    async with db.transaction() as session:
        return int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@pytest.mark.usefixtures("old")
async def test_a_month_goes_when_its_last_day_is_90_days_old_with_all_that_belongs_to_it(
    db: Database, make: Make, retire: Retire
) -> None:
    await make.content(id=new_id(SEEN))
    await make.content(id=new_id(SEEN + timedelta(days=20)))
    before = datetime(2026, 11, 29, 23, 59, tzinfo=UTC)
    assert "contents_20260801" not in (await retire(before)).dropped
    assert await count(db, "contents") == 2
    done = await retire(before + timedelta(minutes=1))
    with_it = ("annotations", "content_revisions", "contents", "near_copies", "near_keys", "near_texts")
    assert {f"{table}_20260801" for table in (*with_it, "search_documents")} <= set(done.dropped)
    assert await count(db, "contents") == 1
    async with db.transaction() as session:
        (entry,) = (await session.scalars(select(m.AuditEntry).order_by(m.AuditEntry.seq.desc()).limit(1))).all()
    assert (entry.service, entry.action, entry.facts) == (
        "operator",
        "retention.dropped",
        {"partitions": done.dropped},
    )
    assert "contents_20260901" in await partitions(db, "contents")
    assert (await retire(before + timedelta(minutes=2))) == Retired()


@pytest.mark.usefixtures("old")
async def test_a_city_that_keeps_longer_keeps_longer(db: Database, retire: Retire) -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    assert not [name for name in (await retire(now, contents_days=180)).dropped if name.startswith("contents")]
    assert "contents_20260801" in await partitions(db, "contents")


@pytest.mark.usefixtures("old")
async def test_events_go_after_a_week_but_never_unsent_and_the_inbox_a_day_later(db: Database, retire: Retire) -> None:
    monday = datetime(2026, 8, 17, tzinfo=UTC)
    await emitted(db, monday, is_sent=True)
    await emitted(db, monday + timedelta(days=7), is_sent=False)
    over = monday + timedelta(days=14)
    done = await retire(over)
    assert ("outbox_20260817" in done.dropped, "inbox_20260817" in done.dropped) == (True, False)
    done = await retire(over + timedelta(days=1))
    assert "inbox_20260817" in done.dropped
    done = await retire(over + timedelta(days=30))
    assert (done.kept, await count(db, "outbox")) == ({"outbox_20260824": "unsent"}, 1)


@asynccontextmanager
async def reading(db: Database, table: str) -> AsyncIterator[None]:
    async with db.transaction() as session:
        await session.execute(text(f"SELECT count(*) FROM {table}"))
        yield


@pytest.mark.usefixtures("old")
async def test_a_table_in_use_is_not_waited_for_and_goes_the_next_night(db: Database, retire: Retire) -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    async with reading(db, "contents"):
        done = await retire(now)
    assert done.kept == {"contents_20260701": "busy", "contents_20260801": "busy"}
    assert "annotations_20260801" in done.dropped
    assert (await retire(now)).dropped == ["contents_20260701", "contents_20260801"]


@pytest.mark.usefixtures("old")
async def test_rows_that_had_no_partition_go_too(db: Database, make: Make, retire: Retire) -> None:
    for at in (datetime(2019, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)):
        await make.content(id=new_id(at))
    done = await retire(datetime(2026, 11, 24, tzinfo=UTC))
    assert (done.deleted, await count(db, "contents")) == (1, 1)


async def test_partitions_are_made_ahead_though_nobody_migrates(db: Database, retire: Retire) -> None:
    done = await retire(datetime(2027, 6, 15, tzinfo=UTC))
    assert done.made > 0
    assert {"contents_20270601", "contents_20271201"} <= await partitions(db, "contents")


async def test_no_service_can_drop_anything(db_as: Callable[[str], Database], retire: Retire) -> None:
    for service in ("ingest", "classify", "publish", "reports"):
        url = db_as(service).engine.url.render_as_string(hide_password=False)
        with pytest.raises(Exception, match=r"must be owner|permission denied"):
            await retention.retire(url, limits(), datetime(2027, 6, 15, tzinfo=UTC))


async def test_the_verb_says_what_it_did(postgres: TestServer, database: str, nats_settings: Any) -> None:
    lantoa = command(postgres.url(database), nats_settings)
    done = await lantoa.json("retain")
    assert set(done) == {"made", "dropped", "deleted", "kept"}
    assert "tạo trước 0 phần" in await lantoa("retain")
