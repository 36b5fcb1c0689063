"""A relay or a worker as a process, for tests that kill it: `python -m tests.common.backbone.processes consumer`.

With STAGE_DIE_AT=<point> it kills itself with SIGKILL the first time it comes to that point; STAGE_BATCH is the batch.
"""

import asyncio
import logging
import os
import signal
import sys
from typing import Any

from libs.common.app import Service, Worker
from libs.common.bus import Subscribers, connect, disconnect
from libs.common.checkpoint import Checkpoint, no_checkpoint
from libs.common.consumer import Consumer
from libs.common.db import Database
from libs.common.relay import relay_forever
from libs.common.settings import CommonSettings
from tests.common.backbone import stage


def checkpoint() -> Checkpoint:
    deadly = os.environ.get("STAGE_DIE_AT")

    async def die(point: str) -> None:
        if point == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    return die if deadly else no_checkpoint


class QuickWorker(Worker):
    """The worker as it is, with what a killed one had in hand coming again after two seconds instead of sixty."""

    def _consumers(self, db: Database, held: Any) -> list[Consumer[Any]]:
        sub = stage.subscription(int(os.environ.get("STAGE_BATCH", "20")))
        return [stage.consumer(db, sub, ack_wait=2.0, checkpoint=checkpoint())]


async def consumer(settings: CommonSettings, stopping: asyncio.Event) -> None:
    service = Service(name=stage.SERVICE, settings_class=CommonSettings, subscribers=Subscribers())
    worker = QuickWorker(service, settings, stage.CLOCK)
    worker.stopping = stopping
    await worker.run()


async def relay(settings: CommonSettings, stopping: asyncio.Event) -> None:
    db = Database(settings.db.url.get_secret_value(), pool_size=3)
    client = await connect(settings.nats, "relay")
    await relay_forever(db, client, stage.CLOCK, stopping, limit=50, checkpoint=checkpoint())
    await disconnect(client)
    await db.dispose()


async def main(kind: str) -> None:
    stopping = asyncio.Event()
    for sig in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sig, stopping.set)
    await {"relay": relay, "consumer": consumer}[kind](CommonSettings(), stopping)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asyncio.run(main(sys.argv[1]))
