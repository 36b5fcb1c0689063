"""The service as it runs: from what comes in, through NATS and the labels, to an alert and its notification."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest

from libs.common.app import create_worker
from libs.common.bus import connect, disconnect
from libs.common.clock import SystemClock
from libs.common.events.content import ContentsIngested
from libs.common.ids import new_id
from libs.common.outbox import emit
from libs.common.relay import relay_forever
from libs.common.settings import NatsSettings
from services.classify.main import SERVICE
from services.classify.settings import ClassifySettings
from tests.classify.alerts.conftest import Room

CONDITION = {"kind": "threshold", "count": 6, "window_minutes": 60}


@pytest.mark.slow
@pytest.mark.mission("M06")
async def test_two_workers_raise_one_alert_and_one_letter(
    room: Room, settings_for: Any, nats_settings: NatsSettings, db_as: Any
) -> None:
    room.clock = SystemClock()  # type: ignore[assignment]
    await room.rule(CONDITION, severity="urgent", group_minutes=0)
    settings = settings_for(ClassifySettings, "classify")
    async with working(settings), working(settings), relaying(db_as, nats_settings):
        for _ in range(4):
            await come_in(room, db_as, 3)
        async with asyncio.timeout(30):
            while not await room.notifications() or (await room.alert()).count < 12:
                await asyncio.sleep(0.2)
        await asyncio.sleep(3)
    assert len(await room.notifications()) == 1
    alert = await room.alert()
    assert (alert.count, alert.next_level) == (12, 1)


async def come_in(room: Room, db_as: Any, number: int) -> None:
    """As ingest does it: the contents and the event, in one transaction."""
    now = room.clock.now()
    source = await room.source("forum")
    ids = [new_id(now) for _ in range(number)]
    for id in ids:
        await room.make.content(source=None, source_id=source, id=id, first_seen_at=now, published_at=now)
    async with db_as("ingest").transaction() as session:
        await emit(session, ContentsIngested(content_ids=ids), now=now, source="ingest")


@asynccontextmanager
async def working(settings: Any) -> Any:
    worker = create_worker(SERVICE, settings, SystemClock())
    running = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stopping.set()
        await running


@asynccontextmanager
async def relaying(db_as: Any, settings: NatsSettings) -> Any:
    stopping = asyncio.Event()
    client = await connect(settings, "relay")
    running = asyncio.create_task(relay_forever(db_as("relay"), client, SystemClock(), stopping))
    try:
        yield
    finally:
        stopping.set()
        await running
        await disconnect(client)
