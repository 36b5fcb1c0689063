"""The outbox: what is emitted leaves with its transaction or not at all."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from libs.common.clock import FrozenClock
from libs.common.events import ALL_EVENTS, ContentsIngested, ReportReady
from libs.common.ids import floor_id
from libs.common.outbox import (
    EventTooLarge,
    claim_unpublished,
    emit,
    emit_all,
    list_since,
    mark_published,
    pending_events,
)
from libs.common.testing.plugin import DatabaseAs
from tests.common.backbone import stage
from tests.common.backbone.stage import Happened


async def test_an_event_is_a_row_of_the_transaction(db_as: DatabaseAs, clock: FrozenClock) -> None:
    event = ReportReady(report_id=uuid4(), kind="tuần", digest="ab")
    async with db_as("reports").transaction() as session:
        event_id = await emit(session, event, now=clock.now(), source="reports")
    async with db_as("relay").transaction() as session:
        (row,) = await claim_unpublished(session)
    assert (row.id, row.subject, row.source, row.created_at) == (event_id, event.subject, "reports", clock.now())
    assert ReportReady.model_validate_json(row.payload) == event
    assert "tuần" in row.payload, "sent as readable UTF-8"


async def test_a_rollback_takes_the_event_with_it(db_as: DatabaseAs, clock: FrozenClock) -> None:
    async with db_as("ingest").transaction() as session:
        await emit(session, Happened(number=1), now=clock.now())
        await session.rollback()
    assert await stage.scalar(db_as("owner"), "SELECT count(*) FROM outbox") == 0


async def test_many_events_are_one_round_trip_and_keep_their_order(db_as: DatabaseAs, clock: FrozenClock) -> None:
    db = db_as("ingest")
    with stage.statements(db) as seen:
        async with db.transaction() as session:
            ids = await emit_all(session, [Happened(number=n) for n in range(200)], now=clock.now())
    assert len(seen) == 1
    async with db_as("owner").transaction() as session:
        rows = await list_since(session, floor_id(clock.now()), 500)
    assert [json.loads(row.payload)["number"] for row in rows] == list(range(200))
    assert [row.id for row in rows] == ids == sorted(ids)


async def test_what_the_stream_would_never_take_is_refused_at_once(db_as: DatabaseAs, clock: FrozenClock) -> None:
    long = ReportReady(report_id=uuid4(), kind="x" * 600_000, digest="ab")
    async with db_as("reports").transaction() as session:
        with pytest.raises(EventTooLarge, match=r"lantoa\.report\.ready\.v1"):
            await emit(session, long, now=clock.now())


def test_the_largest_hot_event_fits() -> None:
    assert len(ContentsIngested(content_ids=[uuid4() for _ in range(200)]).model_dump_json()) < 10_000


async def test_two_claims_never_hold_the_same_event(db_as: DatabaseAs) -> None:
    await stage.emit_numbers(db_as("ingest"), range(10))
    relay = db_as("relay")
    async with relay.transaction() as first, relay.transaction() as second:
        mine, yours = await claim_unpublished(first, 6), await claim_unpublished(second, 6)
        assert len(mine) == 6
        assert len(yours) == 4
        assert not {row.id for row in mine} & {row.id for row in yours}


async def test_what_waits_and_since_when(db_as: DatabaseAs, clock: FrozenClock) -> None:
    start = clock.now()
    for n in range(3):
        async with db_as("ingest").transaction() as session:
            await emit(session, Happened(number=n), now=clock.now())
        clock.advance(timedelta(seconds=10))
    async with db_as("relay").transaction() as session:
        assert await pending_events(session, 100) == (3, start)
        assert (await pending_events(session, 2))[0] == 2, "counted no further than the limit"
        (oldest, *_) = await claim_unpublished(session)
        await mark_published(session, [oldest.id], clock.now())
    async with db_as("ingest").transaction() as session:
        assert await pending_events(session, 100) == (2, start + timedelta(seconds=10))


async def test_a_service_cannot_mark_or_remove_events(db_as: DatabaseAs) -> None:
    await stage.emit_numbers(db_as("ingest"), [1])
    for statement in ("UPDATE outbox SET published_at = created_at", "DELETE FROM outbox"):
        with pytest.raises(Exception, match="permission denied"):
            async with db_as("ingest").transaction() as session:
                await session.execute(text(statement))


@pytest.mark.mission("M37")
def test_events_carry_ids_and_no_authors() -> None:
    """Whatever becomes a dead letter is such a payload, so this list is what may be written there."""
    allowed = {
        "content_ids", "items", "story_ids", "case_id", "reference", "publication_id", "revision", "title", "url",
        "delivery_id", "channel_id", "state", "platform_url", "report_id", "kind", "digest", "corrects_id",
        "takedown_id", "version", "topic", "service_code", "unit_code", "received_at", "answered_at", "is_in_time",
        "comment_ids", "comment_id", "claim_id", "count", "burst_id", "series_id", "seen", "expected", "surprise",
        "saved_query_id", "alert_id", "rule_kind", "severity", "field", "place", "first_at",
        "verdict", "step", "reference_ids", "is_signed",
    }  # fmt: skip
    for event in ALL_EVENTS:
        assert set(event.model_fields) <= allowed, event
