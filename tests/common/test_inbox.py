"""The inbox: the first transaction to record an event is the only one whose effect counts."""

import asyncio
from datetime import UTC, datetime

import pytest

from libs.common.ids import new_id
from libs.common.inbox import first_deliveries
from libs.common.testing.plugin import DatabaseAs
from tests.common.backbone import stage

NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)


async def test_only_the_first_is_the_first(db_as: DatabaseAs) -> None:
    ids = [new_id(NOW) for _ in range(5)]
    async with db_as("classify").transaction() as session:
        assert await first_deliveries(session, "a", ids[:3], NOW) == set(ids[:3])
    async with db_as("classify").transaction() as session:
        assert await first_deliveries(session, "a", ids, NOW) == set(ids[3:])
        assert await first_deliveries(session, "b", ids, NOW) == set(ids), "each consumer has its own"
        assert await first_deliveries(session, "c", [ids[0], ids[0]], NOW) == {ids[0]}


async def test_a_rollback_forgets(db_as: DatabaseAs) -> None:
    event_id = new_id(NOW)
    async with db_as("classify").transaction() as session:
        await first_deliveries(session, "a", [event_id], NOW)
        await session.rollback()
    async with db_as("classify").transaction() as session:
        assert await first_deliveries(session, "a", [event_id], NOW) == {event_id}


@pytest.mark.parametrize("commits", [True, False])
async def test_a_second_transaction_waits_for_the_first(commits: bool, db_as: DatabaseAs) -> None:
    ids = [new_id(NOW) for _ in range(3)]
    db = db_as("classify")

    async def second() -> set[object]:
        async with db.transaction() as session:
            return set(await first_deliveries(session, "a", ids[::-1], NOW))

    async with db.transaction() as session:
        await first_deliveries(session, "a", ids[1:], NOW)
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.2)
        assert not waiting.done()
        if not commits:
            await session.rollback()
    assert await waiting == ({ids[0]} if commits else set(ids))


async def test_a_batch_is_one_statement(db_as: DatabaseAs) -> None:
    db = db_as("classify")
    with stage.statements(db) as seen:
        async with db.transaction() as session:
            await first_deliveries(session, "a", [new_id(NOW) for _ in range(200)], NOW)
    assert len(seen) == 1
