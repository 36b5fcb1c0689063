"""Dead letters brought back: applied once, and only by the consumer they died in."""

import asyncio
from collections import Counter
from uuid import UUID

import pytest
from nats.js import JetStreamContext
from sqlalchemy import text

from libs.common import deadletters
from libs.common.bus import HandlerContext, Permanent
from libs.common.db import Database
from libs.common.relay import relay_once
from libs.common.settings import NatsSettings
from libs.common.testing.plugin import DatabaseAs, TestServer
from tests.common.backbone import stage
from tests.common.backbone.command import command
from tests.common.backbone.stage import CLOCK, SERVICE, Happened


class Repairable:
    """Refuses everything until it is repaired."""

    def __init__(self) -> None:
        self.works = False

    async def __call__(self, event: Happened, ctx: HandlerContext[None]) -> None:
        if not self.works:
            raise Permanent("not yet")
        await stage.apply([event], ctx)


async def _open(db: Database, count: int) -> bool:
    async with db.transaction() as session:
        return len(await deadletters.list_open(session, 1000)) == count


async def _die(db_as: DatabaseAs, js: JetStreamContext, count: int) -> None:
    await stage.prepare(db_as("owner"))
    await stage.emit_numbers(db_as("ingest"), range(count))
    await relay_once(db_as("relay"), js, CLOCK)
    await stage.until(lambda: _open(db_as("owner"), count))


@pytest.mark.mission("M39")
async def test_a_letter_comes_back_by_command_and_is_applied_once(
    postgres: TestServer, database: str, db_as: DatabaseAs, nats_settings: NatsSettings
) -> None:
    handler = Repairable()
    lantoa = command(postgres.url(database, "lantoa_relay"), nats_settings)
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        worker = stage.consumer(db_as(SERVICE), stage.subscription(handler=handler))
        async with stage.running(worker.run(js, asyncio.Event())):
            await _die(db_as, js, 3)
            letters = await lantoa.json("deadletters", "list")
            assert [set(row) for row in letters] == [
                {"id", "consumer", "event_id", "subject", "tries", "error", "dead_at"}
            ] * 3
            assert all(row["error"].startswith("Permanent: not yet") for row in letters)
            assert "Permanent: not yet" in await lantoa("deadletters", "list")

            assert await lantoa.json("deadletters", "retry", letters[0]["id"]) == {"asked": 1, "retried": 1}
            await stage.until_settled(js, worker.durable)
            await stage.until(lambda: _open(db_as("owner"), 3))  # it has died again, and is open again

            handler.works = True
            assert await lantoa.json("deadletters", "retry", letters[0]["id"]) == {"asked": 1, "retried": 1}
            await stage.until_applied(db_as("owner"), [0])
            assert await lantoa.json("deadletters", "retry", "all") == {"asked": 2, "retried": 2}
            await stage.until_applied(db_as("owner"), range(3))
            assert await lantoa.json("deadletters", "list") == []
            assert "Không có sự kiện nào bị kẹt" in await lantoa("deadletters", "list")


async def test_retried_twice_it_is_applied_once(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    """Whoever retries may be killed after the publish: the letter is still open and is sent again."""
    handler = Repairable()
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        worker = stage.consumer(db_as(SERVICE), stage.subscription(handler=handler))
        async with stage.running(worker.run(js, asyncio.Event())):
            await _die(db_as, js, 1)
            handler.works = True
            for killed in (True, False):
                async with db_as("relay").transaction() as session:
                    (letter,) = await deadletters.list_open(session)
                    assert await deadletters.retry(session, js, [letter.id], CLOCK.now()) == [letter.id]
                    if killed:
                        await session.rollback()
            await stage.until_settled(js, worker.durable)
            assert await stage.applied(db_as("owner")) == Counter([0])
    assert await _open(db_as("owner"), 0)


async def test_a_letter_is_for_the_consumer_it_died_in(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    handler = Repairable()
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        dying = stage.consumer(db_as(SERVICE), stage.subscription(handler=handler))
        other = stage.consumer(db_as(SERVICE), stage.subscription())
        other.durable = "other"
        async with stage.running(dying.run(js, asyncio.Event()), other.run(js, asyncio.Event())):
            await _die(db_as, js, 1)
            await stage.until_applied(db_as("owner"), [0])  # by the other
            async with db_as("owner").transaction() as session:
                await session.execute(text("DELETE FROM inbox"))  # so that only the address can hold the other back
            handler.works = True
            async with db_as("relay").transaction() as session:
                (letter,) = await deadletters.list_open(session)
                await deadletters.retry(session, js, [letter.id], CLOCK.now())
            await stage.until(lambda: _twice(db_as("owner")))
            await stage.until_settled(js, other.durable)
            assert await stage.applied(db_as("owner")) == Counter({0: 2}), "once by each consumer"


async def _twice(db: Database) -> bool:
    return await stage.applied(db) == Counter({0: 2})


async def test_all_means_all(
    postgres: TestServer, database: str, db_as: DatabaseAs, nats_settings: NatsSettings
) -> None:
    lantoa = command(postgres.url(database, "lantoa_relay"), nats_settings)
    async with db_as("owner").transaction() as session:
        await session.execute(
            text(
                "INSERT INTO dead_letters (id, event_id, consumer, subject, payload, error, tries, dead_at) "
                "SELECT gen_random_uuid(), gen_random_uuid(), 'x', 'lantoa.stage.happened.v1', '{}', 'e', 1, "
                "'2026-11-24T00:00Z' FROM generate_series(1, 250)"
            )
        )
    assert await lantoa.json("deadletters", "retry", "all") == {"asked": 250, "retried": 250}
    async with stage.connected(nats_settings) as client:
        assert (await client.jetstream().stream_info("lantoa")).state.messages == 250


@pytest.mark.parametrize("wanted", [str(UUID(int=7)), "khong-phai-id"])
async def test_what_is_not_there_is_said(
    wanted: str, postgres: TestServer, database: str, nats_settings: NatsSettings
) -> None:
    lantoa = command(postgres.url(database, "lantoa_relay"), nats_settings)
    await lantoa("deadletters", "retry", wanted, code=2 if wanted == "khong-phai-id" else 1)


async def test_a_stream_that_takes_nothing_leaves_the_letter_open(
    db_as: DatabaseAs, nats_settings: NatsSettings
) -> None:
    letter = UUID("01a20e42-8f3c-7000-8e12-c950eb0bfc4b")
    async with db_as("owner").transaction() as session:
        await session.execute(
            text(
                "INSERT INTO dead_letters (id, event_id, consumer, subject, payload, error, tries, dead_at) "
                "VALUES (:id, :id, 'x', 'lantoa.stage.happened.v1', '{}', 'e', 1, '2026-11-24T00:00Z')"
            ),
            {"id": letter},
        )
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await js.delete_stream("lantoa")
        async with db_as("relay").transaction() as session:
            assert await deadletters.retry(session, js, [letter], CLOCK.now()) == []
    assert await _open(db_as("owner"), 1)
