"""The service as it runs: a real worker on NATS and Postgres, from the event to stories and search."""

import asyncio
from typing import Any

import nats
import pytest

from libs.common import models as m
from libs.common.app import create_worker
from libs.common.bus import connect, credentials, disconnect, headers_of
from libs.common.clock import SystemClock
from libs.common.events.content import ContentsIngested
from libs.common.ids import new_id
from libs.common.relay import relay_forever
from libs.common.settings import NatsSettings
from services.classify.main import SERVICE
from services.classify.settings import ClassifySettings, StorySettings
from tests.classify.conftest import Desk
from tests.classify.test_stories import COPIES, OUTLETS


@pytest.mark.mission("M03")
async def test_a_worker_takes_pushed_copies_to_one_story_and_into_search(
    desk: Desk, settings_for: Any, nats_settings: NatsSettings, db_as: Any
) -> None:
    clock = SystemClock()
    ids = []
    for (title, body), source in zip(COPIES, OUTLETS, strict=True):
        now = clock.now()
        more = {"id": new_id(now), "published_at": now, "first_seen_at": now}
        ids.append(await desk.content(title, body, source=source, **more))
    settings = settings_for(ClassifySettings, "classify", stories=StorySettings(settle_seconds=0.1))
    worker = create_worker(SERVICE, settings, clock)
    stopping = asyncio.Event()
    running = asyncio.create_task(worker.run())
    relaying = asyncio.create_task(_relay(db_as, nats_settings, stopping))
    try:
        await _publish(nats_settings, ContentsIngested(content_ids=ids))
        async with asyncio.timeout(20):
            while not await _done(desk):
                await asyncio.sleep(0.1)
    finally:
        worker.stopping.set()
        stopping.set()
        await running
        await relaying
    [story] = await desk.rows(m.Story)
    assert (story.items, story.sources) == (5, 5)
    [lease] = await desk.rows(m.Lease)
    assert lease.expires_at <= clock.now(), "a worker that stops gives its seat back"


async def _relay(db_as: Any, settings: NatsSettings, stopping: asyncio.Event) -> None:
    client = await connect(settings, "relay")
    try:
        await relay_forever(db_as("relay"), client, SystemClock(), stopping)
    finally:
        await disconnect(client)


async def _done(desk: Desk) -> bool:
    return len(await desk.rows(m.SearchDocument)) == 5 and len(await desk.rows(m.StoryItem)) == 5


async def _publish(settings: NatsSettings, event: ContentsIngested) -> None:
    client = await nats.connect(settings.url, **credentials(settings))
    now = SystemClock().now()
    event_id = new_id(now)
    headers = headers_of(event_id, event.subject, "ingest", now, str(event_id))
    await client.jetstream().publish(event.subject, event.model_dump_json().encode(), headers=headers)
    await client.close()
