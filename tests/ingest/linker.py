"""A process that links near-copies a few at a time, to be killed: `python -m tests.ingest.linker` with its ids as
lines on standard input, the database in the environment."""

import asyncio
import itertools
import os
import sys
from datetime import datetime
from uuid import UUID

from libs.common.db import Database
from services.ingest.near.service import link_near_copies


async def link_all(url: str, ids: list[UUID], now: datetime) -> None:
    db = Database(url, pool_size=1)
    rest = iter(ids)
    while some := list(itertools.islice(rest, 7)):
        async with db.transaction() as session:
            await link_near_copies(session, some, now=now)
    await db.dispose()


if __name__ == "__main__":
    asyncio.run(
        link_all(
            os.environ["LINKER_URL"],
            [UUID(line) for line in sys.stdin.read().split()],
            datetime.fromisoformat(os.environ["LINKER_NOW"]),
        )
    )
