"""The relay: carries committed outbox rows to JetStream, in order of their ids, and marks them after the ack.

Run as `python -m libs.common.relay`, as the role lantoa_relay. Any number may run side by side.
"""

import asyncio
import json
import logging
import signal

from nats.js import JetStreamContext
from sqlalchemy import text

from libs.common.bus import connect, headers_of
from libs.common.clock import Clock, SystemClock
from libs.common.db import Database
from libs.common.outbox import (
    RELAY_BATCH,
    WAKE_CHANNEL,
    claim_unpublished,
    mark_published,
)
from libs.common.settings import CommonSettings

log = logging.getLogger("lantoa.relay")
IDLE_SECONDS = 1.0


async def relay_once(db: Database, js: JetStreamContext, clock: Clock, limit: int = RELAY_BATCH) -> int:
    """Claim, publish all, wait for every ack, mark: one transaction. Returns how many left.

    The network is inside the transaction here and nowhere else: the row locks are what keeps a second relay off.
    """
    async with db.transaction() as session:
        rows = await claim_unpublished(session, limit)
        if not rows:
            return 0
        acks = [
            await js.publish_async(
                row.subject,
                json.dumps(row.payload, ensure_ascii=False).encode(),
                headers=headers_of(row.id, row.subject, row.source, row.created_at, str(row.id)) | row.headers,
            )
            for row in rows
        ]
        await asyncio.wait_for(asyncio.gather(*acks), timeout=30)
        await mark_published(session, [row.id for row in rows], clock.now())
        return len(rows)


class Wake:
    """Sets an event whenever a transaction with an emit commits; polling is the net below it."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.event = asyncio.Event()

    async def listen(self) -> None:
        while True:
            try:
                async with self._db.engine.connect() as connection:
                    raw = (await connection.get_raw_connection()).driver_connection
                    assert raw is not None
                    await raw.add_listener(WAKE_CHANNEL, lambda *_: self.event.set())
                    while not raw.is_closed():
                        await asyncio.sleep(5)
                        await connection.execute(text("SELECT 1"))
                        await connection.commit()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning("relay: listening failed (%s); trying again", type(error).__name__)
                await asyncio.sleep(1)

    async def wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.event.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self.event.clear()


async def relay_forever(db: Database, js: JetStreamContext, clock: Clock, stopping: asyncio.Event) -> None:
    wake = Wake(db)
    listener = asyncio.create_task(wake.listen())
    stop = asyncio.create_task(stopping.wait())
    stop.add_done_callback(lambda _: wake.event.set())
    try:
        while not stopping.is_set():
            try:
                if await relay_once(db, js, clock) == 0:
                    await wake.wait(IDLE_SECONDS)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning(
                    "relay: %s: %s; nothing is lost, trying again",
                    type(error).__name__,
                    error,
                )
                await asyncio.sleep(1)
    finally:
        listener.cancel()
        stop.cancel()


async def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = CommonSettings()  # type: ignore[call-arg]
    db = Database(settings.db.url.get_secret_value(), pool_size=3)
    client = await connect(settings.nats, "relay")
    stopping = asyncio.Event()
    for sig in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sig, stopping.set)
    await relay_forever(db, client.jetstream(publish_async_max_pending=4000), SystemClock(), stopping)
    await client.close()
    await db.dispose()


if __name__ == "__main__":
    asyncio.run(main())
