"""From the stream to a stranger: the service's own consumers, what a replay may do, the documentation's receiver."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nats.js import JetStreamContext
from sqlalchemy import text

from libs.common.consumer import Consumer
from libs.common.db import Database
from libs.common.events.outside import OUTSIDE
from libs.common.faults import Permanent
from libs.common.ids import new_id
from libs.common.jobs import JobContext
from libs.common.local.paths import checkout
from libs.common.models.webhooks import WebhookDeliveryState
from libs.common.relay import relay_once
from libs.common.replay import replay_events
from libs.common.settings import NatsSettings
from services.reports.main import SERVICE
from services.reports.webhooks import recording, sending
from tests.common.backbone import stage
from tests.reports.webhooks.office import BY_SUBJECT, PUBLISHED, RESOLVED, Office

RECEIVER = checkout() / "docs" / "examples" / "webhook_receiver.py"


@asynccontextmanager
async def consuming(worker: JobContext[Any], js: JetStreamContext) -> AsyncIterator[list[str]]:
    """The consumers of the real service; the names of their durables."""
    found = [
        Consumer(SERVICE.name, each, worker.db, worker.clock, worker.resources, retry_delays=stage.QUICK)
        for each in SERVICE.subscribers.all
    ]
    async with AsyncExitStack() as stack:
        for each in found:
            await stack.enter_async_context(stage.running(each.run(js, asyncio.Event())))
        yield [each.durable for each in found]


def test_the_service_takes_the_closed_list_and_nothing_else() -> None:
    assert {each.event.subject for each in SERVICE.subscribers.all} == set(OUTSIDE)


async def test_from_the_outbox_to_a_stranger_and_a_replay_reaches_them_only_by_name(
    office: Office, worker: JobContext[Any], db_as: Callable[[str], Database], nats_settings: NatsSettings
) -> None:
    await office.subscribe(events=[RESOLVED, PUBLISHED])
    since = office.clock.now() - timedelta(minutes=1)
    relay, durable = db_as("relay"), "reports-feedback-resolved"

    async def settled(js: JetStreamContext) -> None:
        for name in (durable, "reports-publication-published"):
            await stage.until_settled(js, name)

    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        sent = [await office.emit(BY_SUBJECT[subject]) for subject in (RESOLVED, PUBLISHED)]
        await relay_once(relay, js, office.clock)
        async with consuming(worker, js) as durables:
            assert durable in durables
            await stage.until(lambda: arrived(office, 2))
            await settled(js)
            assert await office.send() == 2
            assert {call.headers["webhook-id"] for call in office.hook.calls} == set(map(str, sent))
            late = await office.subscribe()
            missed = await office.emit(BY_SUBJECT[RESOLVED])
            async with office.db.transaction() as session:
                await session.execute(text("UPDATE outbox SET published_at = :now"), {"now": office.clock.now()})
            async for _ in replay_events(office.db, js, since, office.clock.now()):
                pass
            await settled(js)
            assert len(await office.deliveries()) == 2
            asked = {"since": since.isoformat()}
            assert (await office.post(f"webhooks/{late['id']}/replay", asked)).json() == {"queued": 2}
            other = await office.emit(BY_SUBJECT[RESOLVED])
            async with office.db.transaction() as session:
                await session.execute(text("UPDATE outbox SET published_at = :now"), {"now": office.clock.now()})
            async for _ in replay_events(office.db, js, since, office.clock.now(), [durable]):
                pass
            await stage.until(lambda: arrived(office, 6))
            await settled(js)
    told = {(str(each.subscription_id), each.event_id) for each in await office.deliveries()}
    assert (late["id"], missed) in told
    assert {event_id for _, event_id in told} == {*sent, missed, other}
    assert len(told) == 6


async def arrived(office: Office, count: int) -> bool:
    return len(await office.deliveries()) >= count


async def test_an_event_that_is_not_kept_any_more_is_not_made_up(office: Office) -> None:
    with pytest.raises(Permanent, match="not kept"):
        async with office.reports.transaction() as session:
            await recording.record_event(session, new_id(office.clock.now()), office.clock.now())


# --- the receiver of the documentation ----------------------------------------------------------------------


@asynccontextmanager
async def receiver(tmp_path: Any, *secrets: str) -> AsyncIterator[tuple[int, asyncio.StreamReader]]:
    environment = {**os.environ, "LANTOA_WEBHOOK_SECRETS": " ".join(secrets)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(RECEIVER), "0", str(tmp_path / "seen.txt"), env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(json.loads(await process.stdout.readline())["port"]), process.stdout
    finally:
        process.terminate()
        await process.wait()


async def test_the_receiver_of_the_documentation_takes_each_event_once(office: Office, tmp_path: Any) -> None:
    made = await office.subscribe()
    await office.happen()
    now = office.clock.now()

    async def claimed() -> sending.Claimed:
        async with office.reports.transaction() as session:
            await session.execute(text("UPDATE webhook_deliveries SET due_at = :now"), {"now": now})
            [found] = await sending.claim(session, office.desk, now, is_failing=False)
        return found

    async with receiver(tmp_path, "whsec_" + "A" * 43 + "=", made["secret"]) as (port, printed):
        to = {"url": f"http://127.0.0.1:{port}/nhan"}
        await office.client.patch(f"/api/reports/v1/webhooks/{made['id']}", json=to, headers=office.who)
        first, again = await claimed(), await claimed()
        statuses = [(await sending.send(office.desk.poster, each, datetime.now(UTC))).status for each in (first, again)]
        stale = await sending.send(office.desk.poster, first, datetime.now(UTC) - timedelta(minutes=6))
        await office.post(f"webhooks/{made['id']}/rotate-secret", {"keep_old_hours": 0})
        strange = await sending.send(office.desk.poster, await claimed(), datetime.now(UTC))
        assert (statuses, stale.status, strange.status) == ([204, 204], 401, 401)
        told = json.loads(await printed.readline())
    assert (told["id"], told["type"]) == (str(first.event_id), RESOLVED)
    assert (tmp_path / "seen.txt").read_text().split() == [str(first.event_id)]
    assert await printed.read() == b""
    assert await office.states() == [WebhookDeliveryState.WAITING]
