"""The relay: carries committed outbox rows to JetStream, in order of their ids, and marks them after the ack.

Run as `python -m libs.common.relay`, as the role lantoa_relay. Any number may run side by side. What the stream does
not take (it is full, away, or refuses one message) stays unpublished and is tried again; the others are marked.
"""

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

from nats.aio.client import Client
from nats.js import JetStreamContext
from sqlalchemy import Row, text

from libs.common import backlog, telemetry
from libs.common.bus import BusRefused, Outgoing, connect, disconnect, headers_of, pause, publish_batch
from libs.common.checkpoint import Checkpoint, no_checkpoint
from libs.common.clock import Clock, SystemClock
from libs.common.db import Database
from libs.common.faults import describe
from libs.common.outbox import RELAY_BATCH, WAKE_CHANNEL, claim_unpublished, mark_published
from libs.common.settings import CommonSettings

log = logging.getLogger("lantoa.relay")
IDLE_SECONDS = 1.0
REPORT_SECONDS = 60.0


class NothingTaken(Exception):
    """The stream took none of the events; they stay in the outbox."""


async def relay_once(
    db: Database,
    js: JetStreamContext,
    clock: Clock,
    limit: int = RELAY_BATCH,
    *,
    checkpoint: Checkpoint = no_checkpoint,
) -> int:
    """Claim, publish all, wait for every ack, mark: one transaction. Returns how many left.

    The network is inside the transaction here and nowhere else: the row locks are what keeps a second relay off.
    """
    async with db.transaction() as session:
        rows = await claim_unpublished(session, limit)
        if not rows:
            return 0
        await checkpoint("claimed")
        publishing = telemetry.Publishing()
        outcomes = await publish_batch(js, [_message(row, publishing) for row in rows])
        publishing.end(outcomes)
        await checkpoint("published")
        taken = [row.id for row, outcome in zip(rows, outcomes, strict=True) if not isinstance(outcome, Exception)]
        if taken:
            await mark_published(session, taken, clock.now())
        await checkpoint("marked")
    await checkpoint("committed")
    _report_refused(rows, outcomes)
    return len(taken)


def _message(row: Row[Any], publishing: telemetry.Publishing) -> Outgoing:
    headers = headers_of(row.id, row.subject, row.source, row.created_at, str(row.id))
    headers |= publishing.headers(row.id, row.subject, row.headers)
    return Outgoing(row.subject, row.payload.encode(), headers)


def _report_refused(rows: Sequence[Row[Any]], outcomes: Sequence[object]) -> None:
    """One message that the stream never takes must not slow the others: only when none went is there cause to wait."""
    refused = [(row.id, o) for row, o in zip(rows, outcomes, strict=True) if isinstance(o, Exception)]
    if not refused:
        return
    said = f"{len(refused)} of {len(rows)} events not taken, the first is {refused[0][0]}: {refused[0][1]}"
    if len(refused) == len(rows):
        raise NothingTaken(said)
    log.warning("relay: %s", said)


class Wake:
    """Sets an event whenever a transaction with an emit commits; polling is the net below it."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.event = asyncio.Event()

    async def listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except Exception as error:
                log.warning("relay: listening failed (%s); trying again", describe(error))
            await asyncio.sleep(1)

    async def _listen_once(self) -> None:
        async with self._db.engine.connect() as connection:
            raw = (await connection.get_raw_connection()).driver_connection
            assert raw is not None
            await raw.add_listener(WAKE_CHANNEL, self._wake)
            try:
                while not raw.is_closed():
                    await asyncio.sleep(5)
                    await connection.execute(text("SELECT 1"))
                    await connection.commit()
            finally:
                if not raw.is_closed():
                    await raw.remove_listener(WAKE_CHANNEL, self._wake)

    def _wake(self, *_: object) -> None:
        self.event.set()

    async def wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.event.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self.event.clear()


async def relay_forever(
    db: Database,
    client: Client,
    clock: Clock,
    stopping: asyncio.Event,
    *,
    limit: int = RELAY_BATCH,
    checkpoint: Checkpoint = no_checkpoint,
    stream: str = "lantoa",
) -> None:
    """Relay until the stop; the batch in hand is finished first."""
    js = client.jetstream()
    wake = Wake(db)
    tasks = [asyncio.create_task(wake.listen()), asyncio.create_task(_report(db, js, clock, stream))]
    stop = asyncio.create_task(stopping.wait())
    stop.add_done_callback(lambda _: wake.event.set())
    try:
        while not stopping.is_set():
            if not client.is_connected:
                await pause(0.2, stopping)  # do not hold rows while the server is away
                continue
            try:
                if await relay_once(db, js, clock, limit, checkpoint=checkpoint) == 0:
                    await wake.wait(IDLE_SECONDS)
            except NothingTaken as why:
                log.warning("relay: %s; nothing is lost, trying again", why)
                await pause(1.0, stopping)
            except Exception as error:
                log.warning("relay: %s; nothing is lost, trying again", describe(error))
                await pause(1.0, stopping)
    finally:
        for task in (*tasks, stop):
            task.cancel()
        await asyncio.gather(*tasks, stop, return_exceptions=True)


async def _report(db: Database, js: JetStreamContext, clock: Clock, stream: str) -> None:
    """Measure how much is waiting, and say it now and then while anything is."""
    said_at = time.monotonic()
    while True:
        await asyncio.sleep(telemetry.METRIC_SECONDS if telemetry.is_on() else REPORT_SECONDS)
        try:
            found = await backlog.measure_outbox(db, clock.now())
            if telemetry.is_on():
                backlog.report(found, await backlog.measure_consumers(js, stream))
        except Exception as error:
            log.warning("relay: counting failed (%s)", describe(error))
            continue
        if found.oldest_age is not None and time.monotonic() - said_at >= REPORT_SECONDS:
            said_at = time.monotonic()
            log.info("relay: %d events wait, the oldest for %d s", found.events, found.oldest_age)


async def main() -> int:
    settings = CommonSettings()
    telemetry.start("relay", settings.telemetry)
    db = Database(settings.db.url.get_secret_value(), pool_size=3)
    stopping, cut_off = asyncio.Event(), asyncio.Event()

    def end() -> None:
        cut_off.set()
        stopping.set()

    try:
        client = await connect(settings.nats, "relay", on_closed=end)
    except BusRefused as error:
        log.error("%s", error)
        return 1
    for sig in (signal.SIGINT, signal.SIGTERM):  # until now nothing was in hand, and a signal could simply end us
        asyncio.get_running_loop().add_signal_handler(sig, stopping.set)
    await relay_forever(db, client, SystemClock(), stopping, stream=settings.nats.stream)
    code = 1 if cut_off.is_set() else 0
    await disconnect(client)
    await db.dispose()
    return code


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
