"""The stream deleted and refilled: what was done is recognised, what was not is done."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from nats.js import JetStreamContext

from libs.common.bus import HEADER_FOR, ensure_stream
from libs.common.relay import relay_once
from libs.common.replay import ReplayStuck, replay_events
from libs.common.settings import NatsSettings
from libs.common.testing.plugin import DatabaseAs, TestServer
from tests.common.backbone import stage
from tests.common.backbone.command import command
from tests.common.backbone.stage import CLOCK, SERVICE

HOUR = timedelta(hours=1)


async def _replayed(db_as: DatabaseAs, js: JetStreamContext, *durables: str, since: timedelta = HOUR) -> int:
    now = CLOCK.now()
    return ([0] + [sent async for sent in replay_events(db_as("relay"), js, now - since, now, durables)])[-1]


@pytest.mark.mission("M39")
@pytest.mark.parametrize("by_command", [False, True])
async def test_the_whole_stream_is_deleted_and_nothing_is_lost(
    by_command: bool, postgres: TestServer, database: str, db_as: DatabaseAs, nats_settings: NatsSettings
) -> None:
    await stage.prepare(db_as("owner"))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        worker = stage.consumer(db_as(SERVICE), stage.subscription(50))
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.emit_numbers(db_as("ingest"), range(30))
            await relay_once(db_as("relay"), js, CLOCK)
            await stage.until_applied(db_as("owner"), range(30))
        await stage.emit_numbers(db_as("ingest"), range(30, 60))
        await relay_once(db_as("relay"), js, CLOCK)  # published, and lost with the stream before anybody saw them
        await js.delete_stream("lantoa")
        await stage.emit_numbers(db_as("ingest"), range(60, 70))  # not published yet
        if by_command:
            lantoa = command(postgres.url(database, "lantoa_relay"), nats_settings)
            said = await lantoa.json("events", "replay", "--since", "24h")
            assert (said["replayed"], said["durables"]) == (70, None)
        else:
            await ensure_stream(js, nats_settings)
            assert await _replayed(db_as, js) == 70
        late = stage.consumer(db_as(SERVICE), stage.subscription(50))  # was not running while the replay was
        async with stage.relaying(db_as("relay"), nats_settings), stage.running(late.run(js, asyncio.Event())):
            await stage.until_applied(db_as("owner"), range(70))
            await stage.until_settled(js, late.durable)
    assert await stage.applied(db_as("owner")) == Counter(range(70))


@pytest.mark.mission("M39")
async def test_a_running_consumer_finds_the_new_stream(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    await stage.prepare(db_as("owner"))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        worker = stage.consumer(db_as(SERVICE), stage.subscription())
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.emit_numbers(db_as("ingest"), range(5))
            await relay_once(db_as("relay"), js, CLOCK)
            await stage.until_applied(db_as("owner"), range(5))
            await js.delete_stream("lantoa")
            await ensure_stream(js, nats_settings)
            await stage.emit_numbers(db_as("ingest"), range(5, 9))
            assert await _replayed(db_as, js) == 9
            await stage.until_applied(db_as("owner"), range(9), 15)


async def test_a_replay_without_a_loss_changes_nothing(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    await stage.prepare(db_as("owner"))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        worker = stage.consumer(db_as(SERVICE), stage.subscription(5))
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.emit_numbers(db_as("ingest"), range(12))
            await relay_once(db_as("relay"), js, CLOCK)
            for _ in range(3):
                assert await _replayed(db_as, js) == 12
            await stage.until_settled(js, worker.durable)
            await stage.until_applied(db_as("owner"), range(12))


async def test_a_replay_can_name_whom_it_is_for(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    await stage.prepare(db_as("owner"))
    await stage.emit_numbers(db_as("ingest"), range(4))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        worker = stage.consumer(db_as(SERVICE), stage.subscription())
        async with stage.running(worker.run(js, asyncio.Event())):
            await _replayed(db_as, js, "reports-stage-happened")
            await stage.until(lambda: _has_seen(js, worker.durable, 4))
            assert not await stage.applied(db_as("owner"))
            await _replayed(db_as, js, "reports-stage-happened", worker.durable)
            await stage.until_applied(db_as("owner"), range(4))
        message = await js.get_last_msg("lantoa", "lantoa.replay.stage.happened.v1")
        assert (message.headers or {})[HEADER_FOR] == f"reports-stage-happened,{worker.durable}"


async def _has_seen(js: JetStreamContext, durable: str, count: int) -> bool:
    """Whether the consumer is bound, has had these and is done with them."""
    try:
        info = await js.consumer_info("lantoa", durable)
    except Exception:
        return False
    return (info.ack_floor.consumer_seq or 0) >= count and info.num_pending == 0


@pytest.mark.mission("M39")
async def test_outside_subscribers_never_see_a_replay(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    """They are granted `lantoa.<entity>.…`; replays travel on subjects of their own."""
    await stage.emit_numbers(db_as("ingest"), range(3))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        outside = await client.subscribe("lantoa.stage.>")
        await relay_once(db_as("relay"), js, CLOCK)
        await _replayed(db_as, js)
        await client.flush()
        await asyncio.sleep(0.2)
        assert outside.pending_msgs == 3
        assert (await js.stream_info("lantoa")).state.messages == 6


async def test_only_what_is_asked_for_and_in_order(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    await stage.emit_numbers(db_as("ingest"), [1, 2])
    await asyncio.sleep(0.6)
    await stage.emit_numbers(db_as("ingest"), range(10, 1200))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        assert await _replayed(db_as, js, since=timedelta(seconds=0.55)) == 1190
        assert await stage.stream_numbers(js) == list(range(10, 1200))


async def test_a_stream_that_takes_nothing_is_said(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    await stage.emit_numbers(db_as("ingest"), range(50))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await ensure_stream(js, nats_settings.model_copy(update={"max_bytes": 2000}))
        now = CLOCK.now()
        with pytest.raises(ReplayStuck, match="maximum bytes exceeded"):
            async for _ in replay_events(db_as("relay"), js, now - HOUR, now, patience=1):
                pass
