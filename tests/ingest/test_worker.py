"""The service as it runs: a real worker on NATS and Postgres polls what is due, and opens a case once."""

import asyncio
from uuid import UUID

import nats

from libs.common import models as m
from libs.common.app import create_worker
from libs.common.bus import credentials, headers_of
from libs.common.events.base import Event
from libs.common.events.content import ClassifiedItem, ContentsClassified
from libs.common.ids import new_id
from libs.common.settings import NatsSettings
from services.ingest.main import SERVICE
from tests.ingest.desk import Desk, Item, rss
from tests.ingest.site import Answer, Site


async def test_a_worker_polls_what_is_due_and_opens_a_case_once_for_a_redelivered_event(
    desk: Desk, site: Site, nats_settings: NatsSettings
) -> None:
    for n in range(8):
        site.routes[f"/{n}"] = Answer(rss(Item(site.url(f"/bai-{n}"), f"Bài {n}")))
        await desk.register(site.url(f"/{n}"), settings={"full_text": False})
    answer = await desk.ask("POST", "/contents", json={"title": "", "text": "Rác để ba ngày không ai dọn."})
    item = ClassifiedItem(content_id=UUID(answer.json()["content_id"]), kind="complaint", field="x", tone="y")
    worker = create_worker(SERVICE, desk.settings, desk.clock)
    running = asyncio.create_task(worker.run())
    try:
        # The same event twice under other message ids, as after the stream's window; then a second event of it.
        await publish(nats_settings, desk, ContentsClassified(items=[item]), times=2)
        await publish(nats_settings, desk, ContentsClassified(items=[item]))
        async with asyncio.timeout(20):
            while await desk.count(m.Fetch) < 8 or await desk.count(m.InboxEvent) < 2:
                await asyncio.sleep(0.1)
    finally:
        worker.stopping.set()
        await running
    assert len(await desk.cases()) == 1
    assert len(await desk.events("lantoa.feedback.opened.v1")) == 1
    assert await desk.count(m.Content) == 9
    assert sorted(path for path in site.paths() if path != "/robots.txt") == [f"/{n}" for n in range(8)]
    assert await desk.count(m.DeadLetter) == 0


async def publish(settings: NatsSettings, desk: Desk, event: Event, times: int = 1) -> None:
    client = await nats.connect(settings.url, **credentials(settings))
    now = desk.clock.now()
    event_id = new_id(now)
    for n in range(times):
        headers = headers_of(event_id, event.subject, "classify", now, f"{event_id}-{n}")
        await client.jetstream().publish(event.subject, event.model_dump_json().encode(), headers=headers)
    await client.close()
