"""Events per second that the relay carries from the outbox to the stream.

Baseline: the same relay, one event in each transaction.
"""

import time
from datetime import UTC, datetime

from bench.stage import stage
from libs.common.bus import connect, ensure_stream
from libs.common.clock import SystemClock
from libs.common.db import Database
from libs.common.events import ContentsIngested
from libs.common.ids import new_id
from libs.common.outbox import RELAY_BATCH, emit
from libs.common.relay import relay_once
from libs.common.roles import RELAY, role_name
from libs.common.settings import NatsSettings


async def fill(db: Database, count: int) -> None:
    now = datetime.now(UTC)
    async with db.transaction() as session:
        for _ in range(count):
            await emit(session, ContentsIngested(content_ids=[new_id(now)]), now=now, source="bench")


async def bench(count: int) -> tuple[float, float]:
    """(batched, one by one), both events/s."""
    async with stage(()) as made:
        settings = NatsSettings.model_validate({"url": made.setup.nats.url, "token": made.setup.nats.token})
        client = await connect(settings, "bench-relay")
        js = client.jetstream()
        await ensure_stream(js, settings)
        relay = Database(made.setup.url(role_name(RELAY)), pool_size=2)
        rates = []
        try:
            for events, limit in ((count, RELAY_BATCH), (max(count // 20, 100), 1)):
                await fill(made.db, events)
                began, left = time.monotonic(), events
                while left > 0:
                    left -= await relay_once(relay, js, SystemClock(), limit)
                rates.append(events / (time.monotonic() - began))
        finally:
            await relay.dispose()
            await client.close()
        return rates[0], rates[1]
