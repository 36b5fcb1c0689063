"""The relay: what is committed arrives; what the stream does not take waits in the outbox."""

import asyncio
import signal
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from libs.common.bus import HEADER_ID, HEADER_TYPE, ensure_stream
from libs.common.local.paths import checkout
from libs.common.relay import NothingTaken, relay_once
from libs.common.settings import NatsSettings
from libs.common.testing.plugin import DatabaseAs, TestServer
from tests.common.backbone import stage
from tests.common.backbone.fleet import RELAY, environment
from tests.common.backbone.stage import CLOCK


async def test_an_event_arrives_as_a_cloudevent(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    await stage.emit_numbers(db_as("ingest"), [7])
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        assert await relay_once(db_as("relay"), js, CLOCK) == 1
        assert await relay_once(db_as("relay"), js, CLOCK) == 0
        message = await js.get_last_msg("lantoa", stage.Happened.subject)
    event_id = await stage.scalar(db_as("owner"), "SELECT id FROM outbox")
    headers = message.headers or {}
    assert message.data == b'{"number": 7}'
    assert headers["Nats-Msg-Id"] == headers[HEADER_ID] == str(event_id)
    assert headers[HEADER_TYPE] == stage.Happened.subject
    assert headers["ce-specversion"] == "1.0"
    assert headers["ce-source"] == "/lantoa"


async def test_a_batch_is_two_statements_and_keeps_the_order(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    await stage.emit_numbers(db_as("ingest"), range(300))
    relay = db_as("relay")
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        with stage.statements(relay) as seen:
            assert await relay_once(relay, js, CLOCK) == 300
        assert len(seen) == 2, "one claim, one mark"
        assert await stage.stream_numbers(js) == list(range(300))


async def test_relays_side_by_side_publish_each_event_once(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    await stage.emit_numbers(db_as("ingest"), range(200))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()

        async def drain() -> int:
            total = 0
            while done := await relay_once(db_as("relay"), js, CLOCK, 7):
                total += done
            return total

        assert sum(await asyncio.gather(*(drain() for _ in range(4)))) == 200
        assert sorted(await stage.stream_numbers(js)) == list(range(200))


async def test_the_same_event_twice_within_the_window_is_one_message(
    db_as: DatabaseAs, nats_settings: NatsSettings
) -> None:
    await stage.emit_numbers(db_as("ingest"), range(5))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await relay_once(db_as("relay"), js, CLOCK)
        async with db_as("owner").transaction() as session:
            await session.execute(text("UPDATE outbox SET published_at = NULL"))
        assert await relay_once(db_as("relay"), js, CLOCK) == 5
        assert (await js.stream_info("lantoa")).state.messages == 5


@pytest.mark.mission("M39")
async def test_a_full_stream_makes_the_relay_wait(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    small = nats_settings.model_copy(update={"max_bytes": 20_000})
    await stage.emit_numbers(db_as("ingest"), range(200))
    seen: list[int] = []
    async with stage.connected(small) as client:
        await ensure_stream(client.jetstream(), small)
    async with stage.relaying(db_as("relay"), small, limit=50) as js:
        for _ in range(3):
            await stage.until(lambda: stage.is_full(js), 15)
            seen += await stage.stream_numbers(js)
            assert await stage.unpublished(db_as("owner")) == 200 - len(seen) > 0, "what did not fit is kept"
            await js.purge_stream("lantoa")
        await ensure_stream(js, nats_settings)
        await stage.until(lambda: _empty(db_as), 15)
        seen += await stage.stream_numbers(js)
    assert sorted(seen) == list(range(200))


async def _empty(db_as: DatabaseAs) -> bool:
    return await stage.unpublished(db_as("owner")) == 0


async def test_a_missing_stream_takes_nothing_and_marks_nothing(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    await stage.emit_numbers(db_as("ingest"), range(3))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        await js.delete_stream("lantoa")
        with pytest.raises(NothingTaken, match="3 of 3 events"):
            await relay_once(db_as("relay"), js, CLOCK)
        assert await stage.unpublished(db_as("owner")) == 3
        await ensure_stream(js, nats_settings)
        assert await relay_once(db_as("relay"), js, CLOCK) == 3


async def test_one_event_the_stream_refuses_holds_nobody_up(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    """Such a row cannot be emitted; it is planted here as some later bug might."""
    await stage.emit_numbers(db_as("ingest"), [1])
    async with db_as("owner").transaction() as session:
        await session.execute(text("UPDATE outbox SET payload = jsonb_build_object('number', repeat('x', 2000000))"))
    await stage.emit_numbers(db_as("ingest"), range(2, 6))
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        assert await relay_once(db_as("relay"), js, CLOCK) == 4
        assert await stage.stream_numbers(js) == [2, 3, 4, 5]
        assert await stage.unpublished(db_as("owner")) == 1


async def test_a_commit_wakes_the_relay(db_as: DatabaseAs, nats_settings: NatsSettings) -> None:
    waits = []
    async with stage.relaying(db_as("relay"), nats_settings):
        await asyncio.sleep(0.6)  # it has found nothing and waits
        for n in range(5):
            began = time.monotonic()
            await stage.emit_numbers(db_as("ingest"), [n])
            await stage.until(lambda: _empty(db_as), every=0.005)
            waits.append(time.monotonic() - began)
            await asyncio.sleep(0.1)
    assert sorted(waits)[2] < 0.5, f"the median is below the polling interval of a second: {waits}"


@pytest.mark.mission("M39")
async def test_as_a_process_it_relays_and_stops_when_told(
    postgres: TestServer, database: str, db_as: DatabaseAs, nats_settings: NatsSettings, tmp_path: Path
) -> None:
    env = environment(postgres, database, "relay", nats_settings, tmp_path)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", RELAY, env=env, cwd=checkout())
    await stage.emit_numbers(db_as("ingest"), range(20))
    await stage.until(lambda: _empty(db_as), 20)
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_refused_credentials_end_it_with_a_reason(
    postgres: TestServer, database: str, nats_settings: NatsSettings, tmp_path: Path
) -> None:
    env = environment(postgres, database, "relay", nats_settings, tmp_path) | {"LANTOA_NATS__TOKEN": "wrong"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", RELAY, env=env, cwd=checkout(), stderr=asyncio.subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    assert "NATS refuses our credentials" in said.decode()
    assert "wrong" not in said.decode()
