"""How long a fresh item waits for its labels while a backlog is worked off beside it."""

import asyncio
import time
from dataclasses import dataclass

import httpx
from rich.progress import Progress
from sqlalchemy import text

from bench.articles import articles
from bench.items import PROCESSES, ROWS, batches, push
from bench.stage import Stage, screen, stage

FRESH_PER_SECOND = 4


@dataclass(frozen=True)
class Lanes:
    """Seconds from the push of a fresh item to its labels, and items/s at which the backlog went down."""

    p50: float
    p99: float
    drained: float
    fresh: int


async def bench(count: int) -> Lanes:
    """Push `count` items as fast as the door takes them, then fresh ones until all of them have labels."""
    async with (
        stage(PROCESSES) as made,
        httpx.AsyncClient(
            base_url=made.setup.addresses.service("ingest"),
            headers={"Authorization": f"Bearer {made.token}"},
            timeout=60,
            trust_env=False,
        ) as http,
    ):
        source = {"kind": "push", "name": "Đo tốc độ", "group": "press"}
        (await http.post("/api/ingest/v1/sources", json=source)).raise_for_status()
        return await _measure(made, http, count)


async def _measure(made: Stage, http: httpx.AsyncClient, count: int) -> Lanes:
    queue = iter(list(batches(articles(count, "backlog"), ROWS)))
    fresh = iter(articles(100_000, "fresh"))
    waits: list[float] = []
    began = time.monotonic()
    filling = [asyncio.create_task(push(http, queue)) for _ in range(3)]
    probes: list[asyncio.Task[float]] = []
    with Progress(console=screen, transient=True) as progress:
        task = progress.add_task(f"{count} tin tồn, tin mới xen vào", total=count)
        while (done := await _labelled(made)) < count + len(probes):
            progress.update(task, completed=min(done, count))
            probes.append(asyncio.create_task(_probe(made, http, next(fresh))))
            await asyncio.sleep(1 / FRESH_PER_SECOND)
            if done >= count and all(probe.done() for probe in probes):
                break
        await asyncio.gather(*filling)
    seconds = time.monotonic() - began
    waits = sorted(await asyncio.gather(*probes))
    return Lanes(waits[len(waits) // 2], waits[int(len(waits) * 0.99)], count / seconds, len(waits))


async def _probe(made: Stage, http: httpx.AsyncClient, item: dict[str, object]) -> float:
    """Seconds until this item has its labels."""
    began = time.monotonic()
    answer = await http.post("/api/ingest/v1/contents/bulk", json={"items": [item]})
    answer.raise_for_status()
    [row] = answer.json()["results"]
    query = text("SELECT 1 FROM annotations WHERE content_id = CAST(:id AS uuid)")
    while True:
        async with made.db.transaction() as session:
            if await session.scalar(query, {"id": row["content_id"]}):
                return time.monotonic() - began
        await asyncio.sleep(0.05)


async def _labelled(made: Stage) -> int:
    async with made.db.transaction() as session:
        return int(await session.scalar(text("SELECT count(*) FROM annotations")) or 0)


if __name__ == "__main__":
    import sys

    print(asyncio.run(bench(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)))
