"""Items per second from the push API to classified rows in Postgres, on all cores of the machine.

Baseline: the same path with one item in each request and so in each transaction and event.
"""

import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import httpx
from rich.progress import Progress
from sqlalchemy import text

from bench.articles import articles
from bench.stage import Stage, screen, stage

ROWS, CLIENTS = 200, 3
PROCESSES = ("ingest-api", "relay", "classify-api", "classify-worker")


def batches(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    source = iter(rows)
    while batch := list(itertools.islice(source, size)):
        yield batch


async def measure(stage: Stage, run: str, count: int, rows: int) -> float:
    """Items/s, from the first request until the last annotation is committed."""
    bodies = list(batches(articles(count, run), rows))
    before = await annotated(stage)
    began = time.monotonic()
    queue = iter(bodies)
    async with httpx.AsyncClient(
        base_url=stage.setup.addresses.service("ingest"),
        headers={"Authorization": f"Bearer {stage.token}"},
        timeout=60,
        trust_env=False,
    ) as http:
        with Progress(console=screen, transient=True) as progress:
            task = progress.add_task(f"{run}: {count} tin", total=count)
            clients = [asyncio.create_task(push(http, queue)) for _ in range(CLIENTS)]
            while (done := await annotated(stage) - before) < count:
                progress.update(task, completed=done)
                for client in clients:
                    if client.done():
                        client.result()
                await asyncio.sleep(0.1)
            await asyncio.gather(*clients)
    return count / (time.monotonic() - began)


async def push(http: httpx.AsyncClient, bodies: Iterator[Sequence[dict[str, Any]]]) -> None:
    for body in bodies:
        while True:
            answer = await http.post("/api/ingest/v1/contents/bulk", json={"items": body})
            if answer.status_code != 503:
                break
            await asyncio.sleep(1)
        answer.raise_for_status()


async def annotated(stage: Stage) -> int:
    async with stage.db.transaction() as session:
        return int(await session.scalar(text("SELECT count(*) FROM annotations")) or 0)


async def bench(count: int) -> tuple[float, float]:
    """(batched, one by one), both items/s."""
    async with stage(PROCESSES) as made:
        async with httpx.AsyncClient(base_url=made.setup.addresses.service("ingest"), trust_env=False) as http:
            source = {"kind": "push", "name": "Đo tốc độ", "group": "press"}
            headers = {"Authorization": f"Bearer {made.token}"}
            (await http.post("/api/ingest/v1/sources", json=source, headers=headers)).raise_for_status()
        await measure(made, "warm", ROWS * 5, ROWS)
        batched = await measure(made, "batch", count, ROWS)
        single = await measure(made, "single", max(count // 20, 200), 1)
        return batched, single
